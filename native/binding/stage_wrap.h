// The JavaScript handle of a Stage.
#pragma once

#include <napi.h>

#include <memory>

#include "index/options.h"
#include "index/stage.h"
#include "instance.h"

namespace segvec::binding {

class StageWrap : public Napi::ObjectWrap<StageWrap> {
 public:
  static constexpr napi_type_tag kTypeTag{0x2b7f60d94c1e4a85, 0xb6d20e97a3f85c14};

  static Napi::Function Define(Napi::Env env);
  static Napi::Object Create(Napi::Env env, const IndexOptions& options, size_t row_count);

  explicit StageWrap(const Napi::CallbackInfo& info);
  void Finalize(Napi::Env env) override { memory_.Update(env, 0); }

  size_t dimension() const { return stage_->dimension(); }
  IdType id_type() const { return id_type_; }
  // The stage, once: after this, JavaScript can only watch its progress.
  std::shared_ptr<Stage> Take();
  // The same for a stage of ids without rows.
  std::shared_ptr<Stage> TakeIds();

 private:
  void AppendRows(const Napi::CallbackInfo& info);
  void AppendIds(const Napi::CallbackInfo& info);
  Napi::Value InsertedCount(const Napi::CallbackInfo& info);
  void CheckOpen() const;
  std::shared_ptr<Stage> HandOver();

  std::shared_ptr<Stage> stage_;
  IdType id_type_ = IdType::kNumber;
  bool is_taken_ = false;
  ReportedMemory memory_;
};

}  // namespace segvec::binding
