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
  void Finish(Napi::Env env) override;

 protected:
  std::shared_ptr<IndexState> state_;
  std::shared_ptr<Index> index_;
};

class AddTask : public IndexTask {
 public:
  enum class Kind { kAdd, kUpsert };

  AddTask(Napi::Env env, std::shared_ptr<IndexState> state, std::shared_ptr<CancelToken> cancel,
          std::shared_ptr<Stage> stage, Kind kind);

 protected:
  void Execute() override;
  Napi::Value Result(Napi::Env env) override;
  void Finish(Napi::Env env) override;

 private:
  std::shared_ptr<Stage> stage_;
  const Kind kind_;
  ReportedMemory stage_memory_;
  std::vector<uint64_t> assigned_ids_;
};

class RemoveTask : public IndexTask {
 public:
  RemoveTask(Napi::Env env, std::shared_ptr<IndexState> state, std::shared_ptr<CancelToken> cancel,
             std::shared_ptr<Stage> stage)
      : IndexTask(env, std::move(state), std::move(cancel)), stage_(std::move(stage)) {}

 protected:
  void Execute() override;
  Napi::Value Result(Napi::Env env) override { return Napi::Number::New(env, static_cast<double>(removed_count_)); }
  void Finish(Napi::Env env) override;

 private:
  std::shared_ptr<Stage> stage_;
  size_t removed_count_ = 0;
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
    index_.reset();
    directory_.reset();  // and with it the lock
  }
  Napi::Value Result(Napi::Env env) override { return env.Undefined(); }
  void Finish(Napi::Env env) override { state_->ReportMemory(env); }

 private:
  std::shared_ptr<IndexState> state_;
  std::shared_ptr<Index> index_;
  std::shared_ptr<IndexDirectory> directory_;
};

// { k, ids, distances, counts } for the TypeScript layer.
Napi::Object MakeHits(Napi::Env env, const Index& index, const SearchResults& results);

}  // namespace segvec::binding
