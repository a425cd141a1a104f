#include "directory_tasks.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "async_task.h"
#include "base/thread_pool.h"
#include "cancel_token_wrap.h"
#include "errors.h"
#include "index/directory_report.h"
#include "index/stored_options.h"
#include "index/verify_directory.h"
#include "open_index.h"

namespace segvec::binding {
namespace {

Napi::Value MakeNumber(Napi::Env env, uint64_t value) {
  return Napi::Number::New(env, static_cast<double>(value));
}

const char* NameOf(FileReport::State state) {
  switch (state) {
    case FileReport::State::kNamed:
      return "ok";
    case FileReport::State::kDamaged:
      return "damaged";
    case FileReport::State::kMissing:
      return "missing";
    case FileReport::State::kUnused:
      return "unused";
    case FileReport::State::kForeign:
      return "foreign";
  }
  return "foreign";
}

// What a file is for: "foreign" for one that is not of an index.
const char* KindOf(const FileReport& file) {
  if (!file.role) return file.name == kLockName ? "lock" : "foreign";
  switch (*file.role) {
    case FileRole::kManifest:
    case FileRole::kTemporaryManifest:
      return "manifest";
    case FileRole::kSegment:
      return "segment";
    case FileRole::kTombstones:
      return "tombstones";
    case FileRole::kStrings:
      return "strings";
    case FileRole::kLog:
      return "log";
  }
  return "foreign";
}

Napi::Object MakeCheck(Napi::Env env, const SegmentReport& segment) {
  Napi::Object made = Napi::Object::New(env);
  made.Set("slotCount", MakeNumber(env, segment.slot_count));
  made.Set("vectorCount", MakeNumber(env, segment.live_count));
  made.Set("hasGraph", Napi::Boolean::New(env, segment.has_graph));
  made.Set("duplicateIdCount", MakeNumber(env, segment.duplicate_id_count));
  made.Set("wrongCodeCount", MakeNumber(env, segment.wrong_code_count));
  made.Set("unreachableCount", MakeNumber(env, segment.unreachable_count));
  made.Set("probeCount", MakeNumber(env, segment.probe_count));
  made.Set("lostCount", MakeNumber(env, segment.lost_count));
  made.Set("recall", Napi::Number::New(env, segment.recall));
  return made;
}

Napi::Object MakeFile(Napi::Env env, const FileReport& file) {
  Napi::Object made = Napi::Object::New(env);
  made.Set("name", Napi::String::New(env, file.name));
  made.Set("kind", Napi::String::New(env, KindOf(file)));
  made.Set("state", Napi::String::New(env, NameOf(file.state)));
  made.Set("bytes", MakeNumber(env, file.bytes));
  made.Set("generation", file.role ? MakeNumber(env, file.generation) : env.Undefined());
  auto generations = Napi::Array::New(env, file.generations.size());
  for (size_t i = 0; i < file.generations.size(); ++i) {
    generations.Set(static_cast<uint32_t>(i), MakeNumber(env, file.generations[i]));
  }
  made.Set("generations", generations);
  if (file.error) made.Set("error", MakeError(env, *file.error).Value());
  if (file.segment) made.Set("check", MakeCheck(env, *file.segment));
  return made;
}

Napi::Object MakeSegment(Napi::Env env, const ManifestSegment& segment) {
  Napi::Object made = Napi::Object::New(env);
  made.Set("number", MakeNumber(env, segment.number));
  made.Set("vectorCount", MakeNumber(env, segment.slot_count - segment.dead_count));
  made.Set("deadCount", MakeNumber(env, segment.dead_count));
  made.Set("bytes", MakeNumber(env, segment.file.stamp.size));
  made.Set("file", Napi::String::New(env, segment.file.name));
  return made;
}

Napi::Object MakeGeneration(Napi::Env env, const GenerationReport& generation) {
  Napi::Object made = Napi::Object::New(env);
  made.Set("generation", MakeNumber(env, generation.generation));
  if (generation.error) made.Set("error", MakeError(env, *generation.error).Value());
  if (!generation.manifest) return made;
  const Manifest& manifest = *generation.manifest;
  made.Set("vectorCount", MakeNumber(env, manifest.vector_count()));
  made.Set("options", MakeOptions(env, OptionsOf(manifest.options, 1)));
  auto segments = Napi::Array::New(env, manifest.segments.size());
  for (size_t i = 0; i < manifest.segments.size(); ++i) {
    segments.Set(static_cast<uint32_t>(i), MakeSegment(env, manifest.segments[i]));
  }
  made.Set("segments", segments);
  return made;
}

Napi::Object MakeReport(Napi::Env env, const DirectoryReport& report) {
  Napi::Object made = Napi::Object::New(env);
  made.Set("isSound", Napi::Boolean::New(env, report.is_sound()));
  auto generations = Napi::Array::New(env, report.generations.size());
  for (size_t i = 0; i < report.generations.size(); ++i) {
    generations.Set(static_cast<uint32_t>(i), MakeGeneration(env, report.generations[i]));
  }
  made.Set("generations", generations);
  auto files = Napi::Array::New(env, report.files.size());
  for (size_t i = 0; i < report.files.size(); ++i) {
    files.Set(static_cast<uint32_t>(i), MakeFile(env, report.files[i]));
  }
  made.Set("files", files);
  return made;
}

class ReportTask : public AsyncTask {
 public:
  ReportTask(Napi::Env env, std::shared_ptr<CancelToken> cancel, std::string path)
      : AsyncTask(env, Instance::Of(env).completions, std::move(cancel)), path_(std::move(path)) {}

 protected:
  Napi::Value Result(Napi::Env env) override { return MakeReport(env, *report_); }

  const std::string path_;
  std::optional<DirectoryReport> report_;
};

class InspectTask : public ReportTask {
 public:
  using ReportTask::ReportTask;

 protected:
  void Execute() override { report_ = SurveyDirectory(Env::Real(), path_, cancel()).report; }
};

class VerifyTask : public ReportTask {
 public:
  VerifyTask(Napi::Env env, std::shared_ptr<CancelToken> cancel, std::string path,
             const VerifyOptions& options)
      : ReportTask(env, std::move(cancel), std::move(path)), options_(options) {}

  const std::shared_ptr<VerifyProgress>& progress() const { return progress_; }

 protected:
  void Execute() override {
    const auto poll = [] { ThreadPool::Shared().YieldToAll(); };
    report_ = segvec::VerifyDirectory(Env::Real(), path_, options_, 1, *progress_, poll, cancel());
  }

 private:
  const VerifyOptions options_;
  const std::shared_ptr<VerifyProgress> progress_ = std::make_shared<VerifyProgress>();
};

std::string PathArgument(const Napi::CallbackInfo& info) {
  if (!info[0].IsString()) throw Error(ErrorCode::kInvalidArgument, "expected the path of a directory");
  return info[0].As<Napi::String>().Utf8Value();
}

}  // namespace

Napi::Value InspectDirectory(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&]() -> Napi::Value {
    std::string path = PathArgument(info);
    ThreadPool::Shared().EnsureThreads(1);
    auto task = std::make_unique<InspectTask>(info.Env(), CancelTokenWrap::FromArgument(info[1]), std::move(path));
    return AsyncTask::LaunchOnPool(info.Env(), std::move(task), ThreadPool::Priority::kInteractive);  // it reads little
  });
}

Napi::Value VerifyDirectory(const Napi::CallbackInfo& info) {
  return Guard(info.Env(), [&]() -> Napi::Value {
    std::string path = PathArgument(info);
    const double probe_count = info[1].IsNumber() ? info[1].As<Napi::Number>().DoubleValue() : -1;
    if (!(probe_count >= 0 && probe_count <= 1e6)) {
      throw Error(ErrorCode::kInvalidArgument, "the number of probes is out of range");
    }
    VerifyOptions options;
    options.probe_count = static_cast<uint32_t>(probe_count);
    ThreadPool::Shared().EnsureThreads(1);
    auto task = std::make_unique<VerifyTask>(info.Env(), CancelTokenWrap::FromArgument(info[2]), std::move(path), options);
    Napi::Object running = Napi::Object::New(info.Env());
    running.Set("progress", Napi::Function::New(
                                info.Env(), [progress = task->progress()](const Napi::CallbackInfo& call) {
                                  Napi::Object counts = Napi::Object::New(call.Env());
                                  counts.Set("checkedBytes", MakeNumber(call.Env(), progress->checked_bytes));
                                  counts.Set("totalBytes", MakeNumber(call.Env(), progress->total_bytes));
                                  return counts;
                                }));
    running.Set("finished", AsyncTask::LaunchOnPool(info.Env(), std::move(task), ThreadPool::Priority::kBackground));
    return running;
  });
}

}  // namespace segvec::binding
