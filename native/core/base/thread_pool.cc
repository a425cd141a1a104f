#include "base/thread_pool.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <new>
#include <system_error>
#include <thread>
#include <utility>

#include "base/error.h"

namespace segvec {
namespace {

// How long a thread that has other work lets work of higher priority in, and for what part of that time it then goes on with its
// own: an add gets on beside any number of searches, and hears that it is cancelled. Not for so long that one would wait for it,
// unless it was searches that took much longer.
using Clock = std::chrono::steady_clock;
constexpr Clock::duration kYield = std::chrono::milliseconds{1};
constexpr int kOwnShare = 4, kOwnShareAfterLong = 16;
constexpr Clock::duration kMostOwn = std::chrono::milliseconds{10}, kMostOwnAfterLong = std::chrono::milliseconds{100};
thread_local Clock::time_point next_yield;

// When a thread that has let other work in is to go on with its own.
thread_local Clock::time_point yield_end = Clock::time_point::max();

// Work that waits is taken after so many pieces of higher priority, or after so long.
constexpr size_t kMostPassedOver = 64;
constexpr Clock::duration kLongestPassedOver = std::chrono::milliseconds{50};

// What the participants of one loop share. Outlives the call while a late helper still looks at it.
struct ParallelLoop {
  ParallelLoop(size_t index_count, const std::function<void(size_t)>& loop_body)
      : count(index_count), body(&loop_body) {}

  // Claims indices until none is left. The body is touched only between a claim and the matching Finish, and
  // the caller waits for all claims, so a helper that starts late never sees a dead body.
  void Run() {
    while (RunNext()) {
    }
  }
  // Returns false when there is no more.
  bool RunNext() {
    const size_t index = next.fetch_add(1, std::memory_order_relaxed);
    if (index >= count) return false;
    std::exception_ptr error;
    try {
      (*body)(index);
    } catch (...) {
      error = std::current_exception();
    }
    std::lock_guard lock(mutex);
    if (error && !first_error) first_error = std::move(error);
    if (++finished_count == count) all_finished.notify_all();
    return true;
  }
  // Returns when all are done; rethrows the first error.
  void Wait() {
    std::exception_ptr error;
    {
      std::unique_lock lock(mutex);
      all_finished.wait(lock, [this] { return finished_count == count; });
      // Taken out of the loop, which a late helper may be the last to hold.
      error = std::move(first_error);
    }
    if (error) std::rethrow_exception(error);
  }

  const size_t count;
  const std::function<void(size_t)>* body;
  std::atomic<size_t> next{0};
  std::mutex mutex;
  CondVar all_finished;
  size_t finished_count = 0;
  std::exception_ptr first_error;
};

// What a helper does: a part of what is left of a loop at a time, as other work may wait for its thread.
void Help(ThreadPool& pool, ThreadPool::Priority priority, const std::shared_ptr<ParallelLoop>& loop) {
  const Clock::time_point end = std::min(yield_end, Clock::now() + kLongestPassedOver);
  while (loop->RunNext()) {
    if (Clock::now() < end) continue;
    try {
      return pool.Post(priority, [&pool, priority, loop] { Help(pool, priority, loop); });
    } catch (const std::bad_alloc&) {
      // Without memory to come back later it stays.
    }
  }
}

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
  Ticket ticket;
  ticket.push_back(std::move(task));
  Post(priority, std::move(ticket));
}

void ThreadPool::Post(Priority priority, Ticket ticket) noexcept {
  {
    std::lock_guard lock(mutex_);
    if (priority == Priority::kInteractive) {
      interactive_.splice(interactive_.end(), ticket);
      interactive_count_.store(interactive_.size(), std::memory_order_relaxed);
    } else if (priority == Priority::kBulk) {
      bulk_.splice(bulk_.end(), ticket);
      bulk_count_.store(bulk_.size(), std::memory_order_relaxed);
    } else {
      background_.splice(background_.end(), ticket);
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
    for (size_t i = 0; i < helper_count; ++i) Post(priority, [this, priority, loop] { Help(*this, priority, loop); });
  } catch (const std::bad_alloc&) {
    // Helpers that were posted may already use the body, so it must not end here: fewer of them do all the
    // work, too.
  }
  loop->Run();
  loop->Wait();
}

void ThreadPool::ParallelForIfIdle(size_t count, int max_parallel, const std::function<void(size_t)>& body) {
  if (count == 0) return;
  const auto loop = std::make_shared<ParallelLoop>(count, body);
  PostToIdle(std::min<size_t>(count, static_cast<size_t>(std::max(max_parallel, 1))) - 1, [this, loop] {
    while (!HasWaiting() && loop->RunNext()) {
    }
  });
  loop->Run();
  loop->Wait();
}

void ThreadPool::PostToIdle(size_t most, const std::function<void()>& task) {
  size_t posted_count = 0;
  {
    std::lock_guard lock(mutex_);
    const size_t claimed_count = interactive_.size() + bulk_.size() + background_.size() + help_.size();
    const size_t idle_count = idle_thread_count_ > claimed_count ? idle_thread_count_ - claimed_count : 0;
    try {
      for (const size_t wanted = std::min(most, idle_count); posted_count < wanted; ++posted_count) {
        help_.push_back(task);
      }
    } catch (const std::bad_alloc&) {
      // The work is done with less help.
    }
  }
  for (size_t i = 0; i < posted_count; ++i) work_arrived_.notify_one();
}

std::function<void()> ThreadPool::Take(Priority lowest) {
  const bool has_bulk = !bulk_.empty() && lowest >= Priority::kBulk;
  const bool has_background = !background_.empty() && lowest >= Priority::kBackground;
  // The highest first; what has waited for long before it, the lowest first of all, which lets in the others.
  const bool is_bulk_due = has_bulk && bulk_wait_.IsOver();
  const bool is_background_due = has_background && background_wait_.IsOver();
  std::function<void()> task;
  if (!interactive_.empty() && !is_bulk_due && !is_background_due) {
    task = std::move(interactive_.front());
    interactive_.pop_front();
    interactive_count_.store(interactive_.size(), std::memory_order_relaxed);
  } else if (has_bulk && !is_background_due) {
    task = std::move(bulk_.front());
    bulk_.pop_front();
    bulk_count_.store(bulk_.size(), std::memory_order_relaxed);
    bulk_wait_ = {};
  } else if (has_background) {
    task = std::move(background_.front());
    background_.pop_front();
    background_wait_ = {};
  }
  return task;
}

bool ThreadPool::Wait::IsOver() {
  const Clock::time_point now = Clock::now();
  if (look_count++ == 0) begin = now;
  return look_count > kMostPassedOver || now - begin > kLongestPassedOver;
}

std::function<void()> ThreadPool::TakeAny() {
  std::function<void()> task = Take(Priority::kBackground);
  if (!task && !help_.empty()) {
    task = std::move(help_.front());
    help_.pop_front();
  }
  return task;
}

void ThreadPool::RunWaiting(Priority lowest) {
  const Clock::time_point begin = Clock::now();
  if (begin < next_yield) return;
  const Clock::time_point outer_end = yield_end, end = begin + kYield;
  Clock::time_point now = begin;
  while (now < end) {
    std::function<void()> task;
    {
      std::lock_guard lock(mutex_);
      task = Take(lowest);
    }
    if (!task) break;
    yield_end = end;
    task();
    now = Clock::now();
  }
  yield_end = outer_end;
  const Clock::duration let_in = now - begin;
  const Clock::duration after_long = lowest == Priority::kInteractive ? let_in / kOwnShareAfterLong : kMostOwn;
  next_yield = now + std::min(let_in / kOwnShare, std::clamp(after_long, kMostOwn, kMostOwnAfterLong));
}

void ThreadPool::RunThread() {
  for (;;) {
    std::function<void()> task;
    {
      std::unique_lock lock(mutex_);
      ++idle_thread_count_;
      work_arrived_.wait(lock, [this, &task] {
        task = TakeAny();
        return task != nullptr;
      });
      --idle_thread_count_;
    }
    task();
  }
}

}  // namespace segvec
