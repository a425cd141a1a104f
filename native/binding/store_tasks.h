// The operations of an index that read or write its directory.
#pragma once

#include <napi.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "index_tasks.h"

namespace segvec::binding {

// Commits the index, or saves it elsewhere (subclasses: anywhere but in its directory): what it holds is taken down in turn with the adds, and written
// beside them.
class StoreTask : public IndexTask {
 public:
  // Makes and launches the task; an empty `path` means the index's own directory.
  static Napi::Value Start(Napi::Env env, const std::shared_ptr<IndexState>& state,
                           std::shared_ptr<CancelToken> cancel, std::string path);

 protected:
  void Execute() final;
  // Writes what was taken down.
  virtual void Store(const IndexImage& image);
  Napi::Value Result(Napi::Env env) override { return env.Undefined(); }
  void Finish(Napi::Env env) override;

  StoreTask(Napi::Env env, const std::shared_ptr<IndexState>& state, std::shared_ptr<CancelToken> cancel,
            std::string path)
      : IndexTask(env, state, std::move(cancel)), directory_(state->directory), path_(std::move(path)) {}

  static Napi::Value Launch(Napi::Env env, std::unique_ptr<StoreTask> launched);

 private:
  void Capture() noexcept;

  std::shared_ptr<IndexDirectory> directory_;
  const std::string path_;
  IndexImage image_;
  std::optional<Error> error_;  // of the capture
};

// Moves a reader to the newest generation. Resolves with whether there was a newer one.
class RefreshTask : public IndexTask {
 public:
  RefreshTask(Napi::Env env, const std::shared_ptr<IndexState>& state, std::shared_ptr<CancelToken> cancel)
      : IndexTask(env, state, std::move(cancel)), shared_state_(state), directory_(state->directory) {}

 protected:
  void Execute() override;
  Napi::Value Result(Napi::Env env) override { return Napi::Boolean::New(env, has_moved_); }
  void Finish(Napi::Env env) override;

 private:
  std::shared_ptr<IndexState> shared_state_;
  std::shared_ptr<IndexDirectory> directory_;
  std::shared_ptr<Index> newer_;
  bool has_moved_ = false;
};

}  // namespace segvec::binding
