#include "store_tasks.h"

#include <exception>
#include <utility>

#include "errors.h"
#include "free_elsewhere.h"

namespace segvec::binding {

Napi::Value StoreTask::Start(Napi::Env env, const std::shared_ptr<IndexState>& state,
                             std::shared_ptr<CancelToken> cancel, std::string path) {
  return Launch(env, std::unique_ptr<StoreTask>(new StoreTask(env, state, std::move(cancel), std::move(path))));
}

Napi::Value StoreTask::Launch(Napi::Env env, std::unique_ptr<StoreTask> launched) {
  return AsyncTask::Launch(env, std::move(launched), [](StoreTask* task) {
    const std::shared_ptr<Strand> committer = task->state_->committer;
    // The task may be gone once it has run, and nobody waits for what is removed.
    const auto ticket = std::make_shared<Strand::Ticket>(committer->Prepare([task, directory = task->directory_] {
      task->Run();
      if (directory) directory->RemoveOutdated();
    }));
    task->state_->writer->Post([task, ticket, committer] {
      task->Capture();
      committer->Post(std::move(*ticket));
    });
  });
}

void StoreTask::Capture() noexcept {
  try {
    cancel().Check();
    image_ = path_.empty() ? directory_->Capture(index(), cancel())
                           : index().Capture([](const IndexImage::Part&) { return false; }, cancel());
  } catch (...) {
    error_ = Translate(std::current_exception());
  }
}

void StoreTask::Execute() {
  // Freed here rather than on the JavaScript thread: it may be the last to hold a segment.
  const IndexImage image = std::move(image_);
  if (error_) throw *error_;
  Store(image);
}

void StoreTask::Store(const IndexImage& image) {
  if (path_.empty()) {
    directory_->Commit(image, cancel());
  } else {
    IndexDirectory::Save(Env::Real(), path_, index().options(), image, cancel());
  }
}

void StoreTask::Finish(Napi::Env env) {
  directory_ = nullptr;  // before a close that waits for this task gives the lock back
  IndexTask::Finish(env);
}

void RefreshTask::Execute() {
  newer_ = directory_->LoadNewer(cancel());
}

void RefreshTask::Finish(Napi::Env env) {
  directory_ = nullptr;
  has_moved_ = newer_ != nullptr;
  if (has_moved_ && shared_state_->index) {
    newer_->AdoptCalibration(*shared_state_->index);
    shared_state_->index.swap(newer_);
    if (const auto former = std::move(shared_state_->restoration)) former->Stop();
    FreeElsewhere(std::move(index_), std::move(newer_));
  }
  IndexTask::Finish(env);
}

}  // namespace segvec::binding
