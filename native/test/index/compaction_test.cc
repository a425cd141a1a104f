// Segments become one: the same answers, at the quality of a fresh build, and nothing dead.
#include "index/compaction.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "index/compaction_policy.h"
#include "support/errors.h"
#include "support/index_of.h"
#include "support/names.h"
#include "support/sanitizers.h"
#include "support/segment_check.h"
#include "support/vectors.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

constexpr size_t kDimension = 16;

std::vector<size_t> LiveCounts(const Index& index) {
  std::vector<size_t> counts;
  const auto snapshot = index.snapshot();
  for (const SegmentView& view : snapshot->views) counts.push_back(view.live_count());
  return counts;
}

const Segment& OnlySegment(const Index& index) {
  const auto snapshot = index.snapshot();
  REQUIRE(snapshot->views.size() == 1);
  return *snapshot->views[0].segment;  // held by the index
}

// What a search computes, summed over the queries.
uint64_t DistanceCount(const Index& index, const Vectors& queries, uint32_t ef) {
  const Segment& segment = OnlySegment(index);
  const Visibility visibility{segment.slot_count(), nullptr};
  SegmentSearchContext context;
  for (size_t q = 0; q < queries.count(); ++q) {
    alignas(64) float padded[kDimension];
    std::copy_n(queries.row(q), kDimension, padded);
    const bool is_cosine = index.options().metric == Metric::kCosine;
    const float scale =
        is_cosine ? static_cast<float>(1 / reference::Norm(queries.row(q), kDimension)) : 1.0f;
    std::vector<Hit> hits;
    segment.SearchGraph({padded, scale}, ef, ef, ef, visibility, context, hits);
  }
  return context.search.distance_count;
}

TEST_CASE("Compaction: the quality of a fresh build, whatever is merged") {
  const size_t count = Sized(5000, 2600, 2400);
  const Vectors queries = RandomVectors(Sized(150, 40), kDimension, 2);
  for (const Metric metric : kMetrics) {
    for (const Quantization quantization : {Quantization::kInt8, Quantization::kNone}) {
      for (const int segments : {2, 3}) {
        CAPTURE(Name(metric));
        CAPTURE(segments);
        const Vectors vectors = RandomVectors(count, kDimension, 1);
        IndexOptions options = OptionsFor(kDimension, metric, {2, 1});
        options.quantization = quantization;
        const auto fresh = MakeIndex(options);
        Add(*fresh, vectors);
        options.growing_segments = segments;
        const auto index = MakeIndex(options);
        Add(*index, vectors);
        REQUIRE(index->snapshot()->views.size() == static_cast<size_t>(segments));
        CHECK(Compact(*index));
        const Segment& merged = OnlySegment(*index);
        CHECK(merged.is_sealed());
        CHECK(Violation(merged, merged.slot_count()) == "");
        for (const uint32_t ef : {20, 64}) {
          // The difference of two samples of this size varies by more than the 0.005 that larger sets show.
          CHECK(RecallOf(*index, vectors, queries, 10, ef) >= RecallOf(*fresh, vectors, queries, 10, ef) - 0.01);
        }
        CHECK(static_cast<double>(DistanceCount(*index, queries, 40)) <=
              1.05 * static_cast<double>(DistanceCount(*fresh, queries, 40)));
        if (metric != Metric::kIp) CHECK(MissedSelfCount(*index, vectors, 32) <= MissedSelfCount(*fresh, vectors, 32));
        CHECK_FALSE(Compact(*index));
      }
    }
  }
}

TEST_CASE("Compaction: what is dead goes, and its memory with it") {
  const size_t count = Sized(6000, 2600, 2400);
  const Vectors vectors = RandomVectors(count, kDimension, 3);
  const Vectors queries = RandomVectors(Sized(200, 60), kDimension, 4);
  for (const size_t kept_of_ten : {7, 4, 1}) {
    CAPTURE(kept_of_ten);
    const auto index = MakeIndex(OptionsFor(kDimension, Metric::kL2, {2, 1}));
    Add(*index, vectors);
    Ids removed, kept;
    for (uint64_t id = 0; id < count; ++id) (id % 10 < kept_of_ten ? kept : removed).push_back(id);
    Remove(*index, removed);
    const size_t memory_before = index->memory_bytes();
    CHECK(Compact(*index));
    CHECK(index->vector_count() == kept.size());
    CHECK(index->memory_bytes() < memory_before);
    const Segment& merged = OnlySegment(*index);
    CHECK(merged.slot_count() == kept.size());
    CHECK(Violation(merged, merged.slot_count()) == "");
    Vectors kept_vectors{kDimension, {}};
    for (const uint64_t id : kept) kept_vectors.Append(vectors.RowCopy(id));
    const auto fresh = MakeIndex(OptionsFor(kDimension, Metric::kL2, {2, 1}));
    Add(*fresh, kept_vectors, kept);
    size_t missed_count = 0, fresh_missed_count = 0;
    for (size_t q = 0; q < queries.count(); ++q) {
      const std::vector<Result> exact = ExactSearch(*index, queries.row(q), 10);
      const auto found = Search(*index, queries.row(q), 10, 32), in_fresh = Search(*fresh, queries.row(q), 10, 32);
      for (const Result& result : exact) {
        missed_count += !HasId(found, result.id);
        fresh_missed_count += !HasId(in_fresh, result.id);
      }
    }
    CHECK(static_cast<double>(missed_count) <= static_cast<double>(fresh_missed_count) + 0.01 * 10 * queries.count());
    for (const uint64_t id : kept) REQUIRE(index->Get(id) == vectors.RowCopy(id));
    for (const uint64_t id : removed) REQUIRE_FALSE(index->Has(id));
    for (const uint64_t id : kept) REQUIRE(HasId(Search(*index, vectors.row(id), 10, 32), id));
  }
}

TEST_CASE("Compaction: an index of which all is dead has no segments") {
  const auto index = MakeIndex(OptionsFor(kDimension, Metric::kL2));
  Add(*index, RandomVectors(40, kDimension, 1));
  Remove(*index, IdRange(0, 40));
  CHECK(Compact(*index));
  CHECK(index->snapshot()->views.empty());
  CHECK(Add(*index, RandomVectors(3, kDimension, 2)) == IdRange(40, 3));
  CHECK(index->vector_count() == 3);
}

TEST_CASE("Compaction: small segments, scanned ones and copies") {
  for (const size_t count : {10, 900, 2100}) {
    const Vectors vectors = CopiedVectors(count / 10, 10, kDimension, 5);
    IndexOptions options = OptionsFor(kDimension, Metric::kCosine, {2, 3});
    const auto index = MakeIndex(options);
    for (size_t begin = 0; begin < vectors.count(); begin += count / 2) {
      Add(*index, vectors.Slice(begin, begin + count / 2));
    }
    Compact(*index);
    const Segment& merged = OnlySegment(*index);
    CHECK(Violation(merged, merged.slot_count()) == "");
    for (size_t row = 0; row < vectors.count(); ++row) {
      REQUIRE(index->Get(row) == vectors.RowCopy(row));
      REQUIRE(Search(*index, vectors.row(row), 1, 40)[0].distance < 1e-5f);
    }
  }
}

TEST_CASE("Compaction: codes stay lossless where all rows allow it, and are fitted anew where they do not fit") {
  IndexOptions options = OptionsFor(kDimension, Metric::kL2, {1, 1});
  options.segment_capacity = 1500;
  const auto compacted = [&](const Vectors& first, const Vectors& second) {
    const auto index = MakeIndex(options);
    Add(*index, first);
    Add(*index, second);
    const_cast<IndexOptions&>(index->options()).segment_capacity = 1u << 20;
    CHECK(Compact(*index));
    const Segment& merged = OnlySegment(*index);
    CHECK(merged.walks_codes());
    CHECK(Violation(merged, merged.slot_count()) == "");
    Vectors all = first;
    all.Append(second.values);
    CHECK(RecallOf(*index, all, all.Slice(1400, 1600), 10, 64) > 0.97);
    return merged.is_lossless();
  };
  const Vectors whole = WholeVectors(1500, kDimension, 100, 1);
  CHECK(compacted(whole, WholeVectors(1500, kDimension, 120, 2)));
  Vectors far = WholeVectors(1500, kDimension, 100, 3);
  for (float& value : far.values) value += 900;
  CHECK_FALSE(compacted(whole, far));
  Vectors halves = WholeVectors(1500, kDimension, 100, 4);
  for (float& value : halves.values) value *= 0.5f;
  CHECK_FALSE(compacted(whole, halves));
}

TEST_CASE("Compaction: all of it ends the growth of what has a graph, and gives its memory back") {
  const size_t count = Sized(5000, 2600), half = count / 2;
  const Vectors vectors = ClusteredVectors(count, kDimension, 30, 12);
  for (const Quantization quantization : {Quantization::kInt8, Quantization::kNone}) {
    for (const Metric metric : {Metric::kL2, Metric::kIp}) {
      IndexOptions options = OptionsFor(kDimension, metric, {2, 1});
      options.quantization = quantization;
      const auto index = MakeIndex(options);
      Add(*index, vectors.Slice(0, half));
      const auto before = index->snapshot();
      const size_t memory_bytes = index->memory_bytes();
      CHECK_FALSE(Compact(*index, Compaction::Scope::kWorthwhile));
      CHECK_FALSE(OnlySegment(*index).is_sealed());
      CHECK_FALSE(Compact(*index));  // there is nothing to merge
      CHECK(OnlySegment(*index).is_sealed());
      CHECK(index->memory_bytes() < memory_bytes);
      CHECK(Violation(OnlySegment(*index), static_cast<uint32_t>(half)) == "");
      CHECK(before->views[0].graph->Fingerprint(half) == OnlySegment(*index).graph()->Fingerprint(half));
      Add(*index, vectors.Slice(half, count));
      CHECK(LiveCounts(*index) == std::vector<size_t>{half, half});
      CHECK(Compact(*index));
      CHECK(Violation(OnlySegment(*index), static_cast<uint32_t>(count)) == "");
      CHECK(Search(*index, vectors.row(1), 10, 64).size() == 10);
    }
  }
}

TEST_CASE("Compaction: what is too small for a graph grows on") {
  const Vectors vectors = RandomVectors(kScanLimit, kDimension, 1);
  const auto index = MakeIndex(OptionsFor(kDimension, Metric::kL2));
  Add(*index, vectors.Slice(0, 500));
  CHECK_FALSE(Compact(*index));
  Add(*index, vectors.Slice(500, vectors.count()));
  CHECK_FALSE(OnlySegment(*index).is_sealed());
}

TEST_CASE("Compaction: an add after one can be given up and repeated") {
  const Vectors vectors = ClusteredVectors(2600, kDimension, 30, 13);
  const auto index = MakeIndex(OptionsFor(kDimension, Metric::kL2, {1, 1}));
  Add(*index, vectors.Slice(0, 2000));
  CHECK_FALSE(Compact(*index));
  CHECK(ErrorCodeOf([&] { Add(*index, vectors.Slice(2000, 2600), IdRange(1999, 600)); }) == "DUPLICATE_ID");
  CancelToken cancel;
  const auto stage = StageOf(vectors.Slice(2000, 2600));
  std::string code = "none";
  std::thread adder([&] { code = ErrorCodeOf([&] { index->Add(*stage, cancel); }); });
  cancel.Cancel();
  adder.join();
  CHECK_FALSE(Compact(*index, Compaction::Scope::kWorthwhile));
  if (code == "ABORTED") Add(*index, vectors.Slice(2000, 2600));
  CHECK(index->vector_count() == 2600);
  CHECK(MissedSelfCount(*index, vectors, 64, 3) == 0);
}

TEST_CASE("Compaction: as few segments as their capacity allows") {
  const Vectors vectors = RandomVectors(260, kDimension, 6);
  IndexOptions options = OptionsFor(kDimension, Metric::kL2);
  options.segment_capacity = 100;
  const auto index = MakeIndex(options);
  Add(*index, vectors);
  CHECK(LiveCounts(*index) == std::vector<size_t>{100, 100, 60});
  CHECK_FALSE(Compact(*index));
  Remove(*index, IdRange(0, 130));
  CHECK(index->vector_count() == 130);
  CHECK(Compact(*index));
  CHECK(index->vector_count() == 130);
  CHECK(LiveCounts(*index).size() == 2);
  Remove(*index, IdRange(130, 30));
  CHECK(Compact(*index));
  CHECK(LiveCounts(*index).size() == 1);
}

// What the policy says of segments of these sizes; `dead_counts` of each.
MergeGroups Worthwhile(const std::vector<uint32_t>& sizes, const std::vector<uint32_t>& dead_counts, bool are_sealed = true) {
  Snapshot snapshot;
  const SegmentLoops loops{&LoopsFor(Metric::kL2, Element::kFloat, SelectedInstructionSet()),
                           &LoopsFor(Metric::kL2, Element::kCode, SelectedInstructionSet())};
  for (size_t i = 0; i < sizes.size(); ++i) {
    const SegmentShape shape{1, Metric::kL2, 16, sizes[i], false};
    const auto segment = std::make_shared<Segment>(shape, loops, static_cast<uint32_t>(i), 1);
    if (are_sealed) GrowingSegment(segment, {10}).Seal(nullptr);
    auto dead = std::make_shared<Bitset>(sizes[i]);
    for (uint32_t slot = 0; slot < dead_counts[i]; ++slot) dead->Set(slot);
    snapshot.views.push_back({segment, sizes[i], dead_counts[i] == 0 ? nullptr : dead});
  }
  return PlanWorthwhileCompaction(snapshot, 100'000, true);
}

TEST_CASE("Compaction: in the background only what is worth it") {
  CHECK(Worthwhile({10'000, 10'000, 10'000}, {0, 0, 0}).empty());
  CHECK(Worthwhile({10'000, 10'000, 10'000, 10'000}, {0, 0, 0, 0}) == MergeGroups{{0, 1, 2, 3}});
  CHECK(Worthwhile({10'000, 10'000, 10'000, 10'000}, {0, 0, 0, 0}, false).empty());
  CHECK(Worthwhile({30'000, 30'000, 30'000, 30'000}, {0, 0, 0, 0}).empty());  // beyond the capacity
  CHECK(Worthwhile({10'000, 100, 10'000, 100, 10'000, 10'000}, {0, 0, 0, 0, 0, 0}) == MergeGroups{{0, 2, 4, 5}});
  CHECK(Worthwhile({10'000, 9'000}, {3'000, 2'700}).empty());
  CHECK(Worthwhile({10'000, 9'000}, {3'000, 2'701}) == MergeGroups{{1}});
  CHECK(Worthwhile({10'000, 2'000}, {3'000, 1'000}).empty());  // too few to be worth it
  CHECK(Worthwhile({10'000, 2'000}, {3'000, 1'100}, false) == MergeGroups{{1}});
}

TEST_CASE("Compaction: what dies, comes or is replaced meanwhile is as the writer left it") {
  const Vectors vectors = RandomVectors(3000, kDimension, 7), others = RandomVectors(300, kDimension, 8);
  const auto index = MakeIndex(OptionsFor(kDimension, Metric::kL2, {2, 2}));
  Add(*index, vectors);
  Remove(*index, IdRange(0, 100));
  CompactionProgress progress;
  Compaction compaction(*index, Compaction::Scope::kEverything, progress, CancelToken());
  CHECK(progress.total_count == 2900);
  Remove(*index, IdRange(100, 100));
  compaction.Merge(CancelToken());
  CHECK(progress.merged_count == 2900);
  Upsert(*index, others.Slice(0, 100), IdRange(200, 100));
  Add(*index, others.Slice(100, 200), IdRange(0, 100));
  Add(*index, others.Slice(200, 300), IdRange(5000, 100));
  compaction.Publish();
  CHECK(index->vector_count() == 3000);
  for (size_t id = 0; id < 5100; ++id) {
    CAPTURE(id);
    std::optional<std::vector<float>> expected;
    if (id < 100) expected = others.RowCopy(100 + id);
    if (id >= 200 && id < 300) expected = others.RowCopy(id - 200);
    if (id >= 300 && id < 3000) expected = vectors.RowCopy(id);
    if (id >= 5000) expected = others.RowCopy(id - 4800);
    REQUIRE(index->Get(id) == expected);
    if (expected) REQUIRE(HasId(Search(*index, expected->data(), 3, 64), id));
  }
  CHECK(ExactSearch(*index, vectors.row(0), 10'000).size() == 3000);
  CHECK(Compact(*index));
  CHECK(OnlySegment(*index).slot_count() == 3000);
  CHECK(index->Get(205) == others.RowCopy(5));
}

TEST_CASE("Compaction: one that is given up leaves the index as it was, and it grows on") {
  const Vectors vectors = RandomVectors(2600, kDimension, 9);
  for (const bool adds_meanwhile : {false, true}) {
    const auto index = MakeIndex(OptionsFor(kDimension, Metric::kL2, {2, 2}));
    const auto twin = MakeIndex(OptionsFor(kDimension, Metric::kL2, {2, 2}));
    Add(*index, vectors.Slice(0, 1600));
    Add(*twin, vectors.Slice(0, 1600));
    {
      CompactionProgress progress;
      Compaction compaction(*index, Compaction::Scope::kEverything, progress, CancelToken());
      CancelToken cancel;
      cancel.Cancel();
      CHECK(ErrorTextOf([&] { compaction.Merge(cancel); }) == "ABORTED: the operation was aborted");
      if (adds_meanwhile) Add(*index, vectors.Slice(1600, 2600));
      compaction.GiveUp();
    }
    if (!adds_meanwhile) {
      Add(*index, vectors.Slice(1600, 2600));
      Add(*twin, vectors.Slice(1600, 2600));
      CHECK(index->Fingerprint() == twin->Fingerprint());
    }
    CHECK(MissedSelfCount(*index, vectors, 64) == 0);
    CHECK(Compact(*index));
    CHECK(MissedSelfCount(*index, vectors, 64) == 0);
    CHECK(OnlySegment(*index).slot_count() == 2600);
  }
}

TEST_CASE("Compaction: the same bytes for any number of threads") {
  const Vectors vectors = RandomVectors(Sized(5000, 3000), kDimension, 10);
  std::set<uint64_t> fingerprints;
  for (const int threads : {1, 2, 4}) {
    const auto index = MakeIndex(OptionsFor(kDimension, Metric::kCosine, {threads, 2}));
    Add(*index, vectors);
    Remove(*index, IdRange(3, vectors.count() / 5, 4));
    CHECK(Compact(*index));
    fingerprints.insert(index->Fingerprint());
  }
  CHECK(fingerprints.size() == 1);
}

TEST_CASE("Compaction: cancelled at any moment") {
  const Vectors vectors = RandomVectors(3000, kDimension, 11);
  const auto index = MakeIndex(OptionsFor(kDimension, Metric::kL2, {2, 2}));
  Add(*index, vectors);
  Remove(*index, IdRange(0, 300, 5));
  const IndexState before(*index);
  Dice dice(1);
  size_t aborted_count = 0;
  for (int round = 0; round < 20; ++round) {
    CompactionProgress progress;
    Compaction compaction(*index, Compaction::Scope::kEverything, progress, CancelToken());
    CancelToken cancel;
    std::thread canceller([&, delay = dice.Below(30'000)] {
      std::this_thread::sleep_for(std::chrono::microseconds(delay));
      cancel.Cancel();
    });
    const std::string error = ErrorTextOf([&] { compaction.Merge(cancel); });
    canceller.join();
    if (error != "none") CHECK(error == "ABORTED: the operation was aborted");
    aborted_count += error != "none";
    compaction.GiveUp();
    REQUIRE(IndexState(*index) == before);
  }
  CHECK(aborted_count > 0);
  CHECK(Compact(*index));
  CHECK(index->vector_count() == before.vector_count);
}

}  // namespace
}  // namespace segvec
