#include "index/index_directory.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <string>
#include <thread>
#include <vector>

#include "index/compaction.h"
#include "index/verify_directory.h"
#include "support/cancelled_add.h"
#include "support/directory_of.h"
#include "support/errors.h"
#include "support/fault_env.h"
#include "support/file_repair.h"
#include "support/memory_env.h"
#include "support/names.h"
#include "support/prove.h"
#include "support/sanitizers.h"
#include "support/segment_of.h"
#include "support/small_index.h"
#include "support/temporary_directory.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

constexpr size_t kDimension = kSmallDimension;
const std::string kPath = "/data";

// Two indexes that hold the same vectors answer the same.
void CheckSameAnswers(const Index& a, const Index& b) {
  REQUIRE(a.vector_count() == b.vector_count());
  const Vectors queries = RandomVectors(5, a.options().dimension, 99);
  for (size_t i = 0; i < queries.count(); ++i) {
    const SearchResults left = a.Search(queries.row(i), 1, {10, 50, false}, CancelToken());
    const SearchResults right = b.Search(queries.row(i), 1, {10, 50, false}, CancelToken());
    CHECK(left.ids == right.ids);
    CHECK(left.texts == right.texts);
    CHECK(left.text_places == right.text_places);
    CHECK(left.distances == right.distances);
  }
}

TEST_CASE("IndexDirectory: what was committed is there again, and goes on as if nothing had happened") {
  for (const Metric metric : kMetrics) {
    for (const Quantization quantization : kQuantizations) {
      CAPTURE(Name(metric));
      CAPTURE(Name(quantization));
      IndexOptions options = OptionsFor(kDimension, metric, {2, 2});
      options.quantization = quantization;
      options.keep_vectors = quantization == Quantization::kNone || metric != Metric::kL2;
      options.segment_capacity = 3000;
      MemoryEnv env;
      const Vectors rows = RandomVectors(Sized(6000, 3500), kDimension, 3);
      OpenIndex open = Open(env, kPath, GivenOptions::Of(options));
      const size_t half = rows.count() / 2;
      Add(*open.index, rows.Slice(0, half));
      Remove(*open.index, Ids{0, 5, 1000});
      Commit(open);
      OpenIndex reader = OpenReader(env, kPath);
      CHECK(reader.index->Fingerprint() == open.index->Fingerprint());
      CheckSameAnswers(*reader.index, *open.index);
      CHECK(!reader.index->Has(5));
      CHECK(reader.index->Get(7) == open.index->Get(7));

      // The rest, once in the index that was never closed and once in the one that is opened again.
      Add(*open.index, rows.Slice(half, rows.count()));
      const uint64_t expected = open.index->Fingerprint();
      open = {};
      OpenParameters parameters;
      parameters.threads = 2;
      open = Open(env, kPath, {}, parameters);
      CHECK(Add(*open.index, rows.Slice(half, rows.count())).front() == half);
      CHECK(open.index->Fingerprint() == expected);
    }
  }
}

TEST_CASE("IndexDirectory: an opening counts the vectors that are in place") {
  MemoryEnv env;
  OpenIndex open = Open(env, kPath, GivenOptions::Of(SmallOptions()));
  Add(*open.index, RandomVectors(3000, kDimension, 3));
  Remove(*open.index, Ids{1, 2});
  Commit(open);
  open = {};
  for (const bool is_read_only : {false, true}) {
    OpenParameters parameters;
    parameters.is_read_only = is_read_only;
    const auto progress = parameters.progress;
    CHECK(progress->total_count == 0);
    open = Open(env, kPath, {}, parameters);
    CHECK(progress->loaded_count == 2998);
    CHECK(progress->total_count == 2998);
    open = {};
  }
}

TEST_CASE("IndexDirectory: a commit stores what was measured of the recall, and readers go by it") {
  using State = Index::CalibrationState;
  MemoryEnv env;
  OpenIndex open = Open(env, kPath, GivenOptions::Of(SmallOptions()));
  Add(*open.index, RandomVectors(3000, kDimension, 3));
  Commit(open);
  OpenIndex before = OpenReader(env, kPath);
  CHECK(before.index->calibration_state() == State::kMissing);
  open.index->Calibrate(CancelToken());
  Commit(open);
  const RecallMeasurement measured = open.index->calibration()->measured();
  const uint32_t ef = open.index->EfFor(10, 0.95);

  const OpenIndex reader = OpenReader(env, kPath);
  REQUIRE(reader.index->calibration());
  CHECK(reader.index->calibration()->measured() == measured);
  CHECK(reader.index->calibration_state() == State::kFresh);
  CHECK(reader.index->EfFor(10, 0.95) == ef);
  const auto newer = before.directory->LoadNewer(CancelToken());
  REQUIRE(newer);
  CHECK(newer->calibration_state() == State::kFresh);
  MemoryEnv elsewhere;
  IndexDirectory::Save(elsewhere, kPath, open.index->options(), open.index->Capture([](const auto&) { return false; }, CancelToken()),
                       CancelToken());
  CHECK(OpenReader(elsewhere, kPath).index->EfFor(10, 0.95) == ef);

  // It is of 3,000 vectors: what has grown since shows how much it says.
  Add(*open.index, RandomVectors(1500, kDimension, 4));
  Commit(open);
  CHECK(OpenReader(env, kPath).index->calibration_state() == State::kStale);
  Add(*open.index, RandomVectors(4000, kDimension, 5));
  Commit(open);
  CHECK(OpenReader(env, kPath).index->calibration_state() == State::kMissing);
  open = {};
  open = Open(env, kPath);
  CHECK(open.index->calibration()->measured() == measured);
}

TEST_CASE("IndexDirectory: a reader that moves on keeps what it has measured itself, unless what is stored is nearer") {
  using State = Index::CalibrationState;
  MemoryEnv env;
  OpenIndex open = Open(env, kPath, GivenOptions::Of(SmallOptions()));
  Add(*open.index, RandomVectors(3000, kDimension, 3));
  open.index->Calibrate(CancelToken());
  Commit(open);
  OpenIndex reader = OpenReader(env, kPath);
  Add(*open.index, RandomVectors(1500, kDimension, 4));
  Commit(open);
  auto newer = reader.directory->LoadNewer(CancelToken());
  REQUIRE(newer);
  CHECK(newer->calibration_state() == State::kStale);
  newer->Calibrate(CancelToken());
  Add(*open.index, RandomVectors(10, kDimension, 5));
  Commit(open);
  auto newest = reader.directory->LoadNewer(CancelToken());
  REQUIRE(newest);
  CHECK(newest->calibration_state() == State::kStale);
  newest->AdoptCalibration(*newer);
  CHECK(newest->calibration_state() == State::kFresh);
  open.index->Calibrate(CancelToken());
  Commit(open);
  const auto last = reader.directory->LoadNewer(CancelToken());
  REQUIRE(last);
  const auto stored = last->calibration();
  last->AdoptCalibration(*newest);
  CHECK(last->calibration() == stored);
}

TEST_CASE("IndexDirectory: string ids keep their texts, through removal, return and replacement") {
  MemoryEnv env;
  IndexOptions options = SmallOptions();
  options.id_type = IdType::kString;
  const Vectors rows = RandomVectors(1500, kDimension, 3);
  Texts texts;
  for (size_t i = 0; i < rows.count(); ++i)
    texts.push_back("text " + std::to_string(i) + (i % 7 == 0 ? " \xC3\xA4" : ""));
  OpenIndex open = Open(env, kPath, GivenOptions::Of(options));
  Add(*open.index, rows, texts);
  Commit(open);
  Remove(*open.index, Texts{texts[3], texts[4]});
  Upsert(*open.index, rows.Slice(0, 2), Texts{texts[9], texts[10]});
  Add(*open.index, rows.Slice(2, 3), Texts{texts[4]});
  Commit(open);
  const OpenIndex reader = OpenReader(env, kPath);
  CHECK(reader.index->Fingerprint() == open.index->Fingerprint());
  CheckSameAnswers(*reader.index, *open.index);
  const auto vector_of = [&](const std::string& text) -> std::optional<std::vector<float>> {
    const auto number = reader.index->string_ids().Find(text);
    return number ? reader.index->Get(*number) : std::nullopt;
  };
  CHECK(!vector_of(texts[3]));
  CHECK(vector_of(texts[4]) == rows.RowCopy(2));
  CHECK(vector_of(texts[9]) == rows.RowCopy(0));
  CHECK(vector_of(texts[7]) == rows.RowCopy(7));
  open = {};
  open = Open(env, kPath, {});
  CHECK(ErrorCodeOf([&] { Add(*open.index, rows.Slice(0, 1), Texts{texts[4]}); }) == "DUPLICATE_ID");
  Add(*open.index, rows.Slice(3, 4), Texts{texts[3]});
  CHECK(open.index->vector_count() == rows.count());
}

TEST_CASE("IndexDirectory: a commit stores the moment it was asked for, whatever happens while it writes") {
  MemoryEnv env;
  OpenIndex open = Open(env, kPath, Given());
  const Vectors rows = RandomVectors(3000, kDimension, 3);
  Add(*open.index, rows.Slice(0, 1500));
  const IndexImage image = Capture(open);
  const uint64_t fingerprint = open.index->Fingerprint();
  Add(*open.index, rows.Slice(1500, 3000));
  Remove(*open.index, Ids{1, 2, 3});
  open.directory->Commit(image, CancelToken());
  CHECK(OpenReader(env, kPath).index->Fingerprint() == fingerprint);
  Commit(open);
  CHECK(OpenReader(env, kPath).index->Fingerprint() == open.index->Fingerprint());
}

TEST_CASE("IndexDirectory: adds, removes and searches go on while commits write") {
  MemoryEnv env;
  OpenIndex open = Open(env, kPath, Given());
  const Vectors rows = RandomVectors(Sized(4000, 1500), kDimension, 3);
  std::vector<uint64_t> counts;
  std::atomic<bool> is_done{false};
  std::thread searcher([&] {
    while (!is_done) CHECK(ExactSearch(*open.index, rows.row(0), 3).size() <= 3);
  });
  for (size_t begin = 0; begin < rows.count(); begin += 250) {
    const IndexImage image = Capture(open);
    const size_t count = open.index->vector_count();
    std::thread committer([&] { open.directory->Commit(image, CancelToken()); });
    Add(*open.index, rows.Slice(begin, std::min(begin + 250, rows.count())), IdRange(begin, 250));
    Remove(*open.index, Ids{begin});
    committer.join();
    CHECK(OpenReader(env, kPath).index->vector_count() == count);
  }
  is_done = true;
  searcher.join();
}

TEST_CASE("IndexDirectory: a commit writes only what is new") {
  MemoryEnv env;
  OpenIndex open = Open(env, kPath, Given());
  Add(*open.index, RandomVectors(2000, kDimension, 3));
  Commit(open);
  const auto parts = [&] {
    std::vector<std::string> names = env.List(kPath);
    std::erase_if(names,
                  [](const std::string& name) { return StartsWith(name, "MANIFEST-") || name == "LOCK"; });
    return names;
  };
  CHECK(parts() == std::vector<std::string>{"segment-0-2"});
  Remove(*open.index, Ids{5});
  Commit(open);
  CHECK(parts() == std::vector<std::string>{"segment-0-2", "tombstones-0-3"});
  Add(*open.index, RandomVectors(10, kDimension, 4));
  Commit(open);
  CHECK(parts() == std::vector<std::string>{"segment-0-2", "segment-1-4", "tombstones-0-3"});
  // Few rows join those of the last commit in one file, rather than making a crumb of their own.
  Add(*open.index, RandomVectors(10, kDimension, 5));
  Commit(open);
  CHECK(parts() == std::vector<std::string>{"segment-0-2", "segment-1-4", "segment-1-5", "tombstones-0-3"});
  Commit(open);
  CHECK(parts() == std::vector<std::string>{"segment-0-2", "segment-1-5", "tombstones-0-3"});
  open = {};
  open = Open(env, kPath, {});
  Commit(open);
  CHECK(parts() == std::vector<std::string>{"segment-0-2", "segment-1-5", "tombstones-0-3"});
  CHECK(open.index->vector_count() == 2019);
}

TEST_CASE("IndexDirectory: what a cancelled add left is stored dead") {
  MemoryEnv env;
  OpenIndex open = Open(env, kPath, Given());
  const Vectors rows = RandomVectors(2000, kDimension, 3);
  Add(*open.index, rows.Slice(0, 1200));
  const auto stage = StageOf(rows.Slice(1200, 2000));
  CancelToken cancel;
  std::thread canceller([&] {
    while (stage->inserted_count < 10) std::this_thread::yield();
    cancel.Cancel();
  });
  const std::string code = ErrorCodeOf([&] { open.index->Add(*stage, cancel); });
  canceller.join();
  Commit(open);
  const OpenIndex reader = OpenReader(env, kPath);
  CHECK(reader.index->vector_count() == (code == "ABORTED" ? 1200 : 2000));
  CHECK(reader.index->Fingerprint() == open.index->Fingerprint());
}

TEST_CASE("IndexDirectory: of a cancelled add nothing is left in a small segment, nor stored with it") {
  const Vectors rows = RandomVectors(5000, kDimension, 3);
  UntilInTime([&] {
    MemoryEnv env;
    OpenIndex open = Open(env, kPath, Given());
    Index& index = *open.index;
    Add(index, rows.Slice(0, 1500));
    Commit(open);
    Add(index, rows.Slice(1500, 1800));
    if (!AddAndCancel(index, rows.Slice(1800, 4800), 1'000'000, 1)) return false;
    const std::shared_ptr<const Segment> small = index.snapshot()->views.back().segment;
    if (small->has_graph()) return false;
    CHECK(small->slot_count() == 300);
    CompactionProgress progress;
    Compaction compaction(index, Compaction::Scope::kEverything, progress, CancelToken());
    Add(index, rows.Slice(4800, 4900));
    compaction.GiveUp();
    CHECK(small->is_sealed());
    Commit(open);
    const OpenIndex reader = OpenReader(env, kPath);
    CHECK(reader.index->vector_count() == 1900);
    CheckSameAnswers(*reader.index, index);
    return true;
  });
}

TEST_CASE("IndexDirectory: a segment that a cancelled add filled is stored with its graph") {
  const Vectors rows = RandomVectors(4000, kDimension, 3);
  GivenOptions given = Given();
  given.segment_capacity = 2000;
  UntilInTime([&] {
    MemoryEnv env;
    OpenIndex open = Open(env, kPath, given);
    Index& index = *open.index;
    Add(index, rows.Slice(0, 1500));
    // Into the second segment; the first is full and linked by then.
    if (!AddAndCancel(index, rows.Slice(1500, 3400), 1'000'000, 600)) return false;
    if (index.snapshot()->views[0].segment->slot_count() != 2000) return false;
    Add(index, rows.Slice(3400, 3410));
    const auto snapshot = index.snapshot();
    REQUIRE(snapshot->views.size() == 2);
    CHECK(snapshot->views[0].slot_count == 2000);
    CHECK(snapshot->views[0].live_count() == 1500);
    CHECK(snapshot->views[0].segment->is_sealed());
    Commit(open);
    const OpenIndex reader = OpenReader(env, kPath);
    CHECK(reader.index->vector_count() == 1510);
    CHECK(reader.index->snapshot()->views[0].segment->has_graph());
    CheckSameAnswers(*reader.index, index);
    return true;
  });
}

// No writer of ours stores one of that size without a graph.
TEST_CASE("IndexDirectory: a segment that has got a graph since it was stored is stored again") {
  MemoryEnv env;
  IndexImage image;
  image.next_segment_number = 1;
  image.parts.push_back(
      {{SealedSegment(ClusteredVectors(1200, kDimension, 10, 1), {Metric::kL2, false, false, 16, 0}), 1200, nullptr},
       nullptr});
  IndexDirectory::Save(env, kPath, OptionsFor(kDimension, Metric::kL2), image, CancelToken());
  CHECK_FALSE(OpenReader(env, kPath).index->snapshot()->views[0].segment->has_graph());
  OpenIndex open = Open(env, kPath);
  Commit(open);
  const OpenIndex reader = OpenReader(env, kPath);
  CHECK(reader.index->snapshot()->views[0].segment->has_graph());
  CheckSameAnswers(*reader.index, *open.index);
}

TEST_CASE("IndexDirectory: codes without vectors of extreme values can be read again") {
  const auto round_trip = [](const Vectors& rows, size_t removed_count) {
    MemoryEnv env;
    GivenOptions given;
    given.dimension = rows.dimension;
    given.metric = Metric::kL2;
    given.keep_vectors = false;
    OpenIndex open = Open(env, kPath, given);
    Add(*open.index, rows);
    if (removed_count > 0) {
      Remove(*open.index, IdRange(0, removed_count));
      CHECK(Compact(*open.index));
    }
    Commit(open);
    VerifyProgress progress;
    CHECK(VerifyDirectory(env, kPath, {}, 1, progress, [] {}, CancelToken()).is_sound());
    const OpenIndex reader = OpenReader(env, kPath);
    CHECK(reader.index->vector_count() == rows.count() - removed_count);
    for (size_t id = removed_count; id < rows.count(); id += 97) {
      const auto vector = reader.index->Get(id);
      REQUIRE(vector.has_value());
      for (size_t d = 0; d < rows.dimension; ++d) {
        const float allowed = std::max(std::abs(rows.row(id)[d]) * 0.01f, 4e14f);
        CHECK(std::abs((*vector)[d] - rows.row(id)[d]) <= (std::abs(rows.row(id)[0]) < 1e16f ? 1e4f : allowed));
        CHECK(std::abs((*vector)[d]) <= kMaxMagnitude);
      }
    }
  };
  Vectors alike{2, {}};
  for (size_t row = 0; row < 1100; ++row) alike.Append(std::vector<float>{0.5f, 1e9f});
  round_trip(alike, 0);
  Vectors far{2, {}};
  for (size_t row = 0; row < 2000; ++row) {
    far.Append(std::vector<float>{row % 2 == 0 ? 1e17f : -1e17f, row % 3 == 0 ? 6e16f : 1e17f});
  }
  round_trip(far, 0);
  round_trip(far, 1200);
  Vectors close = RandomVectors(1500, 2, 5);
  for (float& value : close.values) value = 3e6f + 15 * value;
  round_trip(close, 0);
}

TEST_CASE(
    "IndexDirectory: options that contradict the index are refused, and those left out are the index's own") {
  MemoryEnv env;
  CHECK(ErrorTextOf([&] { Open(env, kPath); }) ==
        "INVALID_ARGUMENT: dimension is missing; expected it, as there is no index yet");
  Open(env, kPath, Given());
  CHECK(Open(env, kPath).index->options().M == SmallOptions().M);
  const auto refused = [&](auto change) {
    GivenOptions given;
    change(given);
    return ErrorTextOf([&] { Open(env, kPath, given); });
  };
  CHECK(refused([](GivenOptions& given) { given.dimension = 9; }) ==
        "INVALID_ARGUMENT: option dimension is 9; expected 8, which the index was made with");
  CHECK(refused([](GivenOptions& given) { given.metric = Metric::kCosine; }) ==
        "INVALID_ARGUMENT: option metric is 'cosine'; expected 'l2', which the index was made with");
  CHECK(StartsWith(refused([](GivenOptions& given) { given.metric = Metric::kIp; }),
                   "INVALID_ARGUMENT: option metric"));
  CHECK(refused([](GivenOptions& given) { given.id_type = IdType::kString; }) ==
        "INVALID_ARGUMENT: option idType is 'string'; expected 'number', which the index was made with");
  CHECK(
      StartsWith(refused([](GivenOptions& given) { given.id_type = IdType::kBigint; }), "INVALID_ARGUMENT"));
  CHECK(StartsWith(refused([](GivenOptions& given) { given.M = 7; }), "INVALID_ARGUMENT: option M is 7"));
  CHECK(StartsWith(refused([](GivenOptions& given) { given.ef_construction = 7; }),
                   "INVALID_ARGUMENT: option ef"));
  CHECK(StartsWith(refused([](GivenOptions& given) { given.quantization = Quantization::kNone; }),
                   "INVALID_ARGUMENT"));
  CHECK(StartsWith(refused([](GivenOptions& given) { given.growing_segments = 2; }), "INVALID_ARGUMENT"));
  CHECK(StartsWith(refused([](GivenOptions& given) { given.segment_capacity = 7; }), "INVALID_ARGUMENT"));
  CHECK(
      StartsWith(refused([](GivenOptions& given) { given.seed = 7; }), "INVALID_ARGUMENT: option seed is 7"));
}

TEST_CASE("IndexDirectory: without an index there is nothing to read, and no manifest means damage") {
  MemoryEnv env;
  CHECK(ErrorCodeOf([&] { OpenReader(env, kPath); }) == "NOT_FOUND");
  CHECK(!env.Exists(kPath));
  env.CreateDirectory(kPath);
  CHECK(ErrorCodeOf([&] { OpenReader(env, kPath); }) == "NOT_FOUND");
  OpenIndex open = Open(env, kPath, Given());
  Add(*open.index, RandomVectors(10, kDimension, 3));
  Commit(open);
  open = {};
  env.Remove(kPath + "/MANIFEST-1");
  env.Remove(kPath + "/MANIFEST-2");
  CHECK(ErrorCodeOf([&] { Open(env, kPath, Given()); }) == "CORRUPT");
}

TEST_CASE("IndexDirectory: damage is an error, and the previous generation is opened on request only") {
  MemoryEnv env;
  OpenIndex open = Open(env, kPath, Given());
  Add(*open.index, RandomVectors(10, kDimension, 3));
  Commit(open);
  const uint64_t previous = open.index->Fingerprint();
  Add(*open.index, RandomVectors(2000, kDimension, 4));
  Commit(open);
  open = {};
  const auto damage = [&](const std::string& name) { env.bytes(kPath + "/" + name)[100] ^= std::byte{1}; };
  OpenParameters recovering;
  recovering.recovers_previous = true;
  open = Open(env, kPath, {}, recovering);
  CHECK(open.directory->dropped().empty());
  CHECK(open.index->vector_count() == 2010);
  open = {};

  std::string name;
  SUBCASE("of the manifest") { name = "MANIFEST-3"; }
  SUBCASE("of a segment") { name = "segment-0-3"; }
  damage(name);
  const std::string text = ErrorTextOf([&] { Open(env, kPath); });
  CHECK(StartsWith(text, "CORRUPT: /data/" + name));
  CHECK(text.find("recover: 'previous' goes back to generation 2, which has 10 vectors)") != std::string::npos);
  env.bytes(kPath + "/MANIFEST-2")[100] ^= std::byte{1};
  const std::string both = ErrorTextOf([&] { Open(env, kPath); });
  CHECK(both.find("recover: 'previous' goes back to generation 2)") != std::string::npos);
  env.bytes(kPath + "/MANIFEST-2")[100] ^= std::byte{1};
  CHECK(ErrorCodeOf([&] { OpenReader(env, kPath); }) == "CORRUPT");

  open = Open(env, kPath, {}, recovering);
  CHECK(open.index->Fingerprint() == previous);
  REQUIRE(open.directory->dropped().size() == 1);
  CHECK(open.directory->dropped()[0].generation == 3);
  CHECK(StartsWith(open.directory->dropped()[0].reason, "/data/" + name));
  CHECK(env.Exists(kPath + "/" + name));  // until something newer is safe
  Commit(open);
  open = {};
  CHECK(Open(env, kPath).index->Fingerprint() == previous);

  for (const std::string& file : env.List(kPath)) {
    if (file != "LOCK") damage(file);
  }
  CHECK(StartsWith(ErrorTextOf([&] { Open(env, kPath, {}, recovering); }), "CORRUPT: /data/MANIFEST-"));
}

TEST_CASE("IndexDirectory: a manifest that names no string ids for a segment is damage") {
  MemoryEnv env;
  IndexOptions options = SmallOptions();
  options.id_type = IdType::kString;
  {
    OpenIndex open = Open(env, kPath, GivenOptions::Of(options));
    Add(*open.index, RandomVectors(2, kDimension, 3), Texts{"a", "b"});
    Commit(open);
  }
  const std::string path = kPath + "/MANIFEST-2";
  Manifest manifest = ReadManifest(*env.Open(path), path, {});
  manifest.string_id_files.clear();
  env.Remove(path);
  WriteManifest(manifest, *env.Create(path));
  const std::string expected = "/data/MANIFEST-2 names no string ids for segment-0-2";
  CHECK(StartsWith(ErrorTextOf([&] { Open(env, kPath); }), "CORRUPT: " + expected));
  VerifyProgress progress;
  const DirectoryReport report = VerifyDirectory(
      env, kPath, {}, 1, progress, [] {}, CancelToken());
  REQUIRE(report.generations[0].error.has_value());
  CHECK(std::string(report.generations[0].error->what()) == expected);
}

TEST_CASE("IndexDirectory: a file that is missing or another one's is damage") {
  MemoryEnv env;
  OpenIndex open = Open(env, kPath, Given());
  Add(*open.index, RandomVectors(10, kDimension, 3));
  Remove(*open.index, Ids{3});
  Commit(open);
  Remove(*open.index, Ids{4});
  Commit(open);
  open = {};
  auto& newer = env.bytes(kPath + "/tombstones-0-3");
  const auto kept = newer;
  newer = env.bytes(kPath + "/tombstones-0-2");  // stale
  CHECK(ErrorCodeOf([&] { Open(env, kPath); }) == "CORRUPT");
  newer = kept;
  CHECK(ErrorCodeOf([&] { Open(env, kPath); }) == "none");
  env.Remove(kPath + "/tombstones-0-3");
  CHECK(StartsWith(ErrorTextOf([&] { Open(env, kPath); }), "CORRUPT: a file of the index is missing: "));
}

TEST_CASE("IndexDirectory: readers see a generation, keep it, and move to a newer one when they ask") {
  MemoryEnv env;
  OpenIndex open = Open(env, kPath, Given());
  Add(*open.index, RandomVectors(1500, kDimension, 3));
  Commit(open);
  for (const bool is_mapped : {false, true}) {
    CAPTURE(is_mapped);
    OpenIndex reader = OpenReader(env, kPath, is_mapped);
    CHECK(reader.directory->LoadNewer(CancelToken()) == nullptr);
    const size_t count = open.index->vector_count();
    for (int i = 0; i < 3; ++i) {
      Add(*open.index, RandomVectors(10, kDimension, 4));
      Commit(open);
    }
    CHECK(reader.index->vector_count() == count);
    CHECK(Search(*reader.index, RandomVectors(1, kDimension, 5).row(0), 5, 20).size() == 5);
    const auto newer = reader.directory->LoadNewer(CancelToken());
    REQUIRE(newer != nullptr);
    CHECK(newer->Fingerprint() == open.index->Fingerprint());
    CHECK(newer->snapshot()->views[0].segment == reader.index->snapshot()->views[0].segment);
    CHECK(reader.directory->generation() == open.directory->generation());
    CHECK(reader.directory->LoadNewer(CancelToken()) == nullptr);
    CHECK(ErrorCodeOf([&] { reader.directory->Commit(IndexImage(), CancelToken()); }) == "READ_ONLY");
  }
}

TEST_CASE("IndexDirectory: a reader answers before it knows where each id is, and finds out at the first lookup") {
  IndexImage image;
  image.next_segment_number = 2;
  for (const uint32_t number : {0u, 1u}) {
    // SealedSegment counts its ids from 1000 on: both segments hold the same ones, which is damage that no file shows.
    const auto segment = SealedSegment(RandomVectors(20, kDimension, number), {Metric::kL2, false, false, 16, number});
    image.parts.push_back({{segment, 20, nullptr}, nullptr});
  }
  MemoryEnv env;
  IndexDirectory::Save(env, kPath, OptionsFor(kDimension, Metric::kL2), image, CancelToken());
  CHECK(ErrorCodeOf([&] { Open(env, kPath); }) == "CORRUPT");
  for (const bool is_mapped : {false, true}) {
    const OpenIndex reader = OpenReader(env, kPath, is_mapped);
    CHECK(Search(*reader.index, RandomVectors(1, kDimension, 5).row(0), 5, 20).size() == 5);
    const size_t bytes = reader.index->memory_bytes();
    for (int i = 0; i < 2; ++i) {
      CHECK(ErrorCodeOf([&] { reader.index->Has(1003); }) == "CORRUPT");
      CHECK(ErrorCodeOf([&] { reader.index->Get(1003); }) == "CORRUPT");
    }
    CHECK(reader.index->memory_bytes() == bytes);
  }

  image.parts.pop_back();
  MemoryEnv sound_env;
  IndexDirectory::Save(sound_env, kPath, OptionsFor(kDimension, Metric::kL2), image, CancelToken());
  const OpenIndex reader = OpenReader(sound_env, kPath);
  const size_t bytes = reader.index->memory_bytes();
  CancelToken cancelled;
  cancelled.Cancel();
  CHECK(ErrorCodeOf([&] { reader.index->RestoreIds(cancelled); }) == "ABORTED");
  CHECK(reader.index->Has(1003));
  CHECK_FALSE(reader.index->Has(7));
  CHECK(reader.index->Get(1003).has_value());
  CHECK(reader.index->memory_bytes() > bytes);
}

TEST_CASE("IndexDirectory: threads that all need the ids wait for the one that finds them") {
  MemoryEnv env;
  OpenIndex open = Open(env, kPath, Given());
  Add(*open.index, RandomVectors(3000, kDimension, 3));
  Commit(open);
  open = {};
  for (size_t round = 0; round < Sized(20, 3); ++round) {  // in one of them they will meet
    const OpenIndex reader = OpenReader(env, kPath);
    std::atomic<int> waiting{2};
    const auto look_up = [&] {
      --waiting;
      while (waiting > 0) std::this_thread::yield();
      CHECK(reader.index->Has(17));
    };
    std::thread other(look_up);
    look_up();
    other.join();
    CHECK_FALSE(reader.index->Has(1'000'000));
  }
}

TEST_CASE("IndexDirectory: a segment of which nothing lives is not stored") {
  MemoryEnv env;
  IndexOptions options = SmallOptions();
  options.compacts_in_background = false;
  OpenIndex open = Open(env, kPath, GivenOptions::Of(options));
  Add(*open.index, RandomVectors(1500, kDimension, 3));
  Commit(open);
  Remove(*open.index, IdRange(0, 1500));
  Commit(open);
  const std::string path = kPath + "/MANIFEST-3";
  CHECK(ReadManifest(*env.Open(path), path, {}).segments.empty());
  const OpenIndex reader = OpenReader(env, kPath);
  CHECK(reader.index->vector_count() == 0);
}

TEST_CASE("IndexDirectory: a newer generation that says something else of a segment that is there is damage") {
  MemoryEnv env;
  {
    OpenIndex open = Open(env, kPath, Given());
    Add(*open.index, RandomVectors(20, kDimension, 3));
    Commit(open);
    Remove(*open.index, Ids{3});
    Commit(open);
  }
  const auto forge = [&](const std::function<void(ManifestSegment&)>& change) {
    const OpenIndex reader = OpenReader(env, kPath);
    const std::string path = kPath + "/MANIFEST-3", newer = kPath + "/MANIFEST-4";
    Manifest manifest = ReadManifest(*env.Open(path), path, {});
    manifest.identity.generation = 4;
    change(manifest.segments[0]);
    WriteManifest(manifest, *env.Create(newer));
    const std::string error = ErrorTextOf([&] { reader.directory->LoadNewer(CancelToken()); });
    VerifyProgress progress;
    const DirectoryReport report = VerifyDirectory(env, kPath, {}, 1, progress, [] {}, CancelToken());
    CHECK(report.generations[0].error.has_value());
    CHECK_FALSE(report.generations[1].error.has_value());
    env.Remove(newer);
    return error;
  };
  CHECK(StartsWith(forge([](ManifestSegment& segment) { segment.slot_count = 1u << 31; }),
                   "CORRUPT: segment-0-2: number of slots 20; expected 2147483648, as the manifest says"));
  CHECK(StartsWith(forge([](ManifestSegment& segment) { segment.dead_count = 2; }),
                   "CORRUPT: /data/tombstones-0-3: 1 dead slots; expected 2, as the manifest says"));
}

// No writer of ours stores one of that size without a graph.
TEST_CASE("IndexDirectory: a large segment without a graph gets one, also after an add to it was aborted") {
  const Vectors rows = ClusteredVectors(3000, kDimension, 20, 3);
  for (const bool has_codes : {false, true}) {
    CAPTURE(has_codes);
    IndexOptions options = OptionsFor(kDimension, Metric::kL2);
    if (!has_codes) options.quantization = Quantization::kNone;
    IndexImage image;
    image.next_segment_number = 1;
    image.next_id = 10'000;
    image.parts.push_back({{SealedSegment(rows, {Metric::kL2, has_codes, false, 16, 0}), 3000, nullptr}, nullptr});
    UntilInTime([&] {
      MemoryEnv env;
      IndexDirectory::Save(env, kPath, options, image, CancelToken());
      OpenIndex open = Open(env, kPath);
      CHECK(open.index->vector_count() == 3000);
      CHECK(Search(*open.index, rows.row(7), 1, 64)[0].id == 1007);
      // In the middle of linking, before which none of the 3,000 has a graph.
      if (!AddAndCancel(*open.index, ClusteredVectors(3000, kDimension, 20, 4), 50'000, 1)) return false;
      CHECK(open.index->vector_count() == 3000);
      Commit(open);
      const OpenIndex reader = OpenReader(env, kPath);
      CHECK(reader.index->vector_count() == 3000);
      CHECK(reader.index->snapshot()->views[0].segment->has_graph());
      CHECK(Search(*reader.index, rows.row(7), 1, 64)[0].id == 1007);
      return true;
    });
  }
}

TEST_CASE("IndexDirectory: a reader that passes over a damaged newer generation stays where it is") {
  MemoryEnv env;
  OpenIndex open = Open(env, kPath, Given());
  Add(*open.index, RandomVectors(20, kDimension, 3));
  Commit(open);
  OpenParameters parameters;
  parameters.is_read_only = parameters.recovers_previous = true;
  const OpenIndex reader = Open(env, kPath, {}, parameters);
  Add(*open.index, RandomVectors(5, kDimension, 4));
  Commit(open);
  env.bytes(kPath + "/MANIFEST-3")[200] ^= std::byte{1};
  CHECK(reader.directory->LoadNewer(CancelToken()) == nullptr);
  CHECK(reader.directory->generation() == 2);
}

TEST_CASE("IndexDirectory: on request a medium that fails is passed over like damage") {
  MemoryEnv memory;
  uint64_t previous = 0;
  {
    OpenIndex open = Open(memory, kPath, Given());
    Add(*open.index, RandomVectors(20, kDimension, 3));
    Commit(open);
    previous = open.index->vector_count();
    Add(*open.index, RandomVectors(5, kDimension, 4));
    Commit(open);
  }
  FaultEnv env(memory);
  int number = EIO;
  env.BeforeEach([&](std::string_view syscall, const std::string& path) {
    if (syscall == "pread" && path == kPath + "/segment-0-3") throw SystemCallError("pread", path, number);
  });
  OpenParameters recovering;
  recovering.recovers_previous = true;
  CHECK(ErrorCodeOf([&] { Open(env, kPath); }) == "IO");
  CHECK(Open(env, kPath, {}, recovering).index->vector_count() == previous);
  number = ENOMEM;
  CHECK(ErrorCodeOf([&] { Open(env, kPath, {}, recovering); }) == "IO");
}

TEST_CASE("IndexDirectory: ids that the index's id type does not have are damage") {
  MemoryEnv env;
  IndexOptions options = SmallOptions();
  options.id_type = IdType::kBigint;
  {
    OpenIndex open = Open(env, kPath, GivenOptions::Of(options));
    Add(*open.index, RandomVectors(2, kDimension, 3), Ids{1, ~uint64_t{0} - 1});
    Commit(open);
  }
  const std::string path = kPath + "/MANIFEST-2";
  Manifest manifest = ReadManifest(*env.Open(path), path, {});
  manifest.options.id_type = static_cast<uint32_t>(IdType::kNumber);
  env.Remove(path);
  WriteManifest(manifest, *env.Create(path));
  CHECK(StartsWith(ErrorTextOf([&] { Open(env, kPath); }),
                   "CORRUPT: segment 0 holds an id that the index's id type does not have"));
}

TEST_CASE("IndexDirectory: string ids that do not fit the vectors are damage") {
  IndexOptions options = SmallOptions();
  options.id_type = IdType::kString;
  const auto index = MakeIndex(options);
  Add(*index, RandomVectors(3, kDimension, 3), Texts{"a", "b", "c"});
  IndexImage image = CaptureAll(*index);
  const StringIdTable sound = *image.parts[0].strings;
  const auto error_with = [&](const StringIdTable& table) {
    MemoryEnv env;
    image.parts[0].strings = std::make_shared<const StringIdTable>(table);
    IndexDirectory::Save(env, kPath, options, image, CancelToken());
    return ErrorTextOf([&] { Open(env, kPath); });
  };
  CHECK(error_with(sound) == "none");
  StringIdTable short_table, wrong_table;
  for (size_t i = 0; i < 2; ++i) short_table.Append(sound.numbers[i], std::string(sound.text(i)));
  CHECK(error_with(short_table) == "CORRUPT: string ids are missing: 2 for 3 vectors");
  for (size_t i = 0; i < 3; ++i) wrong_table.Append(sound.numbers[i], std::string(sound.text(0)));
  CHECK(error_with(wrong_table) ==
        "CORRUPT: the string ids of segment 0 hold a text twice, or under a number that it cannot have");
}

TEST_CASE("IndexDirectory: a generation of a newer format is not taken for damage, and may be passed over") {
  MemoryEnv env;
  OpenIndex open = Open(env, kPath, Given());
  Add(*open.index, RandomVectors(10, kDimension, 3));
  Commit(open);
  const State previous = StateOf(*open.index);
  Add(*open.index, RandomVectors(10, kDimension, 4));
  Commit(open);
  open = {};
  auto& bytes = env.bytes(kPath + "/MANIFEST-3");
  PutAt<uint32_t>(bytes, 16, 2);
  RepairChecksums(bytes);
  CHECK(StartsWith(ErrorTextOf([&] { Open(env, kPath); }), "UNSUPPORTED_FORMAT: /data/MANIFEST-3"));
  OpenParameters recovering;
  recovering.recovers_previous = true;
  CHECK(StateOf(*Open(env, kPath, {}, recovering).index) == previous);
}

TEST_CASE("IndexDirectory: a reader opens, whatever a writer publishes and removes meanwhile") {
  for (size_t call = 0;; ++call) {
    CAPTURE(call);
    MemoryEnv memory;
    OpenIndex open = Open(memory, kPath, Given());
    Add(*open.index, RandomVectors(50, kDimension, 3));
    Commit(open);
    FaultEnv env(memory);
    env.BeforeCall(call, [&] {
      for (int i = 0; i < 2; ++i) {
        Add(*open.index, RandomVectors(5, kDimension, 4));
        Commit(open);
      }
    });
    const OpenIndex reader = OpenReader(env, kPath);
    const size_t count = reader.index->vector_count();
    CHECK((count == 50 || count == 60));
    CHECK(reader.directory->generation() == (count == 50 ? 2 : 4));
    if (!env.is_reached()) break;
  }
}

TEST_CASE("IndexDirectory: a reader gets on beside a writer that publishes faster than it reads") {
  for (const IdType id_type : {IdType::kNumber, IdType::kString}) {
    MemoryEnv memory;
    IndexOptions options = OptionsFor(kDimension, Metric::kL2);
    options.id_type = id_type;
    OpenIndex writer = Open(memory, kPath, GivenOptions::Of(options));
    Add(*writer.index, RandomVectors(1500, kDimension, 3));
    Commit(writer);
    Add(*writer.index, RandomVectors(20, kDimension, 4));
    Commit(writer);
    FaultEnv env(memory);
    size_t large_count = 0, publication_count = 0;
    constexpr size_t kMostPublications = 20;
    env.BeforeEach([&](std::string_view syscall, const std::string& path) {
      if (syscall != "open") return;
      large_count += path.find("/segment-0-") != std::string::npos || path.find("/strings-0-") != std::string::npos;
      if (path.find("/segment-1-") == std::string::npos || publication_count == kMostPublications) return;
      // What is to be opened is not there any more.
      ++publication_count;
      for (int i = 0; i < 2; ++i) {
        Add(*writer.index, RandomVectors(1, kDimension, 5));
        Commit(writer);
      }
    });
    const OpenIndex reader = OpenReader(env, kPath);
    CHECK(publication_count == kMostPublications);
    CHECK(large_count == (id_type == IdType::kString ? 2 : 1));
    CHECK(reader.index->vector_count() == 1520 + 2 * kMostPublications);
    CheckSameAnswers(*reader.index, *writer.index);
  }
}

TEST_CASE("IndexDirectory: a reader takes nothing that it has read for a file of another index under the same name") {
  // Two segments in one generation, which are the same but for what they hold.
  const auto make = [](uint64_t seed, int commit_count) {
    auto env = std::make_unique<MemoryEnv>();
    OpenIndex open = Open(*env, kPath, GivenOptions::Of(OptionsFor(kDimension, Metric::kL2, {2, 2})));
    Add(*open.index, RandomVectors(3000, kDimension, seed));
    for (int i = 0; i < commit_count; ++i) Commit(open);
    return env;
  };
  const auto ours = make(3, 1), theirs = make(4, 2);
  const auto expected = OpenReader(*theirs, kPath);
  FaultEnv env(*ours);
  bool is_replaced = false;
  env.BeforeEach([&](std::string_view syscall, const std::string& path) {
    if (syscall != "open" || path != kPath + "/segment-1-2" || is_replaced) return;
    is_replaced = true;
    for (const std::string& name : ours->List(kPath)) ours->Remove(kPath + "/" + name);
    for (const std::string& name : theirs->List(kPath)) {
      const auto file = ours->Create(kPath + "/" + name);
      file->Append(theirs->bytes(kPath + "/" + name));
      file->Close();
    }
    throw SystemCallError("open", path, ENOENT);
  });
  const OpenIndex reader = OpenReader(env, kPath);
  CHECK(is_replaced);
  CHECK(reader.directory->generation() == 3);
  CheckSameAnswers(*reader.index, *expected.index);
}

TEST_CASE("IndexDirectory: a reader whose index has gone says so") {
  MemoryEnv env;
  OpenIndex open = Open(env, kPath, Given());
  Add(*open.index, RandomVectors(10, kDimension, 3));
  Commit(open);
  const OpenIndex reader = OpenReader(env, kPath);
  for (const char* name : {"/MANIFEST-1", "/MANIFEST-2"}) env.Remove(kPath + name);
  CHECK(ErrorTextOf([&] { reader.directory->LoadNewer(CancelToken()); }) ==
        "NOT_FOUND: there is no index in /data any more");
  CHECK(reader.index->vector_count() == 10);
}

TEST_CASE("IndexDirectory: one writer at a time") {
  MemoryEnv env;
  OpenIndex open = Open(env, kPath, Given());
  CHECK(ErrorCodeOf([&] { Open(env, kPath); }) == "LOCKED");
  open = {};
  Open(env, kPath);
}

TEST_CASE("IndexDirectory: a copy elsewhere is an index of its own") {
  MemoryEnv env;
  const auto index = MakeIndex(SmallOptions());
  Add(*index, RandomVectors(1500, kDimension, 3));
  IndexDirectory::Save(env, "/copy", index->options(), CaptureAll(*index), CancelToken());
  OpenIndex copy = Open(env, "/copy");
  CHECK(copy.index->Fingerprint() == index->Fingerprint());
  Add(*copy.index, RandomVectors(5, kDimension, 3));
  Commit(copy);
  copy = {};
  CHECK(ErrorCodeOf([&] {
          IndexDirectory::Save(env, "/copy", index->options(), CaptureAll(*index), CancelToken());
        }) == "INVALID_ARGUMENT");
  CHECK(Open(env, "/copy").index->vector_count() == 1505);
}

TEST_CASE("IndexDirectory: a copy is not made where log files have been left, which would be taken for its own") {
  MemoryEnv env;
  env.CreateDirectory("/copy");
  env.Create("/copy/log-1-1")->Close();
  const auto index = MakeIndex(SmallOptions());
  CHECK(ErrorCodeOf([&] {
          IndexDirectory::Save(env, "/copy", index->options(), CaptureAll(*index), CancelToken());
        }) == "INVALID_ARGUMENT");
  CHECK(env.List("/copy") == std::vector<std::string>{"LOCK", "log-1-1"});
}

TEST_CASE("IndexDirectory: an aborted commit leaves the generation as it was, and nothing behind") {
  MemoryEnv env;
  OpenIndex open = Open(env, kPath, Given());
  Add(*open.index, RandomVectors(10, kDimension, 3));
  const IndexImage image = Capture(open);
  CancelToken cancel;
  cancel.Cancel();
  CHECK(ErrorCodeOf([&] { open.directory->Commit(image, cancel); }) == "ABORTED");
  CHECK(env.List(kPath) == std::vector<std::string>{"LOCK", "MANIFEST-1"});
  open.directory->Commit(image, CancelToken());
  CHECK(OpenReader(env, kPath).index->vector_count() == 10);
}

// A state that a test may find again: nothing at all has fingerprint 0 and no vectors, as an empty index has.
TEST_CASE(
    "IndexDirectory: after a power failure the newest acknowledged generation is there, or one that was "
    "being made") {
  MemoryEnv env;
  struct Moment {
    size_t change_count;  // when the commit was acknowledged
    State state;
  };
  std::vector<Moment> moments{{0, {}}};
  OpenIndex open = Open(env, kPath, Given());
  moments.push_back({env.change_count(), StateOf(*open.index)});
  const Vectors rows = RandomVectors(40, kDimension, 2 + ProveSeed());
  for (size_t i = 0; i < 5; ++i) {
    Add(*open.index, rows.Slice(i * 8, i * 8 + 8));
    if (i > 0) Remove(*open.index, Ids{i, i + 3});
    if (i == 3) Compact(*open.index);
    Commit(open);
    moments.push_back({env.change_count(), StateOf(*open.index)});
  }
  open = {};
  using Bytes = PowerLoss::Bytes;
  using Names = PowerLoss::Names;
  size_t acknowledged = 0, opened_count = 0, newer_count = 0;
  for (size_t change_count = 0; change_count <= env.change_count(); ++change_count) {
    while (acknowledged + 1 < moments.size() && moments[acknowledged + 1].change_count <= change_count)
      ++acknowledged;
    for (const Bytes bytes : {Bytes::kKept, Bytes::kDropped, Bytes::kTorn, Bytes::kZeroed}) {
      for (const Names names : {Names::kKept, Names::kLost, Names::kMixed}) {
        const bool is_random =
            names == Names::kMixed || bytes == Bytes::kTorn || env.IsBetweenSyncs(change_count);
        for (uint64_t seed = 0; seed < (is_random ? Sized(4, 1) * ProveScale() : 1); ++seed) {
          CAPTURE(change_count);
          CAPTURE(static_cast<int>(bytes));
          CAPTURE(static_cast<int>(names));
          CAPTURE(seed);
          const auto left = env.After(change_count, {bytes, names, (ProveSeed() * 1000 + change_count) * 1000 + seed});
          OpenIndex found = Open(*left, kPath, Given());
          const State state = StateOf(*found.index);
          const bool is_newer = acknowledged + 1 < moments.size() && state == moments[acknowledged + 1].state;
          REQUIRE((state == moments[acknowledged].state || is_newer));
          newer_count += is_newer;
          // And it goes on from there.
          Add(*found.index, rows.Slice(0, 1));
          Commit(found);
          const State next = StateOf(*found.index);
          found = {};
          REQUIRE(StateOf(*Open(*left, kPath).index) == next);
          ++opened_count;
        }
      }
    }
  }
  MESSAGE(env.change_count() << " moments of power loss");
  MESSAGE(opened_count << " states left by one opened");
  CHECK(opened_count > 1000 / (kIsSanitized ? 4 : 1));
  CHECK(newer_count > 0);
}

TEST_CASE(
    "IndexDirectory: whatever call of a commit fails, the index lives, an old or new generation opens, and "
    "the next commit works") {
  using Fault = FaultEnv::Fault;
  size_t failed_count = 0;
  for (const Fault fault : {Fault::kOnce, Fault::kFromThen, Fault::kAfterwards}) {
    for (size_t call = 0;; ++call) {
      CAPTURE(static_cast<int>(fault));
      CAPTURE(call);
      MemoryEnv memory;
      FaultEnv env(memory);
      OpenIndex open = Open(env, kPath, Given());
      const Vectors rows = RandomVectors(40, kDimension, 3);
      Add(*open.index, rows.Slice(0, 20));
      Commit(open);
      const State before = StateOf(*open.index);
      Add(*open.index, rows.Slice(20, 30));
      Remove(*open.index, Ids{1});
      const State after = StateOf(*open.index);
      const size_t first_call = env.call_count();
      env.FailAt(call, fault, ENOSPC);
      const auto error = ErrorOf([&] { Commit(open); });
      const bool was_reached = env.call_count() - first_call > call;
      env.Heal();
      if (error) {
        ++failed_count;
        REQUIRE(error->code() == ErrorCode::kIo);
        REQUIRE(error->call() != nullptr);
        REQUIRE(error->call()->number == ENOSPC);
        REQUIRE(StartsWith(error->call()->path, kPath));
        REQUIRE(!error->call()->syscall.empty());
      }
      REQUIRE(StateOf(*open.index) == after);
      REQUIRE(ExactSearch(*open.index, rows.row(0), 50).size() == 29);
      const State found = StateOf(*OpenReader(memory, kPath).index);
      REQUIRE((found == after || (error.has_value() && found == before)));
      Add(*open.index, rows.Slice(30, 40));
      Commit(open);
      const State last = StateOf(*open.index);
      open = {};
      REQUIRE(StateOf(*Open(memory, kPath).index) == last);
      // Two generations and their files, and nothing that the failure left.
      const auto names = memory.List(kPath);
      REQUIRE(std::count_if(names.begin(), names.end(),
                            [](const auto& name) { return StartsWith(name, "MANIFEST"); }) == 2);
      REQUIRE(names.size() <= 3 + 2 * 2);
      if (!was_reached) break;
    }
  }
  MESSAGE(failed_count << " commits failed");
  CHECK(failed_count > 30);
}

TEST_CASE("IndexDirectory: whatever call of opening fails, it is an error, and opening works afterwards") {
  using Fault = FaultEnv::Fault;
  size_t failed_count = 0;
  for (const bool is_read_only : {false, true}) {
    for (const bool exists : {false, true}) {
      if (is_read_only && !exists) continue;
      for (const Fault fault : {Fault::kOnce, Fault::kFromThen, Fault::kAfterwards}) {
        for (size_t call = 0;; ++call) {
          CAPTURE(call);
          MemoryEnv memory;
          FaultEnv env(memory);
          State state{MakeIndex(SmallOptions())->Fingerprint(), 0};
          if (exists) {
            OpenIndex open = Open(memory, kPath, Given());
            Add(*open.index, RandomVectors(20, kDimension, 3));
            Remove(*open.index, Ids{1});
            Commit(open);
            state = StateOf(*open.index);
          }
          OpenParameters parameters;
          parameters.is_read_only = is_read_only;
          env.FailAt(call, fault);
          std::optional<State> found;
          const auto error = ErrorOf([&] { found = StateOf(*Open(env, kPath, Given(), parameters).index); });
          REQUIRE(found.has_value() == !error.has_value());
          if (found) REQUIRE(*found == state);
          const bool was_reached = env.call_count() > call;
          env.Heal();
          failed_count += error.has_value();
          if (error) REQUIRE(error->code() == ErrorCode::kIo);
          if (error) REQUIRE((error->call() != nullptr && StartsWith(error->call()->path, "/")));
          REQUIRE(StateOf(*Open(env, kPath, Given(), parameters).index) == state);
          if (!was_reached) break;
        }
      }
    }
  }
  MESSAGE(failed_count << " openings failed");
  CHECK(failed_count > 30);
}

TEST_CASE("IndexDirectory: on the real file system, loaded and mapped") {
  const TemporaryDirectory temporary;
  const std::string path = temporary.path() + "/a/index";
  OpenIndex open = Open(Env::Real(), path, Given());
  Add(*open.index, RandomVectors(3000, kDimension, 3));
  Remove(*open.index, Ids{17});
  Commit(open);
  CHECK(ErrorCodeOf([&] { Open(Env::Real(), path); }) == "LOCKED");
  for (const bool is_mapped : {false, true}) {
    const OpenIndex reader = OpenReader(Env::Real(), path, is_mapped);
    CHECK(reader.index->Fingerprint() == open.index->Fingerprint());
    CheckSameAnswers(*reader.index, *open.index);
    CHECK(!reader.index->Has(17));
    CHECK(reader.index->Get(18) == open.index->Get(18));
  }
}

}  // namespace
}  // namespace segvec
