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
  Napi::Value Close(const Napi::CallbackInfo& info);
  // Lets go of what it walks, which may take time, off the JavaScript thread.
  void Release();

  std::shared_ptr<IndexState> state_;
  // What is walked, until the end: the index of the call, which knows the texts of the snapshot's ids. A reader that is refreshed
  // has another one by then.
  std::shared_ptr<const Index> index_;
  std::shared_ptr<const Snapshot> snapshot_;
  size_t view_ = 0;
  uint32_t slot_ = 0;
};

}  // namespace segvec::binding
