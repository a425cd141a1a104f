// What the addon keeps per environment (main thread or worker): no statics, so that each may end when it likes.
#pragma once

#include <napi.h>

#include <memory>

#include "async_task.h"

namespace segvec::binding {

struct Instance {
  std::shared_ptr<Completions> completions;
  Napi::FunctionReference stage_constructor;
  Napi::FunctionReference cursor_constructor;
  Napi::FunctionReference index_constructor;
  Napi::FunctionReference bundle_constructor;

  static Instance& Of(Napi::Env env) { return *env.GetInstanceData<Instance>(); }
};

// Tells V8 how much native memory hangs on its objects, so that it knows when to collect them.
class ReportedMemory {
 public:
  void Update(Napi::Env env, size_t bytes) {
    const int64_t change = static_cast<int64_t>(bytes) - reported_;
    if (change == 0) return;
    // Called from finalizers, too, where an environment that is ending may refuse: then nobody is left to know.
    int64_t total;
    if (napi_adjust_external_memory(env, change, &total) != napi_ok) return;
    reported_ = static_cast<int64_t>(bytes);
  }

 private:
  int64_t reported_ = 0;
};

// Marks the objects of one class, so that an argument is what it claims to be before it is unwrapped.
template <class Wrap>
Wrap* UnwrapTagged(Napi::Value value) {
  if (!value.IsObject()) return nullptr;
  bool is_tagged = false;
  const Napi::Object object = value.As<Napi::Object>();
  if (napi_check_object_type_tag(object.Env(), object, &Wrap::kTypeTag, &is_tagged) != napi_ok || !is_tagged) {
    return nullptr;
  }
  return Wrap::Unwrap(object);
}

}  // namespace segvec::binding
