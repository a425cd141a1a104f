#include "index_tasks.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <string>

#include "base/error.h"
#include "base/thread_pool.h"
#include "ids.h"

namespace segvec::binding {

IndexTask::IndexTask(Napi::Env env, std::shared_ptr<IndexState> state, std::shared_ptr<CancelToken> cancel)
    : AsyncTask(env, Instance::Of(env).completions, std::move(cancel)),
      state_(std::move(state)),
      index_(state_->index) {}

void IndexTask::Finish(Napi::Env env) {
  state_->ReportMemory(env);
  if (--state_->in_flight_count > 0 || state_->pending_close == nullptr) return;
  CloseTask* close = static_cast<CloseTask*>(std::exchange(state_->pending_close, nullptr));
  close->Start();
}

ChangeTask::ChangeTask(Napi::Env env, std::shared_ptr<IndexState> state, std::shared_ptr<CancelToken> cancel,
                       std::shared_ptr<Stage> stage, LogRecordType type)
    : IndexTask(env, std::move(state), std::move(cancel)),
      stage_(std::move(stage)),
      type_(type),
      changes_(state_->changes) {
  if (changes_) change_ = changes_->Make(type_, stage_, shared_cancel());
  stage_memory_.Update(env, stage_->memory_bytes());
}

Napi::Promise ChangeTask::Start(Napi::Env env, std::unique_ptr<ChangeTask> launched) {
  const std::shared_ptr<LoggedChanges> changes = launched->changes_;
  const std::shared_ptr<LoggedChanges::Change> change = launched->change_;
  const Napi::Promise promise = Launch(env, std::move(launched), [](ChangeTask* task) {
    task->state_->writer->Post([task, stage = task->stage_] {
      task->Run();
      stage->FreeRows();  // of a change that was cancelled before it began: the handle may hold the stage for long
    });
  });
  if (changes) changes->Announce(change);
  return promise;
}

namespace {

// Frees what a stage holds at the end of a scope: giving memory back takes time that the JavaScript thread does not have.
struct FreeRows {
  Stage& stage;
  ~FreeRows() { stage.FreeRows(); }
};

}  // namespace

void ChangeTask::Execute() {
  const FreeRows free_rows{*stage_};
  result_ = Perform();
  state().compactor->Consider();
}

// A change that failed is cancelled in the log first: told of it and killed, nobody may find it made.
void ChangeTask::Conclude(std::exception_ptr& error) noexcept {
  if (!changes_) return;
  if (std::exception_ptr failure = changes_->Conclude(change_)) error = std::move(failure);
}

LoggedChanges::Result ChangeTask::Perform() {
  if (changes_) return changes_->Perform(change_);
  LoggedChanges::Result result;
  if (type_ == LogRecordType::kRemove) {
    result.removed_count = index().Remove(*stage_, cancel());
  } else {
    result.assigned_ids =
        type_ == LogRecordType::kUpsert ? index().Upsert(*stage_, cancel()) : index().Add(*stage_, cancel());
  }
  return result;
}

Napi::Value ChangeTask::Result(Napi::Env env) {
  if (type_ == LogRecordType::kRemove) return Napi::Number::New(env, static_cast<double>(result_.removed_count));
  if (result_.assigned_ids.empty()) return env.Undefined();
  return MakeAssignedIds(env, index().options().id_type, result_.assigned_ids);
}

void ChangeTask::Finish(Napi::Env env) {
  stage_memory_.Update(env, 0);
  IndexTask::Finish(env);
}

void CompactTask::Start() {
  state().compactor->Start(shared_cancel(), progress_, [this](std::exception_ptr error) { Complete(std::move(error)); });
}

void SearchTask::Execute() {
  results_ = index().Search(queries_.data(), queries_.size() / index().options().dimension, parameters_, cancel());
}

Napi::Value SearchTask::Result(Napi::Env env) { return MakeHits(env, index().options().id_type, results_); }

void CloseTask::Start() {
  index_ = std::move(state_->index);
  state_->index = nullptr;
  directory_ = std::move(state_->directory);
  changes_ = std::move(state_->changes);
  restoration_ = std::move(state_->restoration);
  try {
    if (!directory_) {
      ThreadPool::Shared().Post(ThreadPool::Priority::kInteractive, [this] { Run(); });
      return;
    }
    // Behind the last change and the last commit, which may have told their results but not ended their turns.
    const auto ticket = std::make_shared<Strand::Ticket>(state_->committer->Prepare([this] { Run(); }));
    state_->writer->Post([ticket, committer = state_->committer] { committer->Post(std::move(*ticket)); });
  } catch (const std::bad_alloc&) {
    Run();  // here: whoever closes gets memory back
  }
}

Napi::Object MakeHits(Napi::Env env, IdType type, const SearchResults& results) {
  auto counts = Napi::Uint32Array::New(env, results.counts.size());
  std::copy(results.counts.begin(), results.counts.end(), counts.Data());
  const Napi::Value ids = NewColumn(env, type, results.ids.size());
  WriteHitIds(ids, type, results);
  auto distances = Napi::Float32Array::New(env, results.distances.size());
  std::copy(results.distances.begin(), results.distances.end(), distances.Data());
  for (size_t row = 0; row < results.counts.size(); ++row) {
    const size_t begin = row * results.k;
    std::fill(distances.Data() + begin + results.counts[row], distances.Data() + begin + results.k,
              std::numeric_limits<float>::infinity());
  }
  Napi::Object hits = Napi::Object::New(env);
  hits.Set("k", Napi::Number::New(env, static_cast<double>(results.k)));
  hits.Set("ids", ids);
  hits.Set("distances", distances);
  hits.Set("counts", counts);
  hits.Set("textBytes", Napi::Number::New(env, std::accumulate(results.texts.begin(), results.texts.end(), 0.0,
                                                               [](double sum, const std::string& text) {
                                                                 return sum + static_cast<double>(text.size());
                                                               })));
  return hits;
}

}  // namespace segvec::binding
