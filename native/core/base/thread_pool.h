// The threads that all native work runs on: one pool per process, ours, never libuv's.
//
// Two kinds of work: *interactive* (a search somebody waits for) and *bulk* (an insertion that takes seconds).
// Interactive work goes first, and bulk work lets it in between two rows (YieldToInteractive), so a search never
// waits for an add to finish, whatever the number of threads.
//
// Thread safety: all methods may be called from any thread.
// Lifetime: created on first use and never destroyed, so that neither process exit nor a worker's end waits for it.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>

#include "base/cond_var.h"

namespace segvec {

inline constexpr int kMaxThreads = 256;

class ThreadPool {
 public:
  enum class Priority { kInteractive, kBulk };

  static ThreadPool& Shared();

  // Starts threads until there are `count`. Throws kOutOfMemory when not even one can be had.
  void EnsureThreads(int count);

  // REQUIRES: EnsureThreads(1) has been called; `task` does not throw.
  void Post(Priority priority, std::function<void()> task);

  // Calls body(i) for every i in [0, count), on the calling thread and up to max_parallel - 1 others; returns when all
  // are done. The first exception that a body throws is rethrown here, after the others have finished.
  void ParallelFor(size_t count, int max_parallel, Priority priority, const std::function<void(size_t)>& body);

  // Runs the interactive work that waits, if any, on the calling thread. REQUIRES: the caller holds no lock.
  void YieldToInteractive() {
    if (interactive_count_.load(std::memory_order_relaxed) > 0) RunInteractive();
  }

 private:
  void RunThread();
  void RunInteractive();
  // Takes the next task; REQUIRES: mutex_ held and a task waiting.
  std::function<void()> TakeInteractive();

  std::mutex mutex_;
  CondVar work_arrived_;
  std::deque<std::function<void()>> interactive_;
  std::deque<std::function<void()>> bulk_;
  std::atomic<size_t> interactive_count_{0};
  int thread_count_ = 0;
};

}  // namespace segvec
