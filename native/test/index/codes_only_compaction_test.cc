// Merging segments that keep no vectors: what the codes stand for is all there is, and it must not get lost on the way.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "index/index.h"
#include "support/directory_of.h"
#include "support/memory_env.h"
#include "support/names.h"
#include "support/sanitizers.h"
#include "support/segment_check.h"
#include "support/vectors.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

constexpr size_t kDimension = 16;
const size_t kPart = Sized(2500, 1300);  // rows of a segment with a graph

// Adds each part as a segment of its own; the ids are 0, 1, ...
std::unique_ptr<Index> IndexOfParts(Metric metric, const std::vector<Vectors>& parts) {
  IndexOptions options = OptionsFor(kDimension, metric, {2, 1});
  options.keep_vectors = false;
  auto index = MakeIndex(options);
  uint64_t next_id = 0;
  for (const Vectors& part : parts) {
    Add(*index, part, IdRange(next_id, part.count()));
    next_id += part.count();
    index->Capture([](const IndexImage::Part&) { return false; }, CancelToken());  // seals
  }
  return index;
}

Vectors Scaled(Vectors vectors, float factor, float shift) {
  for (float& value : vectors.values) value = value * factor + shift;
  return vectors;
}

// The rows that are there, under their ids.
std::vector<std::optional<std::vector<float>>> StoredOf(const Index& index, size_t count) {
  std::vector<std::optional<std::vector<float>>> stored;
  for (uint64_t id = 0; id < count; ++id) stored.push_back(index.Get(id));
  return stored;
}

size_t MisfitCount(const Index& index) {
  size_t count = 0;
  const auto snapshot = index.snapshot();
  for (const SegmentView& view : snapshot->views) count += view.segment->misfits().count;
  return count;
}

void CheckGraphs(const Index& index) {
  const auto snapshot = index.snapshot();
  for (const SegmentView& view : snapshot->views) CHECK(Violation(*view.segment, view.segment->slot_count()) == "");
}

// A small segment is stored with its floats and without codes, and read back so.
TEST_CASE("Compaction of codes: after they were stored, rows of another scale stay apart as before") {
  MemoryEnv env;
  IndexOptions options = OptionsFor(kDimension, Metric::kL2, {2, 1});
  options.keep_vectors = false;
  const Vectors bytes = WholeVectors(kPart, kDimension, 120, 1);
  const Vectors wide = Scaled(RandomVectors(600, kDimension, 2), 1e5f, 0);
  {
    OpenIndex open = Open(env, "/data", GivenOptions::Of(options));
    Add(*open.index, bytes, IdRange(0, kPart));
    Compact(*open.index);
    Add(*open.index, wide.Slice(0, 300), IdRange(kPart, 300));
    Remove(*open.index, Ids{kPart});
    Compact(*open.index);
    Add(*open.index, wide.Slice(300, 600), IdRange(kPart + 300, 300));
    REQUIRE(open.index->snapshot()->views.size() == 3);
    Commit(open);
  }
  const OpenIndex open = Open(env, "/data");
  Compact(*open.index);
  for (uint64_t id = 0; id < kPart; ++id) {
    const std::vector<float> expected(bytes.row(id), bytes.row(id) + kDimension);
    REQUIRE(open.index->Get(id) == expected);
  }
}

TEST_CASE("Compaction of codes: bytes stay what they are, and the dead go") {
  for (const Metric metric : {Metric::kL2, Metric::kIp}) {
    CAPTURE(Name(metric));
    const Vectors vectors = WholeVectors(2 * kPart + 300, kDimension, 120, 1);
    const auto index = IndexOfParts(
        metric, {vectors.Slice(0, kPart), vectors.Slice(kPart, 2 * kPart), vectors.Slice(2 * kPart, vectors.count())});
    Remove(*index, IdRange(0, kPart / 2, 3));
    CHECK(Compact(*index));
    const auto snapshot = index->snapshot();
    REQUIRE(snapshot->views.size() == 1);
    const Segment& merged = *snapshot->views[0].segment;
    CHECK(merged.is_lossless());
    CHECK(merged.row_count() == 0);
    CHECK(merged.misfits().count == 0);
    CheckGraphs(*index);
    for (uint64_t id = 0; id < vectors.count(); ++id) {
      const bool is_dead = id % 3 == 0 && id < 3 * (kPart / 2);
      REQUIRE(index->Get(id) == (is_dead ? std::nullopt : std::optional(vectors.RowCopy(id))));
    }
  }
}

TEST_CASE("Compaction of codes: other rows lose at most as much again as they had") {
  const Vectors vectors = ClusteredVectors(3 * kPart + 400, kDimension, 40, 2);
  const size_t count = vectors.count();
  for (const Metric metric : kMetrics) {
    CAPTURE(Name(metric));
    const auto index = IndexOfParts(metric, {vectors.Slice(0, kPart), vectors.Slice(kPart, 2 * kPart),
                                             vectors.Slice(2 * kPart, 3 * kPart), vectors.Slice(3 * kPart, count)});
    Remove(*index, IdRange(5, kPart / 4, 7));
    CHECK(Compact(*index));
    CHECK(index->snapshot()->views.size() == 1);
    CheckGraphs(*index);
    double largest = 0, range = 0;
    for (uint64_t id = 0; id < count; ++id) {
      const auto stored = index->Get(id);
      if (!stored) continue;
      for (size_t d = 0; d < kDimension; ++d) {
        range = std::max(range, 2.0 * std::abs(vectors.row(id)[d]));
        largest = std::max(largest, std::abs(double{(*stored)[d]} - vectors.row(id)[d]));
      }
    }
    // Half a step of 460ths before and after; under cosine of vectors of length 1, which are stretched again.
    CHECK(largest <= range * (metric == Metric::kCosine ? 4 : 2) / 400);
    CHECK(Search(*index, vectors.row(count - 1), 1, 100).size() == 1);
  }
}

TEST_CASE("Compaction of codes: rows of another scale are left apart, or they would be gone") {
  const Vectors near = ClusteredVectors(kPart, kDimension, 30, 3), more = ClusteredVectors(kPart, kDimension, 30, 3);
  const Vectors far = Scaled(ClusteredVectors(kPart, kDimension, 30, 4), 500, 9000);
  const Vectors small = Scaled(ClusteredVectors(700, kDimension, 30, 5), 500, 9000);
  for (const Metric metric : {Metric::kL2, Metric::kIp}) {
    CAPTURE(Name(metric));
    const auto index = IndexOfParts(metric, {near, far, more, small});
    const size_t count = 3 * kPart + 700;
    const auto before = StoredOf(*index, count);
    CHECK(Compact(*index));
    CHECK(index->snapshot()->views.size() == 2);
    CheckGraphs(*index);
    size_t distant_count = 0;
    for (uint64_t id = 0; id < count; ++id) {
      const float step = (id >= kPart && id < 2 * kPart) || id >= 3 * kPart ? 100.0f : 0.2f;
      const auto after = index->Get(id);
      REQUIRE(after.has_value());
      for (size_t d = 0; d < kDimension; ++d) distant_count += std::abs((*after)[d] - (*before[id])[d]) > step;
    }
    CHECK(distant_count == 0);
    CHECK_FALSE(Compact(*index));
  }
}

TEST_CASE("Compaction of codes: whole numbers are not merged with others") {
  const Vectors whole = WholeVectors(kPart, kDimension, 100, 6);
  const Vectors halves = Scaled(WholeVectors(kPart, kDimension, 100, 7), 0.5f, 0);
  const auto index = IndexOfParts(Metric::kL2, {whole, halves, WholeVectors(kPart, kDimension, 100, 8)});
  CHECK(Compact(*index));
  CHECK(index->snapshot()->views.size() == 2);
  for (uint64_t id = 0; id < kPart; ++id) REQUIRE(index->Get(id) == whole.RowCopy(id));
}

TEST_CASE("Compaction of codes: the floats of misfits stay, and do not make the others coarser") {
  Vectors vectors = ClusteredVectors(2 * kPart, kDimension, 30, 9);
  std::vector<uint64_t> misfits;
  for (const uint64_t id : {kPart - 9, kPart - 4, 2 * kPart - 7, 2 * kPart - 1}) {
    for (size_t d = 0; d < kDimension; ++d) vectors.row(id)[d] *= 60;
    misfits.push_back(id);
  }
  IndexOptions options = OptionsFor(kDimension, Metric::kL2, {2, 1});
  options.keep_vectors = false;
  const auto index = MakeIndex(options);
  // The codes are fitted to the first rows of each part.
  for (const size_t begin : {size_t{0}, kPart}) {
    for (const auto& [from, to] : {std::pair{begin, begin + kPart - 20}, {begin + kPart - 20, begin + kPart}}) {
      Add(*index, vectors.Slice(from, to), IdRange(from, to - from));
    }
    index->Capture([](const IndexImage::Part&) { return false; }, CancelToken());
  }
  REQUIRE(MisfitCount(*index) >= misfits.size());
  Remove(*index, {misfits[1], 3, 5, kPart + 3});
  CHECK(Compact(*index));
  CHECK(index->snapshot()->views.size() == 1);
  CHECK(MisfitCount(*index) >= misfits.size() - 1);
  CheckGraphs(*index);
  CHECK_FALSE(index->Has(misfits[1]));
  for (const uint64_t id : misfits) {
    if (id == misfits[1]) continue;
    CHECK(index->Get(id) == vectors.RowCopy(id));
    CHECK(Search(*index, vectors.row(id), 1, 64).front().id == id);
  }
  float largest = 0;
  for (uint64_t id = 6; id < kPart - 20; ++id) {
    const auto stored = index->Get(id);
    for (size_t d = 0; d < kDimension; ++d) largest = std::max(largest, std::abs((*stored)[d] - vectors.row(id)[d]));
  }
  CHECK(largest < 0.1f);
}

}  // namespace
}  // namespace segvec
