#include "index_wrap.h"

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/thread_pool.h"
#include "bundle_wrap.h"
#include "cancel_token_wrap.h"
#include "cursor_wrap.h"
#include "elements.h"
#include "errors.h"
#include "free_elsewhere.h"
#include "ids.h"
#include "index_tasks.h"
#include "open_index.h"
#include "stage_wrap.h"
#include "store_tasks.h"

namespace segvec::binding {
namespace {

// More rows than this cannot be addressed by the slots of any index that fits in memory.
constexpr double kMaxStageRows = 4294967295.0;

Error InvalidArgument(const std::string& message) { return Error(ErrorCode::kInvalidArgument, message); }

double NumberWithin(const Napi::Value& value, const char* name, double low, double high) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
  if (!(number >= low && number <= high)) throw InvalidArgument(std::string(name) + " is out of range");
  return number;
}

// An own property of the frozen object that the TypeScript layer passes.
double NumberOption(const Napi::Object& options, const char* name, double low, double high) {
  return NumberWithin(options.Get(name), name, low, high);
}

template <class Enum>
Enum NamedOption(const Napi::Object& options, const char* name,
                 std::initializer_list<std::pair<const char*, Enum>> choices) {
  const Napi::Value value = options.Get(name);
  const std::string text = value.IsString() ? value.As<Napi::String>().Utf8Value() : "";
  for (const auto& [choice, meaning] : choices) {
    if (text == choice) return meaning;
  }
  throw InvalidArgument(std::string("option ") + name + " is '" + text + "'");
}

bool FlagOption(const Napi::Object& options, const char* name) {
  const Napi::Value value = options.Get(name);
  if (!value.IsBoolean()) throw InvalidArgument(std::string("option ") + name + " is no boolean");
  return value.As<Napi::Boolean>().Value();
}

// What IndexWrap::Create hands to the constructor; JavaScript cannot make one.
struct OpenedIndex {
  std::shared_ptr<Index> index;
  std::shared_ptr<IndexDirectory> directory;
};

std::span<const float> ReadQueries(const Napi::Value& value, size_t dimension) {
  const auto queries = ElementsOf<float>(value);
  if (!queries) throw InvalidArgument("queries must be a Float32Array");
  if (queries->empty() || queries->size() % dimension != 0) {
    throw Error(ErrorCode::kDimensionMismatch, "queries hold " + std::to_string(queries->size()) +
                                                   " values; expected a multiple of dimension " +
                                                   std::to_string(dimension));
  }
  return *queries;
}

// The arguments after the queries: k, ef and whether the search is exact. Not an object, whose properties take longer to
// read than a small index takes to search.
SearchParameters ReadParameters(const Napi::CallbackInfo& info) {
  const Napi::Value exact = info[3];
  return {static_cast<size_t>(NumberWithin(info[1], "k", 0, kMaxNumberId)),
          static_cast<uint32_t>(NumberWithin(info[2], "ef", 1, kMaxSlots)),
          exact.IsBoolean() && exact.As<Napi::Boolean>().Value()};
}

// The stage behind an argument.
StageWrap& StageOf(const Napi::Value& value, const Index& index) {
  StageWrap* stage = UnwrapTagged<StageWrap>(value);
  if (stage == nullptr) throw InvalidArgument("expected a stage");
  if (stage->dimension() != index.options().dimension || stage->id_type() != index.options().id_type) {
    throw InvalidArgument("the stage belongs to another index");
  }
  return *stage;
}

// { isFresh, vectorCount, sampleCount, curves: [{ k, points: [{ ef, recall }] }] }
Napi::Object MakeCalibration(Napi::Env env, const Calibration& calibration, const SearchShape& now) {
  const auto number = [&](double value) { return Napi::Number::New(env, value); };
  const RecallMeasurement& measured = calibration.measured();
  auto curves = Napi::Array::New(env, measured.curves.size());
  for (size_t at = 0; at < measured.curves.size(); ++at) {
    const auto& [k, measured_points, ends_with_scan] = measured.curves[at];
    auto points = Napi::Array::New(env, measured_points.size());
    for (size_t i = 0; i < measured_points.size(); ++i) {
      Napi::Object point = Napi::Object::New(env);
      point.Set("ef", number(measured_points[i].ef));
      point.Set("recall", number(measured_points[i].recall));
      points.Set(static_cast<uint32_t>(i), point);
    }
    Napi::Object curve = Napi::Object::New(env);
    curve.Set("k", number(k));
    curve.Set("points", points);
    curves.Set(static_cast<uint32_t>(at), curve);
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("isFresh", Napi::Boolean::New(env, calibration.IsFresh(now)));
  object.Set("vectorCount", number(static_cast<double>(measured.shape.vector_count)));
  object.Set("sampleCount", number(measured.sample_count));
  object.Set("curves", curves);
  return object;
}

}  // namespace

IndexOptions ReadOptions(const Napi::Value& value) {
  if (!value.IsObject()) throw InvalidArgument("options must be an object");
  const auto object = value.As<Napi::Object>();
  IndexOptions options;
  options.dimension = static_cast<size_t>(NumberOption(object, "dimension", 1, kMaxDimension));
  options.metric = NamedOption<Metric>(
      object, "metric", {{"l2", Metric::kL2}, {"cosine", Metric::kCosine}, {"ip", Metric::kIp}});
  options.id_type = NamedOption<IdType>(
      object, "idType", {{"number", IdType::kNumber}, {"bigint", IdType::kBigint}, {"string", IdType::kString}});
  options.M = static_cast<uint32_t>(NumberOption(object, "M", kMinM, kMaxM));
  options.ef_construction = static_cast<uint32_t>(NumberOption(object, "efConstruction", 1, kMaxEfConstruction));
  options.quantization = NamedOption<Quantization>(
      object, "quantization", {{"int8", Quantization::kInt8}, {"none", Quantization::kNone}});
  options.keep_vectors = FlagOption(object, "keepVectors");
  if (!options.keep_vectors && options.quantization == Quantization::kNone) {
    throw InvalidArgument("option keepVectors is false without codes");
  }
  options.growing_segments = static_cast<int>(NumberOption(object, "growingSegments", 1, kMaxThreads));
  options.threads = static_cast<int>(NumberOption(object, "threads", 1, kMaxThreads));
  options.segment_capacity = static_cast<uint32_t>(NumberOption(object, "segmentCapacity", 1, kMaxSlots));
  options.compacts_in_background =
      NamedOption<bool>(object, "compaction", {{"background", true}, {"manual", false}});
  options.seed = static_cast<uint64_t>(NumberOption(object, "seed", 0, kMaxNumberId));
  return options;
}

Index& IndexState::Open() const {
  if (is_closed) throw Error(ErrorCode::kClosed, "the index is closed");
  return *index;
}

Index& IndexState::OpenForWriting() const {
  Index& open = Open();
  if (directory && directory->is_read_only()) {
    throw Error(ErrorCode::kReadOnly, "the index was opened for reading only");
  }
  return open;
}

void IndexState::ReportMemory(Napi::Env env) {
  memory.Update(env, is_collected || !index ? 0 : index->memory_bytes());
}

Napi::Function IndexWrap::Define(Napi::Env env) {
  return DefineClass(env, "Index",
                     {InstanceAccessor("size", &IndexWrap::Size, nullptr),
                      InstanceMethod("stage", &IndexWrap::MakeStage), InstanceMethod("add", &IndexWrap::Add),
                      InstanceMethod("upsert", &IndexWrap::Upsert), InstanceMethod("remove", &IndexWrap::Remove),
                      InstanceMethod("compact", &IndexWrap::Compact),
                      InstanceMethod("search", &IndexWrap::Search),
                      InstanceMethod("useRoom", &IndexWrap::UseRoom),
                      InstanceMethod("searchSync", &IndexWrap::SearchSync),
                      InstanceMethod("calibrate", &IndexWrap::Calibrate),
                      InstanceMethod("restoreIds", &IndexWrap::RestoreIds),
                      InstanceAccessor("calibrationState", &IndexWrap::CalibrationState, nullptr),
                      InstanceMethod("efFor", &IndexWrap::EfFor), InstanceMethod("has", &IndexWrap::Has),
                      InstanceMethod("get", &IndexWrap::Get),
                      InstanceMethod("stats", &IndexWrap::Stats), InstanceMethod("entries", &IndexWrap::Entries),
                      InstanceMethod("options", &IndexWrap::Options), InstanceMethod("storage", &IndexWrap::Storage),
                      InstanceMethod("commit", &IndexWrap::Commit), InstanceMethod("save", &IndexWrap::Save),
                      InstanceMethod("bundle", &IndexWrap::Bundle),
                      InstanceMethod("refresh", &IndexWrap::Refresh), InstanceMethod("close", &IndexWrap::Close)});
}

IndexWrap::IndexWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<IndexWrap>(info) {
  Guard(info.Env(), [&] {
    if (info[0].IsExternal()) {
      OpenedIndex& opened = *info[0].As<Napi::External<OpenedIndex>>().Data();
      state_->index = std::move(opened.index);
      state_->directory = std::move(opened.directory);
      // An index for reading only may be replaced by a newer one (Refresh), and is never compacted.
      const bool is_read_only = state_->directory && state_->directory->is_read_only();
      state_->compactor =
          std::make_shared<Compactor>(is_read_only ? nullptr : state_->index, state_->writer);
      if (state_->directory && state_->directory->logs_changes()) {
        state_->changes = std::make_shared<LoggedChanges>(state_->index, state_->directory);
      }
      state_->ReportMemory(info.Env());
      return;
    }
    const IndexOptions options = ReadOptions(info[0]);
    ThreadPool::Shared().EnsureThreads(options.threads);
    state_->index = std::make_shared<Index>(options);
    state_->compactor = std::make_shared<Compactor>(state_->index, state_->writer);
  });
}

Napi::Object IndexWrap::Create(Napi::Env env, std::shared_ptr<Index> index,
                               std::shared_ptr<IndexDirectory> directory) {
  OpenedIndex opened{std::move(index), std::move(directory)};
  return Instance::Of(env).index_constructor.New({Napi::External<OpenedIndex>::New(env, &opened)});
}

void IndexWrap::Finalize(Napi::Env env) {
  state_->is_collected = true;
  state_->ReportMemory(env);
  if (!state_->index) return;
  state_->compactor->Stop();
  if (state_->restoration) state_->restoration->Stop();
  FreeElsewhere(std::move(state_->index), std::move(state_->directory), std::move(state_->changes));
}

Napi::Value IndexWrap::Size(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&]() -> Napi::Value {
    return Napi::Number::New(info.Env(), static_cast<double>(state_->Open().vector_count()));
  });
}

Napi::Value IndexWrap::MakeStage(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&]() -> Napi::Value {
    const IndexOptions& options = state_->Open().options();
    const double row_count = info[0].IsNumber() ? info[0].As<Napi::Number>().DoubleValue() : -1;
    if (!(row_count >= 0 && row_count <= kMaxStageRows)) throw InvalidArgument("row count is out of range");
    return StageWrap::Create(info.Env(), options, static_cast<size_t>(row_count));
  });
}

Napi::Value IndexWrap::AddRows(const Napi::CallbackInfo& info, LogRecordType type) {
  StageWrap& stage = StageOf(info[0], state_->OpenForWriting());
  return ChangeTask::Start(info.Env(), std::make_unique<ChangeTask>(info.Env(), state_, CancelTokenWrap::FromArgument(info[1]),
                                                                    stage.Take(), type));
}

Napi::Value IndexWrap::Add(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&] { return AddRows(info, LogRecordType::kAdd); });
}

Napi::Value IndexWrap::Upsert(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&] { return AddRows(info, LogRecordType::kUpsert); });
}

Napi::Value IndexWrap::Remove(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&]() -> Napi::Value {
    StageWrap& stage = StageOf(info[0], state_->OpenForWriting());
    return ChangeTask::Start(info.Env(), std::make_unique<ChangeTask>(info.Env(), state_, CancelTokenWrap::FromArgument(info[1]),
                                                                      stage.TakeIds(), LogRecordType::kRemove));
  });
}

Napi::Value IndexWrap::Compact(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&]() -> Napi::Value {
    const Napi::Env env = info.Env();
    state_->OpenForWriting();
    auto task = std::make_unique<CompactTask>(env, state_, CancelTokenWrap::FromArgument(info[0]));
    Napi::Object running = Napi::Object::New(env);
    running.Set("progress", Napi::Function::New(env, [progress = task->progress()](const Napi::CallbackInfo& call) {
                  Napi::Object counts = Napi::Object::New(call.Env());
                  const auto set = [&](const char* name, const std::atomic<uint64_t>& count) {
                    counts.Set(name, Napi::Number::New(call.Env(), static_cast<double>(count.load())));
                  };
                  set("mergedCount", progress->merged_count);
                  set("totalCount", progress->total_count);
                  return counts;
                }));
    running.Set("finished", AsyncTask::Launch(env, std::move(task), [](CompactTask* launched) { launched->Start(); }));
    return running;
  });
}

Napi::Value IndexWrap::Search(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&]() -> Napi::Value {
    const Index& index = state_->Open();
    const std::span<const float> queries = ReadQueries(info[0], index.options().dimension);
    SearchParameters parameters = ReadParameters(info);
    parameters.may_fan_out = queries.size() == index.options().dimension;
    auto task = std::make_unique<SearchTask>(info.Env(), state_, CancelTokenWrap::FromArgument(info[4]),
                                             std::vector<float>(queries.begin(), queries.end()), parameters);
    return AsyncTask::LaunchOnPool(info.Env(), std::move(task), ThreadPool::Priority::kInteractive);
  });
}

Napi::Value IndexWrap::SearchSync(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&]() -> Napi::Value {
    const Index& index = state_->Open();
    if (!room_) throw InvalidArgument("there is no room for the query and its hits");
    const SearchResults results = index.Search(room_->query(), 1, room_->parameters(), CancelToken());
    room_->Write(results);
    return Napi::Number::New(info.Env(), results.counts[0]);
  });
}

void IndexWrap::UseRoom(const Napi::CallbackInfo& info) {
  Guard(info.Env(), [&] {
    const IndexOptions& options = state_->Open().options();
    if (info[0].IsUndefined()) return room_.reset();
    room_ = SearchRoom(info[0], options.dimension, options.id_type);
  });
}

Napi::Value IndexWrap::Calibrate(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&]() -> Napi::Value {
    state_->Open();
    const bool is_background = info[1].IsBoolean() && info[1].As<Napi::Boolean>().Value();
    auto task =
        std::make_unique<CalibrateTask>(info.Env(), state_, CancelTokenWrap::FromArgument(info[0]), is_background);
    return AsyncTask::LaunchOnPool(info.Env(), std::move(task), ThreadPool::Priority::kBulk);
  });
}

Napi::Value IndexWrap::CalibrationState(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&]() -> Napi::Value {
    const char* name = "missing";
    switch (state_->Open().calibration_state()) {
      case Index::CalibrationState::kFresh: name = "fresh"; break;
      case Index::CalibrationState::kStale: name = "stale"; break;
      case Index::CalibrationState::kMissing: break;
    }
    return Napi::String::New(info.Env(), name);
  });
}

Napi::Value IndexWrap::EfFor(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&]() -> Napi::Value {
    const Index& index = state_->Open();
    const double k = info[0].IsNumber() ? info[0].As<Napi::Number>().DoubleValue() : -1;
    const double recall = info[1].IsNumber() ? info[1].As<Napi::Number>().DoubleValue() : -1;
    if (!(k >= 1 && k <= kMaxNumberId)) throw InvalidArgument("k is out of range");
    if (!(recall > 0 && recall < 1)) throw InvalidArgument("recall is out of range");
    return Napi::Number::New(info.Env(), index.EfFor(static_cast<size_t>(k), recall));
  });
}

Napi::Value IndexWrap::Has(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&]() -> Napi::Value {
    const Index& index = state_->Open();
    const std::optional<uint64_t> id = LookUpId(info[0], index);
    return Napi::Boolean::New(info.Env(), id && index.Has(*id));
  });
}

Napi::Value IndexWrap::Get(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&]() -> Napi::Value {
    const Index& index = state_->Open();
    const std::optional<uint64_t> id = LookUpId(info[0], index);
    const auto vector = id ? index.Get(*id) : std::nullopt;
    if (!vector) return info.Env().Undefined();
    auto array = Napi::Float32Array::New(info.Env(), vector->size());
    std::copy(vector->begin(), vector->end(), array.Data());
    return array;
  });
}

Napi::Value IndexWrap::Stats(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&]() -> Napi::Value {
    const Napi::Env env = info.Env();
    const Index& index = state_->Open();
    const auto snapshot = index.snapshot();
    const auto number = [&](size_t value) { return Napi::Number::New(env, static_cast<double>(value)); };
    auto segments = Napi::Array::New(env, snapshot->views.size());
    for (size_t i = 0; i < snapshot->views.size(); ++i) {
      const SegmentView& view = snapshot->views[i];
      Napi::Object segment = Napi::Object::New(env);
      segment.Set("vectorCount", number(view.live_count()));
      segment.Set("deadCount", number(view.slot_count - view.live_count()));
      segment.Set("isSealed", Napi::Boolean::New(env, view.segment->is_sealed()));
      segment.Set("hasGraph", Napi::Boolean::New(env, view.graph != nullptr));
      segment.Set("isLossless", Napi::Boolean::New(env, view.graph && view.segment->is_lossless()));
      segment.Set("maxLevel", number(view.graph ? view.graph->entry().level : 0));
      segment.Set("memoryBytes", number(view.memory_bytes()));
      segments.Set(static_cast<uint32_t>(i), segment);
    }
    Napi::Object stats = Napi::Object::New(env);
    stats.Set("vectorCount", number(snapshot->vector_count));
    stats.Set("memoryBytes", number(index.memory_bytes()));
    stats.Set("segments", segments);
    if (const auto calibration = index.calibration()) {
      stats.Set("calibration", MakeCalibration(env, *calibration, SearchShapeOf(*snapshot)));
    }
    const Compactor::Stats compactor = state_->compactor->stats();
    Napi::Object compaction = Napi::Object::New(env);
    compaction.Set("isRunning", Napi::Boolean::New(env, compactor.is_running));
    compaction.Set("finishedCount", number(compactor.finished_count));
    if (compactor.last_error) {
      const Error error = Translate(compactor.last_error);
      compaction.Set("lastError", MakeError(env, error.code(), error.what()).Value());
    }
    stats.Set("compaction", compaction);
    return stats;
  });
}

Napi::Value IndexWrap::Entries(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&]() -> Napi::Value {
    state_->Open();
    return CursorWrap::Create(info.Env(), state_);
  });
}

Napi::Value IndexWrap::Options(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&]() -> Napi::Value { return MakeOptions(info.Env(), state_->Open().options()); });
}

Napi::Value IndexWrap::Storage(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&]() -> Napi::Value {
    const Napi::Env env = info.Env();
    state_->Open();
    if (!state_->directory) return env.Undefined();
    const std::vector<DroppedGeneration> dropped = state_->directory->dropped();
    auto list = Napi::Array::New(env, dropped.size());
    for (size_t i = 0; i < dropped.size(); ++i) {
      Napi::Object entry = Napi::Object::New(env);
      entry.Set("generation", Napi::Number::New(env, static_cast<double>(dropped[i].generation)));
      entry.Set("reason", Napi::String::New(env, dropped[i].reason));
      list.Set(static_cast<uint32_t>(i), entry);
    }
    Napi::Object storage = Napi::Object::New(env);
    storage.Set("directory", Napi::String::New(env, state_->directory->path()));
    storage.Set("generation", Napi::Number::New(env, static_cast<double>(state_->directory->generation())));
    storage.Set("isReadOnly", Napi::Boolean::New(env, state_->directory->is_read_only()));
    storage.Set("durability", Napi::String::New(env, state_->directory->logs_changes() ? "log" : "commit"));
    storage.Set("logBytes", Napi::Number::New(env, static_cast<double>(state_->directory->log_bytes())));
    storage.Set("dropped", list);
    return storage;
  });
}

Napi::Value IndexWrap::Commit(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&]() -> Napi::Value {
    state_->OpenForWriting();
    if (!state_->directory) {
      throw InvalidArgument("the index is in memory; open it in a directory, or save it to one");
    }
    return StoreTask::Start(info.Env(), state_, CancelTokenWrap::FromArgument(info[0]), "");
  });
}

Napi::Value IndexWrap::Save(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&]() -> Napi::Value {
    state_->Open();
    if (!info[0].IsString()) throw InvalidArgument("directory must be a string");
    return StoreTask::Start(info.Env(), state_, CancelTokenWrap::FromArgument(info[1]),
                            info[0].As<Napi::String>().Utf8Value());
  });
}

Napi::Value IndexWrap::Bundle(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&]() -> Napi::Value {
    state_->Open();
    return BundleTask::Start(info.Env(), state_, CancelTokenWrap::FromArgument(info[0]));
  });
}

Napi::Value IndexWrap::Refresh(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&]() -> Napi::Value {
    state_->Open();
    if (!state_->directory || !state_->directory->is_read_only()) {
      throw InvalidArgument("only an index that was opened for reading only can be refreshed");
    }
    auto task = std::make_unique<RefreshTask>(info.Env(), state_, CancelTokenWrap::FromArgument(info[0]));
    return AsyncTask::Launch(info.Env(), std::move(task), [this](RefreshTask* launched) {
      state_->committer->Post([launched] { launched->Run(); });
    });
  });
}

void IndexWrap::RestoreIds(const Napi::CallbackInfo& info) {
  Guard(info.Env(), [&] {
    state_->Open();
    if (state_->restoration) state_->restoration->Stop();
    try {
      state_->restoration = IdRestoration::Begin(state_->index);
    } catch (const std::bad_alloc&) {
      // The first lookup does it, and says so if there is no memory.
    }
  });
}

Napi::Value IndexWrap::Close(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&]() -> Napi::Value {
    state_->Open();
    return AsyncTask::Launch(info.Env(), std::make_unique<CloseTask>(info.Env(), state_), [this](CloseTask* task) {
      state_->is_closed = true;
      state_->compactor->Stop();
      if (state_->in_flight_count == 0) {
        task->Start();
      } else {
        state_->pending_close = task;
      }
    });
  });
}

}  // namespace segvec::binding
