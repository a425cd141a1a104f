// The JavaScript handle of a CancelToken.
#pragma once

#include <napi.h>

#include <memory>

#include "base/cancel_token.h"
#include "instance.h"

namespace segvec::binding {

class CancelTokenWrap : public Napi::ObjectWrap<CancelTokenWrap> {
 public:
  static constexpr napi_type_tag kTypeTag{0x7d1c93a8b2e04f61, 0x9a40c5be1f37d208};

  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "CancelToken", {InstanceMethod("cancel", &CancelTokenWrap::Cancel)});
  }
  explicit CancelTokenWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<CancelTokenWrap>(info) {
    info.This().As<Napi::Object>().TypeTag(&kTypeTag);
  }

  // The token behind an optional argument; null when it was left out.
  static std::shared_ptr<CancelToken> FromArgument(Napi::Value value) {
    CancelTokenWrap* wrap = UnwrapTagged<CancelTokenWrap>(value);
    return wrap == nullptr ? nullptr : wrap->token_;
  }

 private:
  void Cancel(const Napi::CallbackInfo&) { token_->Cancel(); }

  std::shared_ptr<CancelToken> token_ = std::make_shared<CancelToken>();
};

}  // namespace segvec::binding
