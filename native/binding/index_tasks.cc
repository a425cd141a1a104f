#include "index_tasks.h"

#include <algorithm>
#include <limits>

#include "base/thread_pool.h"
#include "ids.h"

namespace segvec::binding {

IndexTask::IndexTask(Napi::Env env, std::shared_ptr<IndexState> state, std::shared_ptr<CancelToken> cancel)
    : AsyncTask(env, Instance::Of(env).completions, std::move(cancel)),
      state_(std::move(state)),
      index_(state_->index) {
  ++state_->in_flight_count;
}

void IndexTask::Finish(Napi::Env env) {
  state_->ReportMemory(env);
  if (--state_->in_flight_count > 0 || state_->pending_close == nullptr) return;
  CloseTask* close = static_cast<CloseTask*>(std::exchange(state_->pending_close, nullptr));
  close->Start();
}

AddTask::AddTask(Napi::Env env, std::shared_ptr<IndexState> state, std::shared_ptr<CancelToken> cancel,
                 std::shared_ptr<Stage> stage, Kind kind)
    : IndexTask(env, std::move(state), std::move(cancel)), stage_(std::move(stage)), kind_(kind) {
  stage_memory_.Update(env, stage_->memory_bytes());
}

namespace {

// Frees what a stage holds at the end of a scope: giving memory back takes time that the JavaScript thread does not have.
struct FreeRows {
  Stage& stage;
  ~FreeRows() { stage.FreeRows(); }
};

}  // namespace

void AddTask::Execute() {
  const FreeRows free_rows{*stage_};
  assigned_ids_ = kind_ == Kind::kUpsert ? index().Upsert(*stage_, cancel()) : index().Add(*stage_, cancel());
}

Napi::Value AddTask::Result(Napi::Env env) {
  if (assigned_ids_.empty()) return env.Undefined();
  return MakeAssignedIds(env, index().options().id_type, assigned_ids_);
}

void AddTask::Finish(Napi::Env env) {
  stage_memory_.Update(env, 0);
  state().compactor->Consider();
  IndexTask::Finish(env);
}

void RemoveTask::Execute() {
  const FreeRows free_rows{*stage_};
  removed_count_ = index().Remove(*stage_, cancel());
}

void RemoveTask::Finish(Napi::Env env) {
  state().compactor->Consider();
  IndexTask::Finish(env);
}

void CompactTask::Start() {
  state().compactor->Start(shared_cancel(), progress_, [this](std::exception_ptr error) { Complete(std::move(error)); });
}

void SearchTask::Execute() {
  results_ = index().Search(queries_.data(), queries_.size() / index().options().dimension, parameters_, cancel());
}

Napi::Value SearchTask::Result(Napi::Env env) { return MakeHits(env, index(), results_); }

void CloseTask::Start() {
  index_ = std::move(state_->index);
  state_->index = nullptr;
  directory_ = std::move(state_->directory);
  ThreadPool::Shared().Post(ThreadPool::Priority::kInteractive, [this] { Run(); });
}

Napi::Object MakeHits(Napi::Env env, const Index& index, const SearchResults& results) {
  const size_t row_count = results.counts.size(), total = results.distances.size();
  auto distances = Napi::Float32Array::New(env, total);
  auto counts = Napi::Uint32Array::New(env, row_count);
  std::copy(results.counts.begin(), results.counts.end(), counts.Data());
  std::copy(results.distances.begin(), results.distances.end(), distances.Data());
  for (size_t row = 0; row < row_count; ++row) {
    std::fill(distances.Data() + row * results.k + results.counts[row], distances.Data() + (row + 1) * results.k,
              std::numeric_limits<float>::infinity());
  }
  Napi::Object hits = Napi::Object::New(env);
  hits.Set("k", Napi::Number::New(env, static_cast<double>(results.k)));
  hits.Set("ids", MakeHitIds(env, index.options().id_type, results));
  hits.Set("distances", distances);
  hits.Set("counts", counts);
  return hits;
}

}  // namespace segvec::binding
