// One asynchronous operation: runs on the pool, settles a promise on the JavaScript thread.
//
// Life: made and posted on the JavaScript thread -> Execute() on a pool thread -> delivered through the environment's one
// thread-safe function -> Settle() on the JavaScript thread, then destroyed there. When the environment ends first, the
// operation is cancelled and destroyed without touching JavaScript.
#pragma once

#include <napi.h>

#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_set>

#include "base/cancel_token.h"
#include "base/error.h"

namespace segvec::binding {

class AsyncTask;

// Where the finished tasks of one environment (main thread or worker) arrive.
// Thread safety: Deliver() from any thread; the rest on the JavaScript thread.
class Completions : public std::enable_shared_from_this<Completions> {
 public:
  static std::shared_ptr<Completions> Create(Napi::Env env);

  // Announces a task; keeps the process alive until it is delivered, if the task does.
  void Begin(Napi::Env env, AsyncTask* task);
  // Hands a finished task over to the JavaScript thread.
  void Deliver(AsyncTask* task);

 private:
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

  Napi::Promise promise() const { return deferred_.Promise(); }
  CancelToken& cancel() { return *cancel_; }
  const std::shared_ptr<CancelToken>& shared_cancel() const { return cancel_; }

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
  // What has to be over before anybody hears how Execute() ended.
  virtual void Conclude() noexcept {}
  // The value to resolve with; JavaScript thread, after a successful Execute().
  virtual Napi::Value Result(Napi::Env env) = 0;
  // Whatever has to happen on the JavaScript thread in either case, before the promise is settled.
  virtual void Finish(Napi::Env) {}

 private:
  std::shared_ptr<Completions> completions_;
  std::shared_ptr<CancelToken> cancel_;
  Napi::Promise::Deferred deferred_;
  std::optional<Error> error_;
};

}  // namespace segvec::binding
