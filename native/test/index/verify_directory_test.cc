#include "index/verify_directory.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "storage/segment_file.h"
#include "support/directory_of.h"
#include "support/errors.h"
#include "support/fault_env.h"
#include "support/file_repair.h"
#include "support/memory_env.h"
#include "support/names.h"
#include "support/sanitizers.h"
#include "support/segment_of.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data
using State = FileReport::State;

constexpr size_t kDimension = 8;
const std::string kPath = "/data";

DirectoryReport Verify(
    Env& env, const std::function<void()>& poll = [] {}) {
  ThreadPool::Shared().EnsureThreads(1);
  VerifyProgress progress;
  DirectoryReport report = VerifyDirectory(env, kPath, {}, 1, progress, poll, CancelToken());
  CHECK(progress.checked_bytes == progress.total_bytes);
  CHECK(progress.total_bytes > 0);
  return report;
}

// What is said of a directory with one segment that somebody has forged: every checksum fits.
DirectoryReport VerifyForged(const std::function<void(Bytes&)>& forge) {
  Bytes bytes;
  ByteSink sink(bytes);
  WriteSegment(*SealedSegment(ClusteredVectors(1200, kDimension, 10, 1), {Metric::kL2, true, true, 16, 0}), {}, sink);
  forge(bytes);
  RepairChecksums(bytes);
  IndexImage image;
  image.next_segment_number = 1;
  image.parts.push_back({{ReadSegment(ByteSource(bytes), "crafted", {}), 1200, nullptr}, nullptr});
  MemoryEnv env;
  IndexDirectory::Save(env, kPath, OptionsFor(kDimension, Metric::kL2), image, CancelToken());
  return Verify(env);
}

// Two generations, which share a segment; tombstones, and string ids if asked for.
void MakeIndexIn(Env& env, Metric metric, IdType id_type = IdType::kNumber) {
  IndexOptions options = OptionsFor(kDimension, metric);
  options.id_type = id_type;
  options.segment_capacity = 1500;
  OpenIndex open = Open(env, kPath, GivenOptions::Of(options));
  const Vectors rows = ClusteredVectors(1700, kDimension, 20, 3);
  const auto add = [&](size_t begin, size_t end) {
    Texts texts;
    for (size_t i = begin; i < end; ++i) texts.push_back("text " + std::to_string(i));
    if (id_type == IdType::kString) {
      Add(*open.index, rows.Slice(begin, end), texts);
    } else {
      Add(*open.index, rows.Slice(begin, end), IdRange(begin, end - begin));
    }
  };
  const auto remove = [&](uint64_t id) {
    if (id_type == IdType::kString) {
      Remove(*open.index, Texts{"text " + std::to_string(id)});
    } else {
      Remove(*open.index, Ids{id});
    }
  };
  add(0, 1600);
  remove(3);
  Commit(open);
  add(1600, 1700);
  remove(1601);
  Commit(open);
}

const FileReport& FileOf(DirectoryReport& report, const std::string& name) {
  const FileReport& file = report.FileNamed(name);
  REQUIRE(file.name == name);
  return file;
}

TEST_CASE("VerifyDirectory: a sound index, each file once") {
  for (const Metric metric : kMetrics) {
    for (const IdType id_type : {IdType::kNumber, IdType::kString}) {
      CAPTURE(Name(metric));
      MemoryEnv env;
      MakeIndexIn(env, metric, id_type);
      for (const char* name : {"/notes.txt", "/segment-9-9", "/MANIFEST-7.tmp", "/blog-1-2"}) {
        env.Create(kPath + name)->Append(std::as_bytes(std::span("abc", 3)));
      }
      DirectoryReport report = Verify(env);
      CHECK(report.is_sound());
      for (const GenerationReport& generation : report.generations) {
        CAPTURE(generation.generation);
        CHECK((generation.error ? generation.error->what() : std::string("none")) == "none");
      }
      REQUIRE(report.generations.size() == 2);
      CHECK(report.generations[0].generation == 3);
      CHECK(report.generations[0].manifest->vector_count() == 1698);
      CHECK(report.generations[1].manifest->vector_count() == 1599);
      const FileReport& large = FileOf(report, "segment-0-2");
      CHECK(large.state == State::kNamed);
      CHECK(large.generation == 2);
      CHECK(large.generations == std::vector<uint64_t>{3, 2});
      CHECK(large.bytes > 0);
      REQUIRE(large.segment.has_value());
      CHECK(large.segment->slot_count == 1500);
      CHECK(large.segment->live_count == 1499);
      CHECK(large.segment->probe_count > 20);
      CHECK(large.segment->recall > 0.9);
      CHECK(FileOf(report, "segment-1-3").generations == std::vector<uint64_t>{3});
      CHECK(FileOf(report, "LOCK").state == State::kNamed);
      CHECK(FileOf(report, "notes.txt").state == State::kForeign);
      CHECK(FileOf(report, "blog-1-2").state == State::kForeign);
      CHECK(FileOf(report, "segment-9-9").state == State::kUnused);
      CHECK(FileOf(report, "MANIFEST-7.tmp").state == State::kUnused);
      CHECK(FileOf(report, "MANIFEST-7.tmp").bytes == 3);
    }
  }
}

TEST_CASE("VerifyDirectory: whatever file is damaged is named, with the generations that it spoils") {
  MemoryEnv env;
  MakeIndexIn(env, Metric::kL2, IdType::kString);
  for (const std::string& name : env.List(kPath)) {
    if (name == "LOCK") continue;
    CAPTURE(name);
    auto& bytes = env.bytes(kPath + "/" + name);
    for (const size_t at : {size_t{10}, bytes.size() / 2, bytes.size() - 1}) {
      bytes[at] ^= std::byte{1};
      DirectoryReport report = Verify(env);
      bytes[at] ^= std::byte{1};
      CHECK_FALSE(report.is_sound());
      for (const FileReport& file : report.files) {
        CAPTURE(file.name);
        CHECK((file.state == State::kDamaged) == (file.name == name));
        if (file.state != State::kDamaged) continue;
        REQUIRE(file.error.has_value());
        CHECK(file.error->code() == ErrorCode::kCorrupt);
        REQUIRE(file.error->place() != nullptr);
        CHECK(file.error->place()->path == kPath + "/" + name);
        CHECK(file.error->place()->section != "");
        for (const GenerationReport& generation : report.generations) {
          const bool is_spoiled =
              std::ranges::find(file.generations, generation.generation) != file.generations.end();
          CHECK(generation.error.has_value() == is_spoiled);
        }
      }
    }
    CHECK(Verify(env).is_sound());
  }
}

TEST_CASE("VerifyDirectory: a file that is missing, one that cannot be read, one that is stale") {
  MemoryEnv env;
  MakeIndexIn(env, Metric::kL2);
  env.Remove(kPath + "/segment-1-3");
  DirectoryReport report = Verify(env);
  CHECK(FileOf(report, "segment-1-3").state == State::kMissing);
  CHECK(FileOf(report, "segment-1-3").error->code() == ErrorCode::kCorrupt);
  CHECK(std::string(report.generations[0].error->what()) ==
        "a file of the index is missing: open of /data/segment-1-3 failed: No such file or directory");
  FaultEnv faults(env);
  size_t unreadable_count = 0;
  for (size_t call = 0;; ++call) {
    faults.FailAt(call, FaultEnv::Fault::kOnce);
    const size_t first = faults.call_count();
    std::optional<DirectoryReport> found;
    const auto error = ErrorOf([&] { found = Verify(faults); });
    if (faults.call_count() - first <= call) break;
    if (error) {
      CHECK(error->code() == ErrorCode::kIo);
      continue;
    }
    for (const FileReport& file : found->files) {
      if (!file.error || file.state == State::kMissing) continue;
      CHECK(file.error->code() == ErrorCode::kIo);
      ++unreadable_count;
    }
  }
  CHECK(unreadable_count > 10);
}

TEST_CASE("VerifyDirectory: an id that two segments hold, which neither file shows") {
  const IndexOptions options = OptionsFor(kDimension, Metric::kL2);
  IndexImage image;
  image.next_segment_number = 2;
  for (const uint32_t number : {0u, 1u}) {
    // SealedSegment counts its ids from 1000 on.
    const auto segment =
        SealedSegment(RandomVectors(20, kDimension, number), {Metric::kL2, false, false, 16, number});
    image.parts.push_back({{segment, 20, nullptr}, nullptr});
  }
  MemoryEnv env;
  IndexDirectory::Save(env, kPath, options, image, CancelToken());
  DirectoryReport report = Verify(env);
  CHECK_FALSE(report.is_sound());
  CHECK(FileOf(report, "segment-0-1").state == State::kNamed);
  REQUIRE(report.generations[0].error.has_value());
  CHECK(std::string(report.generations[0].error->what()).find("holds an id twice") != std::string::npos);
}

TEST_CASE("VerifyDirectory: codes that are not those of their rows, though every checksum fits") {
  DirectoryReport report = VerifyForged([](Bytes& bytes) {
    bytes[BytesOf(bytes, SectionType::kCodes) + 64 * 9 + 20] ^= std::byte{1};  // behind the end of a row
  });
  CHECK_FALSE(report.is_sound());
  const FileReport& file = FileOf(report, "segment-0-1");
  CHECK(file.state == State::kDamaged);
  CHECK(std::string(file.error->what()).find("1 slots whose codes are not those of their rows") !=
        std::string::npos);
}

TEST_CASE("VerifyDirectory: two faults of one segment") {
  DirectoryReport report = VerifyForged([](Bytes& bytes) {
    bytes[BytesOf(bytes, SectionType::kCodes) + 64 * 9 + 20] ^= std::byte{1};
    PutAt<uint64_t>(bytes, BytesOf(bytes, SectionType::kIds) + 8 * 7, 1000);
  });
  CHECK(std::string(FileOf(report, "segment-0-1").error->what()) ==
        "/data/segment-0-1: 1 slots under an id that another one has, 1 slots whose codes are not those of their rows");
}

TEST_CASE("VerifyDirectory: commits between any two of its calls") {
  for (size_t call = 0;; ++call) {
    CAPTURE(call);
    MemoryEnv memory;
    OpenIndex open = Open(memory, kPath, GivenOptions::Of(OptionsFor(kDimension, Metric::kL2)));
    for (int i = 0; i < 2; ++i) {
      Add(*open.index, RandomVectors(60, kDimension, 3));
      Remove(*open.index, Ids{3 + static_cast<uint64_t>(i)});
      Commit(open);
    }
    FaultEnv env(memory);
    env.BeforeCall(call, [&] {
      for (int i = 0; i < 2; ++i) {
        Remove(*open.index, Ids{100 + static_cast<uint64_t>(i)});
        Commit(open);
      }
    });
    DirectoryReport report = Verify(env);
    CHECK(report.is_sound());
    // All of it is of one moment, before the commits or after them.
    const uint64_t newest = report.generations[0].generation;
    CHECK((newest == 3 || newest == 5));
    if (!env.is_reached()) break;
    REQUIRE(call < 100);
  }
}

TEST_CASE("VerifyDirectory: memory that runs out, and an abort, are not the fault of a file") {
  MemoryEnv memory;
  MakeIndexIn(memory, Metric::kL2, IdType::kString);
  FaultEnv env(memory);
  for (const bool is_abort : {false, true}) {
    size_t failed_count = 0;
    for (size_t call = 0;; ++call) {
      CAPTURE(call);
      CancelToken cancel;
      env.BeforeCall(call, [&] {
        if (is_abort) return cancel.Cancel();
        throw Error(ErrorCode::kOutOfMemory, "out of memory");
      });
      VerifyProgress progress;
      const std::string code = ErrorCodeOf([&] { VerifyDirectory(env, kPath, {}, 1, progress, [] {}, cancel); });
      if (!env.is_reached()) break;
      CHECK(code == (is_abort ? "ABORTED" : "OUT_OF_MEMORY"));
      ++failed_count;
    }
    CHECK(failed_count > 20);
  }
}

TEST_CASE("VerifyDirectory: a manifest that cannot be opened, twice") {
  MemoryEnv memory;
  MakeIndexIn(memory, Metric::kL2);
  FaultEnv env(memory);
  env.BeforeEach([](std::string_view, const std::string& path) {
    if (path == kPath + "/MANIFEST-3") throw SystemCallError("open", path, EACCES);
  });
  DirectoryReport report = Verify(env);
  const FileReport& file = FileOf(report, "MANIFEST-3");
  CHECK(file.state == State::kDamaged);
  CHECK(file.error->code() == ErrorCode::kIo);
  REQUIRE(report.generations.size() == 2);
  CHECK(report.generations[0].error.has_value());
  CHECK_FALSE(report.generations[1].error.has_value());
}

TEST_CASE("VerifyDirectory: that no more files can be opened is not the fault of a file") {
  MemoryEnv memory;
  MakeIndexIn(memory, Metric::kL2);
  for (const std::string name : {"MANIFEST-3", "segment-0-2"}) {
    FaultEnv env(memory);
    env.BeforeEach([&](std::string_view, const std::string& path) {
      if (path == kPath + "/" + name) throw SystemCallError("open", path, EMFILE);
    });
    VerifyProgress progress;
    CHECK(ErrorCodeOf([&] { VerifyDirectory(env, kPath, {}, 1, progress, [] {}, CancelToken()); }) == "IO");
  }
}

TEST_CASE("VerifyDirectory: an older generation that says something else of a segment that both have") {
  MemoryEnv env;
  MakeIndexIn(env, Metric::kL2);
  const std::string path = kPath + "/MANIFEST-2";
  const Manifest manifest = ReadManifest(*env.Open(path), path, {});
  for (const bool is_options : {false, true}) {
    Manifest forged = manifest;
    if (is_options) {
      forged.options.dimension = 4000;
    } else {
      forged.segments[0].slot_count = 1u << 31;
    }
    env.Remove(path);
    WriteManifest(forged, *env.Create(path));
    const DirectoryReport report = Verify(env);
    REQUIRE(report.generations.size() == 2);
    CHECK_FALSE(report.generations[0].error.has_value());
    REQUIRE(report.generations[1].error.has_value());
    CHECK(report.generations[1].error->code() == ErrorCode::kCorrupt);
  }
}

TEST_CASE("VerifyDirectory: a manifest that names a file that no writer would") {
  MemoryEnv env;
  MakeIndexIn(env, Metric::kL2);
  const std::string path = kPath + "/MANIFEST-3";
  Manifest manifest = ReadManifest(*env.Open(path), path, {});
  manifest.segments[1].file.name = "elsewhere";
  env.Remove(path);
  WriteManifest(manifest, *env.Create(path));
  DirectoryReport report = Verify(env);
  const FileReport& file = FileOf(report, "elsewhere");
  CHECK(file.state == State::kMissing);
  CHECK_FALSE(file.role.has_value());
  CHECK(file.generations == std::vector<uint64_t>{3});
  CHECK_FALSE(report.is_sound());
}

TEST_CASE("VerifyDirectory: commits beside it take nothing away") {
  MemoryEnv env;
  MakeIndexIn(env, Metric::kL2);
  OpenIndex open = Open(env, kPath);
  size_t poll_count = 0;
  const DirectoryReport report = Verify(env, [&] {
    if (poll_count++ % 5 != 0 || poll_count > 50) return;
    Add(*open.index, RandomVectors(3, kDimension, 4));
    Remove(*open.index, Ids{poll_count + 100});
    Commit(open);
  });
  CHECK(poll_count > 10);
  CHECK(open.directory->generation() > 5);
  CHECK(report.is_sound());
  CHECK(report.generations[0].generation == 3);
  CHECK(Verify(env).is_sound());
}

TEST_CASE("VerifyDirectory: nothing to verify, and being stopped") {
  MemoryEnv env;
  VerifyProgress progress;
  const auto verify = [&](const CancelToken& cancel, const std::function<void()>& poll) {
    return ErrorCodeOf([&] { VerifyDirectory(env, kPath, {}, 1, progress, poll, cancel); });
  };
  CHECK(verify(CancelToken(), [] {}) == "NOT_FOUND");
  env.CreateDirectory(kPath);
  CHECK(verify(CancelToken(), [] {}) == "NOT_FOUND");
  MakeIndexIn(env, Metric::kL2);
  CancelToken cancel;
  CHECK(verify(cancel, [&] { cancel.Cancel(); }) == "ABORTED");
  env.Remove(kPath + "/MANIFEST-2");
  env.Remove(kPath + "/MANIFEST-3");
  const DirectoryReport report = SurveyDirectory(env, kPath, CancelToken()).report;
  CHECK_FALSE(report.is_sound());
  CHECK(report.generations.empty());
}

}  // namespace
}  // namespace segvec
