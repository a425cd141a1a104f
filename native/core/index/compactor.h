// Runs the compactions of an index, one at a time: those that are asked for, and in the background those that
// the policy finds worth it.
//
// Each is planned and published in the turn of the index's writer, and merges as background work of the pool
// in between, so that neither searches nor writers wait for it.
//
// Thread safety: all methods from any thread. Lifetime: a compaction that runs holds the index, the writer
// and this.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <mutex>

#include "base/cancel_token.h"
#include "base/strand.h"
#include "index/compaction.h"

namespace segvec {

class Compactor : public std::enable_shared_from_this<Compactor> {
 public:
  // Told once how a compaction ended, on a thread of the pool; null for success. Must not throw.
  using Done = std::function<void(std::exception_ptr)>;

  Compactor(std::shared_ptr<Index> index, std::shared_ptr<Strand> writer)
      : index_(std::move(index)), writer_(std::move(writer)) {}

  // Compacts everything, after the changes that have been posted to the writer before. One that runs in the
  // background is cancelled for it. Throws std::bad_alloc, and `done` is not called then.
  void Start(std::shared_ptr<CancelToken> cancel, std::shared_ptr<CompactionProgress> progress, Done done);

  // Compacts in the background what is worth it, if anything is, no other compaction runs and the index's
  // options want it. To be called after a change. An error is kept for stats().
  void Consider() noexcept;

  // Cancels what runs in the background and begins nothing any more. What was started goes on.
  void Stop();

  struct Stats {
    bool is_running = false;
    uint64_t finished_count = 0;    // compactions that changed the index
    std::exception_ptr last_error;  // of the last one in the background; null if it succeeded
  };
  Stats stats() const;

 private:
  struct Job;
  using Jobs = std::list<std::shared_ptr<Job>>;

  void Launch(const std::shared_ptr<Job>& job);
  void Plan(const std::shared_ptr<Job>& job) noexcept;
  void Merge(const std::shared_ptr<Job>& job) noexcept;
  void Conclude(const std::shared_ptr<Job>& job) noexcept;
  void Finish(const std::shared_ptr<Job>& job) noexcept;

  mutable std::mutex mutex_;
  std::shared_ptr<Index> index_;  // null once stopped
  const std::shared_ptr<Strand> writer_;
  Jobs jobs_;  // the first one runs
  Stats stats_;
};

}  // namespace segvec
