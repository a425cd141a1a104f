#include "open_index.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "async_task.h"
#include "base/thread_pool.h"
#include "byte_stage_wrap.h"
#include "cancel_token_wrap.h"
#include "errors.h"
#include "index/index_bundle.h"
#include "index/index_directory.h"
#include "index_wrap.h"

namespace segvec::binding {
namespace {

class OpenTask : public AsyncTask {
 public:
  OpenTask(Napi::Env env, std::shared_ptr<CancelToken> cancel, std::string path, const GivenOptions& given,
           const OpenParameters& parameters)
      : AsyncTask(env, Instance::Of(env).completions, std::move(cancel)),
        path_(std::move(path)),
        given_(given),
        parameters_(parameters) {}

  const std::shared_ptr<OpenProgress>& progress() const { return parameters_.progress; }

 protected:
  void Execute() override {
    directory_ = std::make_shared<IndexDirectory>(Env::Real(), path_, given_, parameters_, cancel());
    index_ = directory_->TakeIndex();
  }
  Napi::Value Result(Napi::Env env) override {
    return IndexWrap::Create(env, std::move(index_), std::move(directory_));
  }

 private:
  const std::string path_;
  const GivenOptions given_;
  const OpenParameters parameters_;
  std::shared_ptr<IndexDirectory> directory_;
  std::shared_ptr<Index> index_;
};

class OpenBufferTask : public AsyncTask {
 public:
  OpenBufferTask(Napi::Env env, std::shared_ptr<CancelToken> cancel, MemoryFiles::Piece bytes,
                 const GivenOptions& given, const OpenParameters& parameters)
      : AsyncTask(env, Instance::Of(env).completions, std::move(cancel)),
        bytes_(std::move(bytes)),
        given_(given),
        parameters_(parameters) {}

 protected:
  void Execute() override {
    // Given back here rather than on the JavaScript thread.
    const MemoryFiles::Piece bytes = std::move(bytes_);
    index_ = OpenBundle(bytes, given_, parameters_, cancel());
  }
  Napi::Value Result(Napi::Env env) override { return IndexWrap::Create(env, std::move(index_), nullptr); }

 private:
  MemoryFiles::Piece bytes_;
  const GivenOptions given_;
  const OpenParameters parameters_;
  std::shared_ptr<Index> index_;
};

// `options` holds a value for each option; those that the caller did not give are not in the list `given`.
GivenOptions ReadGiven(const Napi::Object& options) {
  GivenOptions given = GivenOptions::Of(ReadOptions(options));
  const Napi::Value list = options.Get("given");
  if (!list.IsArray()) throw Error(ErrorCode::kInvalidArgument, "given must be an array of strings");
  std::vector<std::string> names;
  for (uint32_t i = 0; i < list.As<Napi::Array>().Length(); ++i) {
    names.push_back(list.As<Napi::Array>().Get(i).ToString().Utf8Value());
  }
  const auto forget_unless_given = [&](const char* name, auto& option) {
    if (std::find(names.begin(), names.end(), name) == names.end()) option = std::nullopt;
  };
  forget_unless_given("dimension", given.dimension);
  forget_unless_given("metric", given.metric);
  forget_unless_given("idType", given.id_type);
  forget_unless_given("M", given.M);
  forget_unless_given("efConstruction", given.ef_construction);
  forget_unless_given("quantization", given.quantization);
  forget_unless_given("keepVectors", given.keep_vectors);
  forget_unless_given("growingSegments", given.growing_segments);
  forget_unless_given("segmentCapacity", given.segment_capacity);
  forget_unless_given("seed", given.seed);
  return given;
}

bool Flag(const Napi::Object& options, const char* name) {
  const Napi::Value value = options.Get(name);
  return value.IsBoolean() && value.As<Napi::Boolean>().Value();
}

const char* NameOf(Metric metric) {
  return metric == Metric::kL2 ? "l2" : metric == Metric::kCosine ? "cosine" : "ip";
}

const char* NameOf(IdType type) {
  return type == IdType::kNumber ? "number" : type == IdType::kBigint ? "bigint" : "string";
}

}  // namespace

Napi::Value OpenIndex(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&]() -> Napi::Value {
    if (!info[0].IsString() || !info[1].IsObject()) {
      throw Error(ErrorCode::kInvalidArgument, "openIndex expects a path and options");
    }
    const auto options = info[1].As<Napi::Object>();
    OpenParameters parameters;
    parameters.is_read_only = Flag(options, "readOnly");
    parameters.is_mapped = parameters.is_read_only && Flag(options, "mapped");
    parameters.recovers_previous = Flag(options, "recoverPrevious");
    parameters.logs_changes = !parameters.is_read_only && Flag(options, "logsChanges");
    parameters.threads = ReadOptions(options).threads;
    parameters.compacts_in_background = ReadOptions(options).compacts_in_background;
    ThreadPool::Shared().EnsureThreads(parameters.threads);
    auto task = std::make_unique<OpenTask>(info.Env(), CancelTokenWrap::FromArgument(info[2]),
                                           info[0].As<Napi::String>().Utf8Value(), ReadGiven(options), parameters);
    Napi::Object running = Napi::Object::New(info.Env());
    running.Set("progress", Napi::Function::New(info.Env(), [progress = task->progress()](const Napi::CallbackInfo& call) {
                  const auto number = [&](uint64_t count) { return Napi::Number::New(call.Env(), static_cast<double>(count)); };
                  Napi::Object counts = Napi::Object::New(call.Env());
                  counts.Set("loadedCount", number(progress->loaded_count));
                  counts.Set("totalCount", number(progress->total_count));
                  return counts;
                }));
    running.Set("finished", AsyncTask::LaunchOnPool(info.Env(), std::move(task), ThreadPool::Priority::kBulk));
    return running;
  });
}

Napi::Value OpenBuffer(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&]() -> Napi::Value {
    ByteStageWrap* stage = UnwrapTagged<ByteStageWrap>(info[0]);
    if (stage == nullptr || !info[1].IsObject()) {
      throw Error(ErrorCode::kInvalidArgument, "openBuffer expects a byte stage and options");
    }
    const auto options = info[1].As<Napi::Object>();
    OpenParameters parameters;
    parameters.threads = ReadOptions(options).threads;
    parameters.compacts_in_background = ReadOptions(options).compacts_in_background;
    const GivenOptions given = ReadGiven(options);
    ThreadPool::Shared().EnsureThreads(parameters.threads);
    auto task = std::make_unique<OpenBufferTask>(info.Env(), CancelTokenWrap::FromArgument(info[2]), stage->Take(), given,
                                                 parameters);
    return AsyncTask::LaunchOnPool(info.Env(), std::move(task), ThreadPool::Priority::kBulk);
  });
}

Napi::Object MakeOptions(Napi::Env env, const IndexOptions& options) {
  const auto number = [&](auto value) { return Napi::Number::New(env, static_cast<double>(value)); };
  Napi::Object made = Napi::Object::New(env);
  made.Set("dimension", number(options.dimension));
  made.Set("metric", Napi::String::New(env, NameOf(options.metric)));
  made.Set("idType", Napi::String::New(env, NameOf(options.id_type)));
  made.Set("M", number(options.M));
  made.Set("efConstruction", number(options.ef_construction));
  made.Set("quantization",
           Napi::String::New(env, options.quantization == Quantization::kNone ? "none" : "int8"));
  made.Set("keepVectors", Napi::Boolean::New(env, options.keep_vectors));
  made.Set("growingSegments", number(options.growing_segments));
  made.Set("threads", number(options.threads));
  made.Set("segmentCapacity", number(options.segment_capacity));
  made.Set("compaction", Napi::String::New(env, options.compacts_in_background ? "background" : "manual"));
  made.Set("seed", number(options.seed));
  return made;
}

}  // namespace segvec::binding
