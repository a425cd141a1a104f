#include "base/parallel_in_order.h"

#include <atomic>
#include <exception>
#include <mutex>

#include "base/thread_pool.h"

namespace segvec {

void ParallelInOrder(size_t count, int threads, const std::function<void(size_t)>& body) {
  ThreadPool& pool = ThreadPool::Shared();
  std::mutex mutex;
  std::atomic<size_t> failed{count};  // the smallest that has
  std::exception_ptr error;
  pool.ParallelFor(count, threads, ThreadPool::Priority::kBulk, [&](size_t i) {
    if (i > failed.load(std::memory_order_relaxed)) return;
    pool.YieldToInteractive();
    try {
      body(i);
    } catch (...) {
      std::lock_guard lock(mutex);
      if (i > failed.load(std::memory_order_relaxed)) return;
      failed.store(i, std::memory_order_relaxed);
      error = std::current_exception();
    }
  });
  if (error) std::rethrow_exception(error);
}

}  // namespace segvec
