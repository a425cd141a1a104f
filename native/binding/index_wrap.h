// The JavaScript handle of an Index. Each method: check the arguments that memory safety depends on, call the core.
#pragma once

#include <napi.h>

#include <memory>
#include <optional>

#include "base/strand.h"
#include "id_restoration.h"
#include "index/compactor.h"
#include "index/index.h"
#include "index/index_directory.h"
#include "index/logged_changes.h"
#include "instance.h"
#include "search_room.h"

namespace segvec::binding {

class AsyncTask;

// What a handle and its running tasks share. It outlives the handle while a task runs.
// Thread safety: JavaScript thread only, but for the index itself.
struct IndexState {
  std::shared_ptr<Index> index;               // null once closed
  std::shared_ptr<IndexDirectory> directory;  // null in memory, and once closed
  std::shared_ptr<LoggedChanges> changes;     // null where changes are not logged, and once closed
  std::shared_ptr<IdRestoration> restoration;  // null where there is none to be stopped
  std::shared_ptr<Strand> writer = std::make_shared<Strand>();
  std::shared_ptr<Strand> committer = std::make_shared<Strand>();  // what reads or writes the directory
  std::shared_ptr<Compactor> compactor;
  size_t in_flight_count = 0;
  bool is_closed = false;
  bool is_collected = false;           // the handle is gone
  AsyncTask* pending_close = nullptr;  // starts when nothing is in flight any more
  ReportedMemory memory;

  // Throws CLOSED.
  Index& Open() const;
  // Throws CLOSED, READ_ONLY.
  Index& OpenForWriting() const;
  void ReportMemory(Napi::Env env);
};

// Options as the TypeScript layer has filled them in. Throws INVALID_ARGUMENT.
IndexOptions ReadOptions(const Napi::Value& value);

class IndexWrap : public Napi::ObjectWrap<IndexWrap> {
 public:
  static Napi::Function Define(Napi::Env env);
  // The handle of an index that has been opened.
  static Napi::Object Create(Napi::Env env, std::shared_ptr<Index> index, std::shared_ptr<IndexDirectory> directory);

  explicit IndexWrap(const Napi::CallbackInfo& info);
  void Finalize(Napi::Env env) override;

 private:
  Napi::Value AddRows(const Napi::CallbackInfo& info, LogRecordType type);

  Napi::Value Size(const Napi::CallbackInfo& info);
  Napi::Value MakeStage(const Napi::CallbackInfo& info);
  Napi::Value Add(const Napi::CallbackInfo& info);
  Napi::Value Upsert(const Napi::CallbackInfo& info);
  Napi::Value Remove(const Napi::CallbackInfo& info);
  Napi::Value Compact(const Napi::CallbackInfo& info);
  Napi::Value Search(const Napi::CallbackInfo& info);
  void UseRoom(const Napi::CallbackInfo& info);
  Napi::Value SearchSync(const Napi::CallbackInfo& info);
  Napi::Value Calibrate(const Napi::CallbackInfo& info);
  void RestoreIds(const Napi::CallbackInfo& info);
  Napi::Value CalibrationState(const Napi::CallbackInfo& info);
  Napi::Value EfFor(const Napi::CallbackInfo& info);
  Napi::Value Has(const Napi::CallbackInfo& info);
  Napi::Value Get(const Napi::CallbackInfo& info);
  Napi::Value Stats(const Napi::CallbackInfo& info);
  Napi::Value Entries(const Napi::CallbackInfo& info);
  Napi::Value Options(const Napi::CallbackInfo& info);
  Napi::Value Storage(const Napi::CallbackInfo& info);
  Napi::Value Commit(const Napi::CallbackInfo& info);
  Napi::Value Save(const Napi::CallbackInfo& info);
  Napi::Value Bundle(const Napi::CallbackInfo& info);
  Napi::Value Refresh(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  std::shared_ptr<IndexState> state_ = std::make_shared<IndexState>();
  std::optional<SearchRoom> room_;  // of SearchSync()
};

}  // namespace segvec::binding
