#include "index/compactor.h"

#include <new>
#include <utility>

#include "base/thread_pool.h"

namespace segvec {

struct Compactor::Job {
  std::shared_ptr<Index> index;
  Compaction::Scope scope;
  std::shared_ptr<CancelToken> cancel;
  std::shared_ptr<CompactionProgress> progress;
  Done done;  // null in the background
  std::optional<Compaction> compaction;
  Strand::Ticket conclusion;  // prepared, so that the last step comes whatever happens
  std::exception_ptr error;
  bool is_published = false;
};

void Compactor::Start(std::shared_ptr<CancelToken> cancel, std::shared_ptr<CompactionProgress> progress,
                      Done done) {
  const auto job = std::make_shared<Job>();
  job->scope = Compaction::Scope::kEverything;
  job->cancel = std::move(cancel);
  job->progress = std::move(progress);
  job->done = std::move(done);
  std::lock_guard lock(mutex_);
  job->index = index_;
  jobs_.push_back(job);
  if (jobs_.size() > 1) {
    if (!jobs_.front()->done) jobs_.front()->cancel->Cancel();
    return;
  }
  try {
    Launch(job);
  } catch (...) {
    jobs_.pop_back();
    throw;
  }
}

void Compactor::Consider() noexcept {
  try {
    std::shared_ptr<Index> index;
    {
      std::lock_guard lock(mutex_);
      if (!index_ || !jobs_.empty() || !index_->options().compacts_in_background) return;
      index = index_;
    }
    if (!index->WantsCompaction()) return;
    const auto job = std::make_shared<Job>();
    job->scope = Compaction::Scope::kWorthwhile;
    job->cancel = std::make_shared<CancelToken>();
    job->progress = std::make_shared<CompactionProgress>();
    job->index = std::move(index);
    std::lock_guard lock(mutex_);
    if (!index_ || !jobs_.empty()) return;
    jobs_.push_back(job);
    try {
      Launch(job);
    } catch (...) {
      jobs_.pop_back();
      throw;
    }
  } catch (const std::bad_alloc&) {
    std::lock_guard lock(mutex_);
    stats_.last_error = std::current_exception();
  }
}

void Compactor::Stop() {
  std::lock_guard lock(mutex_);
  index_ = nullptr;
  for (const auto& job : jobs_) {
    if (!job->done) job->cancel->Cancel();
  }
}

Compactor::Stats Compactor::stats() const {
  std::lock_guard lock(mutex_);
  Stats stats = stats_;
  stats.is_running = !jobs_.empty();
  return stats;
}

void Compactor::Launch(const std::shared_ptr<Job>& job) {
  job->conclusion = writer_->Prepare([self = shared_from_this(), job] { self->Conclude(job); });
  try {
    writer_->Post([self = shared_from_this(), job] { self->Plan(job); });
  } catch (...) {
    job->conclusion = {};  // it holds the job
    throw;
  }
}

void Compactor::Plan(const std::shared_ptr<Job>& job) noexcept {
  try {
    job->cancel->Check();
    job->compaction.emplace(*job->index, job->scope, *job->progress, *job->cancel);
    if (!job->compaction->is_empty()) {
      ThreadPool::Shared().Post(ThreadPool::Priority::kBackground,
                                [self = shared_from_this(), job] { self->Merge(job); });
      return;
    }
  } catch (...) {
    job->error = std::current_exception();
    if (job->compaction) job->compaction->GiveUp();
  }
  Finish(job);
}

void Compactor::Merge(const std::shared_ptr<Job>& job) noexcept {
  try {
    job->compaction->Merge(*job->cancel);
  } catch (...) {
    job->error = std::current_exception();
  }
  writer_->Post(std::move(job->conclusion));
}

void Compactor::Conclude(const std::shared_ptr<Job>& job) noexcept {
  if (!job->error) {
    try {
      job->compaction->Publish();
      job->is_published = true;
    } catch (...) {
      job->error = std::current_exception();
    }
  }
  if (job->error) job->compaction->GiveUp();
  Finish(job);
}

void Compactor::Finish(const std::shared_ptr<Job>& finished) noexcept {
  // Whoever waits for the next one may be told at once that it cannot begin, and so on.
  for (std::shared_ptr<Job> job = finished; job;) {
    job->compaction.reset();
    job->conclusion = {};
    job->index = nullptr;
    std::shared_ptr<Job> next;
    {
      std::lock_guard lock(mutex_);
      jobs_.pop_front();
      if (!jobs_.empty()) next = jobs_.front();
      stats_.finished_count += job->is_published;
      // Cancelled means that something better came up.
      if (!job->done && !job->cancel->IsCancelled()) stats_.last_error = job->error;
    }
    if (job->done) job->done(job->error);
    const bool is_published = job->is_published;
    job = nullptr;
    if (!next) {
      if (is_published) Consider();
      return;
    }
    try {
      Launch(next);
    } catch (const std::bad_alloc&) {
      next->error = std::current_exception();
      job = std::move(next);
    }
  }
}

}  // namespace segvec
