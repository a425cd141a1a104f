#include "cursor_wrap.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "errors.h"
#include "free_elsewhere.h"
#include "ids.h"

namespace segvec::binding {
namespace {

// Dead slots take time, too: a block may be empty, and the next call goes on.
constexpr size_t kMostSlotsPerCall = 1 << 18;

}  // namespace

Napi::Function CursorWrap::Define(Napi::Env env) {
  return DefineClass(env, "Cursor", {InstanceMethod("next", &CursorWrap::Next), InstanceMethod("close", &CursorWrap::Close)});
}

Napi::Object CursorWrap::Create(Napi::Env env, std::shared_ptr<IndexState> state) {
  return Instance::Of(env).cursor_constructor.New({Napi::External<std::shared_ptr<IndexState>>::New(env, &state)});
}

CursorWrap::CursorWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<CursorWrap>(info) {
  Guard(info.Env(), [&] {
    if (!info[0].IsExternal()) throw Error(ErrorCode::kInvalidArgument, "a cursor is made by index.entries()");
    state_ = *info[0].As<Napi::External<std::shared_ptr<IndexState>>>().Data();
    snapshot_ = state_->Open().snapshot();
    index_ = state_->index;
  });
}

void CursorWrap::Finalize(Napi::Env) { Release(); }

Napi::Value CursorWrap::Close(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&]() -> Napi::Value {
    Release();
    return info.Env().Undefined();
  });
}

void CursorWrap::Release() {
  if (snapshot_) FreeElsewhere(std::move(index_), std::move(snapshot_));
}

Napi::Value CursorWrap::Next(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&]() -> Napi::Value {
    state_->Open();  // or throws
    if (!snapshot_) return info.Env().Undefined();
    const Index& index = *index_;
    const size_t max_rows = std::max<uint32_t>(info[0].As<Napi::Number>().Uint32Value(), 1);
    std::vector<uint64_t> ids;
    std::vector<float> values;
    const size_t dimension = index.options().dimension;
    size_t slots_left = kMostSlotsPerCall;
    while (view_ < snapshot_->views.size() && ids.size() < max_rows && slots_left > 0) {
      const SegmentView& view = snapshot_->views[view_];
      for (; slot_ < view.slot_count && ids.size() < max_rows && slots_left > 0; ++slot_, --slots_left) {
        if (!view.visibility().Contains(slot_)) continue;
        ids.push_back(view.segment->id(slot_));
        values.resize(ids.size() * dimension);
        view.segment->CopyVector(slot_, values.data() + values.size() - dimension);
      }
      if (slot_ < view.slot_count) break;
      ++view_;
      slot_ = 0;
    }
    if (view_ == snapshot_->views.size() && ids.empty()) {
      Release();
      return info.Env().Undefined();
    }
    auto vectors = Napi::Float32Array::New(info.Env(), values.size());
    std::copy(values.begin(), values.end(), vectors.Data());
    Napi::Object block = Napi::Object::New(info.Env());
    block.Set("ids", MakeIds(info.Env(), index, ids));
    block.Set("vectors", vectors);
    return block;
  });
}

}  // namespace segvec::binding
