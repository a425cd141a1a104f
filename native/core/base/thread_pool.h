// The threads that all native work runs on: one pool per process, ours, never libuv's.
//
// Three kinds of work: *interactive* (a search somebody waits for), *bulk* (an insertion that takes seconds) and
// *background* (a compaction, which nobody need wait for). Interactive work goes first, and bulk work lets it in between
// two rows or a few (YieldToInteractive), so a search never waits for an add to finish, whatever the number of threads;
// background work lets in both (YieldToAll), each for a moment, and no work is passed over for ever. Beside these, help with
// work that is under way (ParallelForIfIdle) is given by threads that have nothing else to do.
//
// Thread safety: all methods may be called from any thread.
// Lifetime: created on first use and never destroyed, so that neither process exit nor a worker's end waits for it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <mutex>

#include "base/cond_var.h"

namespace segvec {

inline constexpr int kMaxThreads = 256;

class ThreadPool {
 public:
  enum class Priority { kInteractive, kBulk, kBackground };

  // One task and the memory that posting it takes.
  using Ticket = std::list<std::function<void()>>;

  static ThreadPool& Shared();

  // Starts threads until there are `count`. Throws kOutOfMemory when not even one can be had.
  void EnsureThreads(int count);

  // REQUIRES: EnsureThreads(1) has been called; the task does not throw. Without memory the first throws std::bad_alloc and nothing
  // has been posted.
  void Post(Priority priority, std::function<void()> task);
  void Post(Priority priority, Ticket ticket) noexcept;

  // Calls body(i) for every i in [0, count), on the calling thread and up to max_parallel - 1 others; returns when all
  // are done. The first exception that a body throws is rethrown here, after the others have finished.
  void ParallelFor(size_t count, int max_parallel, Priority priority, const std::function<void(size_t)>& body);

  // The same with the help of threads that are idle now, so that no other work is put off: a helper leaves when interactive
  // or bulk work waits. With nobody idle all is done on the calling thread.
  void ParallelForIfIdle(size_t count, int max_parallel, const std::function<void(size_t)>& body);

  // Runs the interactive work that waits, if any, on the calling thread, for about a millisecond if it does not end: the caller goes
  // on then for a while, however much there is. REQUIRES: the caller holds no lock.
  void YieldToInteractive() {
    if (interactive_count_.load(std::memory_order_relaxed) > 0) RunWaiting(Priority::kInteractive);
  }
  // The same with all work but the background's. REQUIRES: also, the caller is background work.
  void YieldToAll() {
    if (HasWaiting()) RunWaiting(Priority::kBulk);
  }

 private:
  // How long the tasks of a priority have been passed over.
  struct Wait {
    size_t look_count = 0;  // how often one could have been taken since the last was
    std::chrono::steady_clock::time_point begin;  // the first time

    // Counts one more time; returns whether it is enough.
    bool IsOver();
  };

  void RunThread();
  // Runs what waits, down to the given priority.
  void RunWaiting(Priority lowest);
  // Takes the next task, down to the given priority; null when none waits. REQUIRES: mutex_ held.
  std::function<void()> Take(Priority lowest);
  // The same with help in the last place. REQUIRES: mutex_ held.
  std::function<void()> TakeAny();
  // Posts `task` once for each thread that has nothing to do now, at most `most` times; less often without memory.
  void PostToIdle(size_t most, const std::function<void()>& task);
  bool HasWaiting() const {
    return interactive_count_.load(std::memory_order_relaxed) > 0 || bulk_count_.load(std::memory_order_relaxed) > 0;
  }

  std::mutex mutex_;
  CondVar work_arrived_;
  Ticket interactive_;
  Ticket bulk_;
  Ticket background_;
  Ticket help_;  // taken when there is nothing else
  std::atomic<size_t> interactive_count_{0}, bulk_count_{0};
  Wait bulk_wait_, background_wait_;
  int thread_count_ = 0;
  size_t idle_thread_count_ = 0;
};

}  // namespace segvec
