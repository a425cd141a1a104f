// One asynchronous operation: runs on the pool, settles a promise on the JavaScript thread.
//
// Life: made and launched on the JavaScript thread -> Execute() on a pool thread -> delivered through the environment's one
// thread-safe function -> Settle() on the JavaScript thread, then destroyed there. When the environment ends first, the
// operation is cancelled and destroyed without touching JavaScript. When it cannot be launched, it is as if it had not been made.
#pragma once

#include <napi.h>

#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_set>

#include "base/cancel_token.h"
#include "base/error.h"
#include "base/thread_pool.h"

namespace segvec::binding {

class AsyncTask;

// Where the finished tasks of one environment (main thread or worker) arrive.
// Thread safety: Deliver() from any thread; the rest on the JavaScript thread.
class Completions : public std::enable_shared_from_this<Completions> {
 public:
  static std::shared_ptr<Completions> Create(Napi::Env env);

  // Announces a task; keeps the process alive until it is delivered, if the task does.
  void Begin(Napi::Env env, AsyncTask* task);
  // Takes that back, if it has been done.
  void End(Napi::Env env, AsyncTask* task);
  // Hands a finished task over to the JavaScript thread.
  void Deliver(AsyncTask* task);

 private:
  // REQUIRES: mutex_ held.
  void LetProcessEnd(Napi::Env env, const AsyncTask& task);
  static void OnEnvironmentEnd(void* self);
  static void OnDelivery(napi_env env, napi_value function, void* context, void* data);

  std::mutex mutex_;  // guards tsfn_, which no thread may use after the environment has ended
  napi_threadsafe_function tsfn_ = nullptr;
  std::unordered_set<AsyncTask*> running_;
  size_t pending_count_ = 0;  // tasks that keep the process alive
};

class AsyncTask {
 public:
  AsyncTask(Napi::Env env, std::shared_ptr<Completions> completions, std::shared_ptr<CancelToken> cancel)
      : completions_(std::move(completions)),
        cancel_(cancel ? std::move(cancel) : std::make_shared<CancelToken>()),
        deferred_(Napi::Promise::Deferred::New(env)) {}
  virtual ~AsyncTask() = default;

  CancelToken& cancel() { return *cancel_; }
  const std::shared_ptr<CancelToken>& shared_cancel() const { return cancel_; }

  // Announces a task and hands it to `post`, which sees to it that it is run, or throws. Then nothing is left of the task, and the
  // error goes on.
  template <class Task, class Post>
  static Napi::Promise Launch(Napi::Env env, std::unique_ptr<Task> task, const Post& post);
  static Napi::Promise LaunchOnPool(Napi::Env env, std::unique_ptr<AsyncTask> task, ThreadPool::Priority priority);

  // Runs the task and delivers it. Called once, on a pool thread.
  void Run();
  // Delivers the task with what its work threw, if anything. Called once, on a pool thread, by Run() or in its place.
  void Complete(std::exception_ptr error);
  // Settles the promise. JavaScript thread.
  void Settle(Napi::Env env);

  std::shared_ptr<Completions> completions() const { return completions_; }

  // Whether the process waits for the task when it has nothing else to do.
  virtual bool keeps_process_alive() const { return true; }

 protected:
  // The work itself; what it throws rejects the promise.
  virtual void Execute() = 0;
  // What has to be over before anybody hears how Execute() ended: with `error`, if with any, which may be replaced.
  virtual void Conclude(std::exception_ptr& error) noexcept { static_cast<void>(error); }
  // The value to resolve with; JavaScript thread, after a successful Execute().
  virtual Napi::Value Result(Napi::Env env) = 0;
  // Whatever has to happen on the JavaScript thread when the task is launched; and in any case after that, before the promise is
  // settled.
  virtual void Begin() noexcept {}
  virtual void Finish(Napi::Env) {}

 private:
  std::shared_ptr<Completions> completions_;
  std::shared_ptr<CancelToken> cancel_;
  Napi::Promise::Deferred deferred_;
  std::optional<Error> error_;
};

template <class Task, class Post>
Napi::Promise AsyncTask::Launch(Napi::Env env, std::unique_ptr<Task> task, const Post& post) {
  AsyncTask& base = *task;
  const Napi::Promise promise = base.deferred_.Promise();
  base.Begin();
  try {
    base.completions_->Begin(env, &base);
    post(task.get());
  } catch (...) {
    base.completions_->End(env, &base);
    base.Finish(env);
    throw;
  }
  // It may have run already.
  static_cast<void>(task.release());
  return promise;
}

}  // namespace segvec::binding
