#include "async_task.h"

#include "errors.h"

namespace segvec::binding {

std::shared_ptr<Completions> Completions::Create(Napi::Env env) {
  auto self = std::make_shared<Completions>();
  napi_value name;
  if (napi_create_string_utf8(env, "segvec", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, self.get(), OnDelivery,
                                      &self->tsfn_) != napi_ok) {
    throw Napi::Error::New(env, "could not create a thread-safe function");
  }
  napi_unref_threadsafe_function(env, self->tsfn_);
  // Hooks run last in, first out: this one before the thread-safe function's own.
  auto* held = new std::shared_ptr<Completions>(self);
  napi_add_env_cleanup_hook(env, OnEnvironmentEnd, held);
  return self;
}

void Completions::OnEnvironmentEnd(void* data) {
  const std::unique_ptr<std::shared_ptr<Completions>> held(static_cast<std::shared_ptr<Completions>*>(data));
  Completions& self = **held;
  std::lock_guard lock(self.mutex_);
  for (AsyncTask* task : self.running_) task->cancel().Cancel();
  napi_release_threadsafe_function(self.tsfn_, napi_tsfn_abort);
  self.tsfn_ = nullptr;
}

void Completions::Begin(Napi::Env env, AsyncTask* task) {
  std::lock_guard lock(mutex_);
  running_.insert(task);
  // The only failure is a closing environment, where nothing needs keeping alive.
  if (task->keeps_process_alive() && pending_count_++ == 0 && tsfn_ != nullptr) napi_ref_threadsafe_function(env, tsfn_);
}

void Completions::End(Napi::Env env, AsyncTask* task) {
  std::lock_guard lock(mutex_);
  if (running_.erase(task) > 0) LetProcessEnd(env, *task);
}

void Completions::LetProcessEnd(Napi::Env env, const AsyncTask& task) {
  if (task.keeps_process_alive() && --pending_count_ == 0 && tsfn_ != nullptr) napi_unref_threadsafe_function(env, tsfn_);
}

void Completions::Deliver(AsyncTask* task) {
  std::unique_ptr<AsyncTask> owned(task);
  std::lock_guard lock(mutex_);
  running_.erase(task);
  if (tsfn_ != nullptr && napi_call_threadsafe_function(tsfn_, task, napi_tsfn_nonblocking) == napi_ok) {
    owned.release();  // OnDelivery owns it now
  }
}

void Completions::OnDelivery(napi_env env, napi_value, void*, void* data) {
  std::unique_ptr<AsyncTask> task(static_cast<AsyncTask*>(data));
  if (env == nullptr) return;  // the environment is going down
  const std::shared_ptr<Completions> self = task->completions();
  {
    std::lock_guard lock(self->mutex_);
    self->LetProcessEnd(env, *task);
  }
  task->Settle(env);
}

Napi::Promise AsyncTask::LaunchOnPool(Napi::Env env, std::unique_ptr<AsyncTask> task, ThreadPool::Priority priority) {
  return Launch(env, std::move(task), [priority](AsyncTask* launched) {
    ThreadPool::Shared().Post(priority, [launched] { launched->Run(); });
  });
}

void AsyncTask::Run() {
  std::exception_ptr error;
  try {
    cancel_->Check();
    Execute();
  } catch (...) {
    error = std::current_exception();
  }
  Conclude(error);
  Complete(std::move(error));
}

void AsyncTask::Complete(std::exception_ptr error) {
  if (error) error_ = Translate(std::move(error));
  const std::shared_ptr<Completions> completions = completions_;
  completions->Deliver(this);
}

void AsyncTask::Settle(Napi::Env env) {
  const Napi::HandleScope scope(env);
  try {
    Finish(env);
    if (error_) {
      deferred_.Reject(MakeError(env, *error_).Value());
    } else {
      deferred_.Resolve(Guard(env, [&] { return Result(env); }));
    }
  } catch (const Napi::Error& error) {
    // Making the result failed, or the environment is terminating and there is nobody left to tell.
    try {
      deferred_.Reject(error.Value());
    } catch (const Napi::Error&) {
    }
  } catch (...) {
    // Of Finish(): out of memory. Nothing but this may leave a callback of Node's.
    try {
      deferred_.Reject(MakeError(env, Translate(std::current_exception())).Value());
    } catch (const Napi::Error&) {
    }
  }
}

}  // namespace segvec::binding
