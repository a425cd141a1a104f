#include "byte_stage_wrap.h"

#include <cstring>
#include <string>
#include <utility>

#include "errors.h"
#include "free_elsewhere.h"

namespace segvec::binding {

Napi::Function ByteStageWrap::Define(Napi::Env env) {
  return DefineClass(env, "ByteStage", {InstanceMethod("append", &ByteStageWrap::Append)});
}

ByteStageWrap::ByteStageWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<ByteStageWrap>(info) {
  Guard(info.Env(), [&] {
    const double size = info[0].IsNumber() ? info[0].As<Napi::Number>().DoubleValue() : -1;
    if (!(size >= 0 && size <= static_cast<double>(uint64_t{1} << 53))) {
      throw Error(ErrorCode::kInvalidArgument, "the number of bytes is out of range");
    }
    size_ = static_cast<size_t>(size);
    memory_ = std::make_shared<GrowableMemory>(size_);
    info.This().As<Napi::Object>().TypeTag(&kTypeTag);
  });
}

void ByteStageWrap::Finalize(Napi::Env env) {
  reported_.Update(env, 0);
  if (memory_) FreeElsewhere(std::move(memory_));
}

void ByteStageWrap::Append(const Napi::CallbackInfo& info) {
  Guard(info.Env(), [&] {
    if (!memory_) throw Error(ErrorCode::kInvalidArgument, "the bytes have been taken already");
    if (!info[0].IsTypedArray() || info[0].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
      throw Error(ErrorCode::kInvalidArgument, "bytes must be a Uint8Array");
    }
    const auto bytes = info[0].As<Napi::Uint8Array>();
    const size_t count = bytes.ElementLength();
    if (count > size_ - appended_) {
      throw Error(ErrorCode::kInvalidArgument, "more bytes than the " + std::to_string(size_) + " announced");
    }
    if (count == 0) return;
    memory_->Commit(appended_ + count);
    std::memcpy(memory_->data() + appended_, bytes.Data(), count);
    appended_ += count;
    reported_.Update(info.Env(), memory_->committed_bytes());
  });
}

MemoryFiles::Piece ByteStageWrap::Take() {
  if (!memory_ || appended_ < size_) {
    throw Error(ErrorCode::kInvalidArgument,
                "the bytes are incomplete: " + std::to_string(appended_) + " of " + std::to_string(size_));
  }
  reported_.Update(Env(), 0);
  const std::shared_ptr<GrowableMemory> memory = std::move(memory_);
  return {{memory->data(), size_}, memory};
}

}  // namespace segvec::binding
