// The module: its classes, and what it says about itself.
#include <napi.h>

#include "bundle_wrap.h"
#include "byte_stage_wrap.h"
#include "cancel_token_wrap.h"
#include "cursor_wrap.h"
#include "directory_tasks.h"
#include "distance/instruction_set.h"
#include "errors.h"
#include "index_wrap.h"
#include "instance.h"
#include "open_index.h"
#include "stage_wrap.h"
#include "stay_loaded.h"

namespace segvec::binding {
namespace {

Napi::Value InstructionSets(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&]() -> Napi::Value {
    const Napi::Env env = info.Env();
    const auto& sets = AvailableInstructionSets();
    auto available = Napi::Array::New(env, sets.size());
    for (size_t i = 0; i < sets.size(); ++i) {
      available.Set(static_cast<uint32_t>(i), Napi::String::New(env, InstructionSetName(sets[i])));
    }
    Napi::Object result = Napi::Object::New(env);
    result.Set("selected", Napi::String::New(env, InstructionSetName(SelectedInstructionSet())));
    result.Set("available", available);
    return result;
  });
}

Napi::Object Initialize(Napi::Env env, Napi::Object exports) {
  StayLoaded();
  OutOfMemoryError();
  auto* instance = new Instance;
  env.SetInstanceData(instance);
  instance->completions = Completions::Create(env);
  instance->stage_constructor = Napi::Persistent(StageWrap::Define(env));
  instance->cursor_constructor = Napi::Persistent(CursorWrap::Define(env));
  instance->bundle_constructor = Napi::Persistent(BundleWrap::Define(env));

  auto codes = Napi::Array::New(env);
  for (const ErrorCode code : kErrorCodes) codes.Set(codes.Length(), Napi::String::New(env, ErrorCodeName(code)));
  exports.Set("errorCodes", codes);
  const Napi::Function index_class = IndexWrap::Define(env);
  instance->index_constructor = Napi::Persistent(index_class);
  exports.Set("Index", index_class);
  exports.Set("openIndex", Napi::Function::New(env, OpenIndex, "openIndex"));
  exports.Set("ByteStage", ByteStageWrap::Define(env));
  exports.Set("openBuffer", Napi::Function::New(env, OpenBuffer, "openBuffer"));
  exports.Set("inspectDirectory", Napi::Function::New(env, InspectDirectory, "inspectDirectory"));
  exports.Set("verifyDirectory", Napi::Function::New(env, VerifyDirectory, "verifyDirectory"));
  exports.Set("CancelToken", CancelTokenWrap::Define(env));
  exports.Set("instructionSets", Napi::Function::New(env, InstructionSets, "instructionSets"));
  return exports;
}

}  // namespace
}  // namespace segvec::binding

static Napi::Object Initialize(Napi::Env env, Napi::Object exports) {
  return segvec::binding::Initialize(env, exports);
}

NODE_API_MODULE(segvec, Initialize)
