#include "bundle_wrap.h"

#include <utility>

#include "errors.h"
#include "free_elsewhere.h"
#include "index/index_bundle.h"

namespace segvec::binding {

Napi::Function BundleWrap::Define(Napi::Env env) {
  return DefineClass(env, "Bundle",
                     {InstanceAccessor("byteLength", &BundleWrap::ByteLength, nullptr),
                      InstanceMethod("read", &BundleWrap::Read)});
}

Napi::Object BundleWrap::Create(Napi::Env env, std::shared_ptr<const Bundle> bundle) {
  return Instance::Of(env).bundle_constructor.New(
      {Napi::External<std::shared_ptr<const Bundle>>::New(env, &bundle)});
}

BundleWrap::BundleWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<BundleWrap>(info) {
  Guard(info.Env(), [&] {
    if (!info[0].IsExternal()) throw Error(ErrorCode::kInvalidArgument, "a bundle is made by index.bundle()");
    bundle_ = *info[0].As<Napi::External<std::shared_ptr<const Bundle>>>().Data();
    reported_.Update(info.Env(), bundle_->size());
  });
}

void BundleWrap::Finalize(Napi::Env env) {
  reported_.Update(env, 0);
  if (bundle_) FreeElsewhere(std::move(bundle_));
}

Napi::Value BundleWrap::ByteLength(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(bundle_->size()));
}

void BundleWrap::Read(const Napi::CallbackInfo& info) {
  Guard(info.Env(), [&] {
    const double offset = info[0].IsNumber() ? info[0].As<Napi::Number>().DoubleValue() : -1;
    if (!info[1].IsTypedArray() || info[1].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
      throw Error(ErrorCode::kInvalidArgument, "the target must be a Uint8Array");
    }
    auto target = info[1].As<Napi::Uint8Array>();
    const size_t count = target.ElementLength();
    const uint64_t size = bundle_->size();
    if (!(offset >= 0 && offset <= static_cast<double>(size)) ||
        count > size - static_cast<uint64_t>(offset)) {
      throw Error(ErrorCode::kInvalidArgument, "the slice lies outside of the bundle");
    }
    bundle_->Read(static_cast<uint64_t>(offset), {reinterpret_cast<std::byte*>(target.Data()), count});
  });
}

Napi::Value BundleTask::Start(Napi::Env env, const std::shared_ptr<IndexState>& state,
                              std::shared_ptr<CancelToken> cancel) {
  return Launch(env, std::unique_ptr<StoreTask>(new BundleTask(env, state, std::move(cancel), "buffer")));
}

void BundleTask::Store(const IndexImage& image) {
  bundle_ = std::make_shared<const Bundle>(MakeBundle(index().options(), image, cancel()));
}

}  // namespace segvec::binding
