// Walks the vectors of one snapshot, some rows at a time.
#pragma once

#include <napi.h>

#include <memory>

#include "index_wrap.h"

namespace segvec::binding {

class CursorWrap : public Napi::ObjectWrap<CursorWrap> {
 public:
  static Napi::Function Define(Napi::Env env);
  static Napi::Object Create(Napi::Env env, std::shared_ptr<IndexState> state);

  explicit CursorWrap(const Napi::CallbackInfo& info);
  void Finalize(Napi::Env env) override;

 private:
  Napi::Value Next(const Napi::CallbackInfo& info);

  std::shared_ptr<IndexState> state_;
  std::shared_ptr<const Snapshot> snapshot_;
  size_t view_ = 0;
  uint32_t slot_ = 0;
};

}  // namespace segvec::binding
