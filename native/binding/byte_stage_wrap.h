// Native memory that bytes are copied into, slice by slice, before anything looks at them.
#pragma once

#include <napi.h>

#include <memory>

#include "base/growable_memory.h"
#include "instance.h"
#include "storage/memory_files.h"

namespace segvec::binding {

class ByteStageWrap : public Napi::ObjectWrap<ByteStageWrap> {
 public:
  static constexpr napi_type_tag kTypeTag{0x51a6f3c2e08d4b97, 0xc4e87d1f62b9350a};

  // new ByteStage(byteLength)
  static Napi::Function Define(Napi::Env env);

  explicit ByteStageWrap(const Napi::CallbackInfo& info);
  void Finalize(Napi::Env env) override;

  // The bytes, once and when all of them are there. Throws INVALID_ARGUMENT.
  MemoryFiles::Piece Take();

 private:
  void Append(const Napi::CallbackInfo& info);

  std::shared_ptr<GrowableMemory> memory_;  // null once taken
  size_t size_ = 0, appended_ = 0;
  ReportedMemory reported_;
};

}  // namespace segvec::binding
