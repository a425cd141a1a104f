// An index as one piece of bytes: made off the JavaScript thread, then read out slice by slice.
#pragma once

#include <napi.h>

#include <memory>
#include <optional>

#include "instance.h"
#include "storage/bundle.h"
#include "store_tasks.h"

namespace segvec::binding {

class BundleWrap : public Napi::ObjectWrap<BundleWrap> {
 public:
  static Napi::Function Define(Napi::Env env);
  static Napi::Object Create(Napi::Env env, std::shared_ptr<const Bundle> bundle);

  explicit BundleWrap(const Napi::CallbackInfo& info);
  void Finalize(Napi::Env env) override;

 private:
  Napi::Value ByteLength(const Napi::CallbackInfo& info);
  // read(offset, target): fills the Uint8Array.
  void Read(const Napi::CallbackInfo& info);

  std::shared_ptr<const Bundle> bundle_;
  ReportedMemory reported_;
};

// Takes an index down to a bundle, at its turn among the changes. Resolves with the handle of one.
class BundleTask : public StoreTask {
 public:
  static Napi::Value Start(Napi::Env env, const std::shared_ptr<IndexState>& state,
                           std::shared_ptr<CancelToken> cancel);

 protected:
  void Store(const IndexImage& image) override;
  Napi::Value Result(Napi::Env env) override { return BundleWrap::Create(env, std::move(bundle_)); }

 private:
  using StoreTask::StoreTask;

  std::shared_ptr<const Bundle> bundle_;
};

}  // namespace segvec::binding
