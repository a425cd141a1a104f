#include "stage_wrap.h"

#include <string>
#include <utility>

#include "errors.h"
#include "ids.h"

namespace segvec::binding {
namespace {

// What the constructor needs; only the addon itself can make one.
struct StageArguments {
  const IndexOptions& options;
  size_t row_count;
};

}  // namespace

Napi::Function StageWrap::Define(Napi::Env env) {
  return DefineClass(env, "Stage",
                     {InstanceMethod("appendRows", &StageWrap::AppendRows),
                      InstanceMethod("appendIds", &StageWrap::AppendIds),
                      InstanceAccessor("insertedCount", &StageWrap::InsertedCount, nullptr)});
}

Napi::Object StageWrap::Create(Napi::Env env, const IndexOptions& options, size_t row_count) {
  StageArguments arguments{options, row_count};
  return Instance::Of(env).stage_constructor.New({Napi::External<StageArguments>::New(env, &arguments)});
}

StageWrap::StageWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<StageWrap>(info) {
  Guard(info.Env(), [&] {
    if (!info[0].IsExternal()) throw Error(ErrorCode::kInvalidArgument, "a stage is made by index.stage()");
    const StageArguments& arguments = *info[0].As<Napi::External<StageArguments>>().Data();
    stage_ = std::make_shared<Stage>(arguments.options.dimension, arguments.row_count);
    id_type_ = arguments.options.id_type;
    info.This().As<Napi::Object>().TypeTag(&kTypeTag);
  });
}

std::shared_ptr<Stage> StageWrap::Take() {
  CheckOpen();
  const size_t id_count = stage_->id_count();
  if (!stage_->is_complete() || (id_count > 0 && id_count != stage_->row_count())) {
    throw Error(ErrorCode::kInvalidArgument, "the stage is incomplete: " + std::to_string(stage_->row_count()) +
                                                 " rows and " + std::to_string(id_count) + " ids");
  }
  return HandOver();
}

std::shared_ptr<Stage> StageWrap::TakeIds() {
  CheckOpen();
  if (stage_->row_count() > 0) {
    throw Error(ErrorCode::kInvalidArgument,
                "the stage holds " + std::to_string(stage_->row_count()) + " rows; expected ids alone");
  }
  return HandOver();
}

std::shared_ptr<Stage> StageWrap::HandOver() {
  is_taken_ = true;
  memory_.Update(Env(), 0);  // whoever takes it reports it now
  return stage_;
}

void StageWrap::CheckOpen() const {
  if (is_taken_) throw Error(ErrorCode::kInvalidArgument, "the stage has been added already");
}

void StageWrap::AppendRows(const Napi::CallbackInfo& info) {
  Guard(info.Env(), [&] {
    CheckOpen();
    if (!info[0].IsTypedArray() || info[0].As<Napi::TypedArray>().TypedArrayType() != napi_float32_array) {
      throw Error(ErrorCode::kInvalidArgument, "rows must be a Float32Array");
    }
    const auto rows = info[0].As<Napi::Float32Array>();
    const size_t count = rows.ElementLength();
    if (count % dimension() != 0) {
      throw Error(ErrorCode::kDimensionMismatch, "rows hold " + std::to_string(count) +
                                                     " values; expected a multiple of dimension " +
                                                     std::to_string(dimension()));
    }
    if (count > 0) stage_->AppendRows(rows.Data(), count);
    memory_.Update(info.Env(), stage_->memory_bytes());
  });
}

void StageWrap::AppendIds(const Napi::CallbackInfo& info) {
  Guard(info.Env(), [&] {
    CheckOpen();
    binding::AppendIds(info[0], id_type_, *stage_);
  });
}

Napi::Value StageWrap::InsertedCount(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(stage_->inserted_count.load()));
}

}  // namespace segvec::binding
