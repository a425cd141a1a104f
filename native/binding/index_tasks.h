// The asynchronous operations of an index.
#pragma once

#include <napi.h>

#include <memory>
#include <utility>
#include <vector>

#include "async_task.h"
#include "index/index.h"
#include "index_wrap.h"

namespace segvec::binding {

// A task that counts as in flight, so that close() waits for it. It holds the index, whatever becomes of the handle.
class IndexTask : public AsyncTask {
 public:
  IndexTask(Napi::Env env, std::shared_ptr<IndexState> state, std::shared_ptr<CancelToken> cancel);

 protected:
  Index& index() { return *index_; }
  const IndexState& state() const { return *state_; }
  void Begin() noexcept override { ++state_->in_flight_count; }
  void Finish(Napi::Env env) override;

  std::shared_ptr<IndexState> state_;
  std::shared_ptr<Index> index_;
};

// A change of the index, in its turn; where changes are logged, made safe before that.
class ChangeTask : public IndexTask {
 public:
  // `type`: not kCancel.
  ChangeTask(Napi::Env env, std::shared_ptr<IndexState> state, std::shared_ptr<CancelToken> cancel,
             std::shared_ptr<Stage> stage, LogRecordType type);

  // Launches the task; changes are made in the order of these calls.
  static Napi::Promise Start(Napi::Env env, std::unique_ptr<ChangeTask> task);

 protected:
  void Execute() override;
  void Conclude(std::exception_ptr& error) noexcept override;
  // The number of vectors removed; or the ids that the index assigned, if it did.
  Napi::Value Result(Napi::Env env) override;
  void Finish(Napi::Env env) override;

 private:
  LoggedChanges::Result Perform();

  std::shared_ptr<Stage> stage_;
  const LogRecordType type_;
  ReportedMemory stage_memory_;
  std::shared_ptr<LoggedChanges> changes_;         // null where changes are not logged
  std::shared_ptr<LoggedChanges::Change> change_;  // of them
  LoggedChanges::Result result_;
};

class CompactTask : public IndexTask {
 public:
  CompactTask(Napi::Env env, std::shared_ptr<IndexState> state, std::shared_ptr<CancelToken> cancel)
      : IndexTask(env, std::move(state), std::move(cancel)) {}

  const std::shared_ptr<CompactionProgress>& progress() const { return progress_; }
  // Hands the task over to the compactor. Throws std::bad_alloc.
  void Start();

 protected:
  void Execute() override {}  // the compactor does it
  Napi::Value Result(Napi::Env env) override { return env.Undefined(); }

 private:
  std::shared_ptr<CompactionProgress> progress_ = std::make_shared<CompactionProgress>();
};

class SearchTask : public IndexTask {
 public:
  SearchTask(Napi::Env env, std::shared_ptr<IndexState> state, std::shared_ptr<CancelToken> cancel,
             std::vector<float> queries, const SearchParameters& parameters)
      : IndexTask(env, std::move(state), std::move(cancel)), queries_(std::move(queries)), parameters_(parameters) {}

 protected:
  void Execute() override;
  Napi::Value Result(Napi::Env env) override;

 private:
  std::vector<float> queries_;
  SearchParameters parameters_;
  SearchResults results_;
};

// Calibrates the index. In the background it does not keep the process alive.
class CalibrateTask : public IndexTask {
 public:
  CalibrateTask(Napi::Env env, std::shared_ptr<IndexState> state, std::shared_ptr<CancelToken> cancel,
                bool is_background)
      : IndexTask(env, std::move(state), std::move(cancel)), is_background_(is_background) {}

  bool keeps_process_alive() const override { return !is_background_; }

 protected:
  void Execute() override { index().Calibrate(cancel()); }
  Napi::Value Result(Napi::Env env) override { return env.Undefined(); }

 private:
  const bool is_background_;
};

// Frees the index, off the JavaScript thread.
class CloseTask : public AsyncTask {
 public:
  CloseTask(Napi::Env env, std::shared_ptr<IndexState> state)
      : AsyncTask(env, Instance::Of(env).completions, nullptr), state_(std::move(state)) {}

  // Posts the task. REQUIRES: no other task of the index is in flight.
  void Start();

 protected:
  void Execute() override {
    if (restoration_) restoration_->Stop();
    if (changes_) changes_->Close();
    index_.reset();
    directory_.reset();  // and with it the lock
  }
  Napi::Value Result(Napi::Env env) override { return env.Undefined(); }
  void Finish(Napi::Env env) override { state_->ReportMemory(env); }

 private:
  std::shared_ptr<IndexState> state_;
  std::shared_ptr<Index> index_;
  std::shared_ptr<IndexDirectory> directory_;
  std::shared_ptr<IdRestoration> restoration_;
  std::shared_ptr<LoggedChanges> changes_;
};

// { k, ids, distances, counts } for the TypeScript layer: a place without a hit has an id that is none, and is infinitely far.
Napi::Object MakeHits(Napi::Env env, IdType type, const SearchResults& results);

}  // namespace segvec::binding
