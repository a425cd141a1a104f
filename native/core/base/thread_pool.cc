#include "base/thread_pool.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <new>
#include <system_error>
#include <thread>
#include <utility>

#include "base/error.h"

namespace segvec {
namespace {

// What the participants of one ParallelFor share. Outlives the call while a late helper still looks at it.
struct ParallelLoop {
  ParallelLoop(size_t index_count, const std::function<void(size_t)>& loop_body)
      : count(index_count), body(&loop_body) {}

  // Claims indices until none is left. The body is touched only between a claim and the matching Finish, and
  // the caller waits for all claims, so a helper that starts late never sees a dead body.
  void Run() {
    for (;;) {
      const size_t index = next.fetch_add(1, std::memory_order_relaxed);
      if (index >= count) return;
      std::exception_ptr error;
      try {
        (*body)(index);
      } catch (...) {
        error = std::current_exception();
      }
      std::lock_guard lock(mutex);
      if (error && !first_error) first_error = std::move(error);
      if (++finished_count == count) all_finished.notify_all();
    }
  }

  const size_t count;
  const std::function<void(size_t)>* body;
  std::atomic<size_t> next{0};
  std::mutex mutex;
  CondVar all_finished;
  size_t finished_count = 0;
  std::exception_ptr first_error;
};

}  // namespace

ThreadPool& ThreadPool::Shared() {
  static ThreadPool* const pool = new ThreadPool;  // leaked on purpose, see Lifetime
  return *pool;
}

void ThreadPool::EnsureThreads(int count) {
  std::lock_guard lock(mutex_);
  count = std::min(count, kMaxThreads);
  while (thread_count_ < count) {
    try {
      std::thread([this] { RunThread(); }).detach();
    } catch (const std::system_error&) {
      if (thread_count_ > 0) return;  // fewer threads than wished for still do all the work
      throw Error(ErrorCode::kOutOfMemory, "could not start a thread");
    }
    ++thread_count_;
  }
}

void ThreadPool::Post(Priority priority, std::function<void()> task) {
  {
    std::lock_guard lock(mutex_);
    if (priority == Priority::kInteractive) {
      interactive_.push_back(std::move(task));
      interactive_count_.store(interactive_.size(), std::memory_order_relaxed);
    } else if (priority == Priority::kBulk) {
      bulk_.push_back(std::move(task));
      bulk_count_.store(bulk_.size(), std::memory_order_relaxed);
    } else {
      background_.push_back(std::move(task));
    }
  }
  work_arrived_.notify_one();
}

void ThreadPool::ParallelFor(size_t count, int max_parallel, Priority priority,
                             const std::function<void(size_t)>& body) {
  if (count == 0) return;
  const auto loop = std::make_shared<ParallelLoop>(count, body);
  const size_t helper_count = std::min<size_t>(count, static_cast<size_t>(std::max(max_parallel, 1))) - 1;
  try {
    for (size_t i = 0; i < helper_count; ++i) Post(priority, [loop] { loop->Run(); });
  } catch (const std::bad_alloc&) {
    // Helpers that were posted may already use the body, so it must not end here: fewer of them do all the
    // work, too.
  }
  loop->Run();
  std::unique_lock lock(loop->mutex);
  loop->all_finished.wait(lock, [&] { return loop->finished_count == count; });
  // Taken out of the loop, which a late helper may be the last to hold.
  if (const std::exception_ptr error = std::move(loop->first_error)) std::rethrow_exception(error);
}

std::function<void()> ThreadPool::Take(Priority lowest) {
  std::function<void()> task;
  if (!interactive_.empty()) {
    task = std::move(interactive_.front());
    interactive_.pop_front();
    interactive_count_.store(interactive_.size(), std::memory_order_relaxed);
  } else if (!bulk_.empty() && lowest >= Priority::kBulk) {
    task = std::move(bulk_.front());
    bulk_.pop_front();
    bulk_count_.store(bulk_.size(), std::memory_order_relaxed);
  } else if (!background_.empty() && lowest >= Priority::kBackground) {
    task = std::move(background_.front());
    background_.pop_front();
  }
  return task;
}

void ThreadPool::RunWaiting(Priority lowest) {
  for (;;) {
    std::function<void()> task;
    {
      std::lock_guard lock(mutex_);
      task = Take(lowest);
    }
    if (!task) return;
    task();
  }
}

void ThreadPool::RunThread() {
  for (;;) {
    std::function<void()> task;
    {
      std::unique_lock lock(mutex_);
      work_arrived_.wait(lock,
                         [this] { return !interactive_.empty() || !bulk_.empty() || !background_.empty(); });
      task = Take(Priority::kBackground);
    }
    task();
  }
}

}  // namespace segvec
