// An index that keeps no vectors: what codes hold is all there is, and everything agrees about it.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "index/index.h"
#include "reference/brute_force.h"
#include "support/errors.h"
#include "support/index_of.h"
#include "support/names.h"
#include "support/sanitizers.h"
#include "support/segment_check.h"
#include "support/vectors.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

const size_t kCount = Sized(6000, 2500);  // two segments of it have a graph each

IndexOptions CodesOnly(size_t dimension, Metric metric, Spread spread = {}) {
  IndexOptions options = OptionsFor(dimension, metric, spread);
  options.keep_vectors = false;
  return options;
}

// What the index holds of the rows under the ids 0, 1, ...
Vectors StoredOf(const Index& index, size_t count, size_t dimension) {
  Vectors stored{dimension, {}};
  for (size_t id = 0; id < count; ++id) {
    const auto vector = index.Get(id);
    REQUIRE(vector.has_value());
    stored.Append(*vector);
  }
  return stored;
}

// The largest difference of a component, as a share of the widest dimension's range.
double LargestError(const Vectors& vectors, const Vectors& stored) {
  double widest = 0, largest = 0;
  for (size_t d = 0; d < vectors.dimension; ++d) {
    double low = vectors.row(0)[d], high = low;
    for (size_t row = 0; row < vectors.count(); ++row) {
      const double value = vectors.row(row)[d];
      low = std::min(low, value);
      high = std::max(high, value);
      largest = std::max(largest, std::abs(value - stored.row(row)[d]));
    }
    widest = std::max(widest, high - low);
  }
  return largest == 0 ? 0 : largest / widest;
}

TEST_CASE("Codes only: bytes come back exactly, and so do distances") {
  for (const Metric metric : {Metric::kL2, Metric::kIp}) {
    CAPTURE(Name(metric));
    const Vectors vectors = WholeVectors(kCount, 24, 120, 1);
    const auto index = MakeIndex(CodesOnly(24, metric));
    Add(*index, vectors.Slice(0, 1500));
    Add(*index, vectors.Slice(1500, kCount));
    CHECK(StoredOf(*index, kCount, 24).values == vectors.values);
    CHECK(index->snapshot()->views.size() == 1);
    CHECK(index->snapshot()->views[0].segment->is_lossless());
    for (size_t row = 0; row < kCount; row += 97) {
      Vectors query = vectors.Slice(row, row + 1);
      if (row % 2 == 1) query.values[3] += 0.5f;  // between the codes
      const auto expected = reference::Nearest(metric, vectors, IdRange(0, kCount), query.row(0), 10);
      CHECK(AreEqual(ExactSearch(*index, query.row(0), 10), expected));
      size_t found_count = 0;
      for (const Result& result : Search(*index, query.row(0), 10, 300)) {
        CHECK(double{result.distance} == reference::Distance(metric, query.row(0), vectors.row(result.id), 24));
        found_count += double{result.distance} <= expected.back().distance;
      }
      CHECK(found_count >= 8);
    }
  }
}

TEST_CASE("Codes only: other vectors come back nearly, and every search measures what comes back") {
  const Vectors vectors = ClusteredVectors(kCount, 20, 50, 2);
  for (const Metric metric : kMetrics) {
    for (const Spread spread : {Spread{1, 1}, {3, 2}}) {
      CAPTURE(Name(metric));
      CAPTURE(Name(spread));
      const auto index = MakeIndex(CodesOnly(20, metric, spread));
      Add(*index, vectors);
      const Vectors stored = StoredOf(*index, kCount, 20);
      CHECK(stored.values != vectors.values);
      if (metric == Metric::kL2) CHECK(LargestError(vectors, stored) <= 1.0 / 460);
      size_t hit_count = 0, true_count = 0, total_count = 0;
      for (size_t row = 0; row < kCount; row += kCount / 40) {
        std::vector<float> query = vectors.RowCopy(row);
        for (float& value : query) value *= 1.01f;
        const auto expected = reference::Nearest(metric, stored, IdRange(0, kCount), query.data(), 10);
        const auto truth = reference::Nearest(metric, vectors, IdRange(0, kCount), query.data(), 10);
        const auto exact = ExactSearch(*index, query.data(), 10);
        REQUIRE(exact.size() == 10);
        for (size_t i = 0; i < 10; ++i) {
          const double tolerance = reference::Tolerance(metric, query.data(), stored.row(exact[i].id), 20);
          CHECK(std::abs(exact[i].distance - expected[i].distance) <= tolerance);
        }
        for (const Result& result : Search(*index, query.data(), 10, 200)) {
          const float* row_of_result = stored.row(result.id);
          const double tolerance = reference::Tolerance(metric, query.data(), row_of_result, 20);
          CHECK(std::abs(result.distance - reference::Distance(metric, query.data(), row_of_result, 20)) <= tolerance);
          hit_count += result.distance <= expected.back().distance + tolerance;
          true_count += reference::Distance(metric, query.data(), vectors.row(result.id), 20) <= truth.back().distance;
          ++total_count;
        }
      }
      CHECK(hit_count * 100 >= total_count * 99);
      CHECK(true_count * 100 >= total_count * 93);
      if (metric != Metric::kIp) CHECK(MissedSelfCount(*index, vectors, 64, 7) == 0);
    }
  }
}

TEST_CASE("Codes only: hardly any floats are left once there is a graph") {
  const size_t dimension = 64;
  const Vectors vectors = ClusteredVectors(kCount, dimension, 50, 3);
  for (const size_t first : {size_t{100}, kCount}) {  // the first graph comes with a second add, or with the first
    IndexOptions options = CodesOnly(dimension, Metric::kL2);
    options.segment_capacity = static_cast<uint32_t>(kCount);  // sealed at the end
    const auto index = MakeIndex(options);
    Add(*index, vectors.Slice(0, first));
    if (first < kCount) Add(*index, vectors.Slice(first, kCount));
    options.keep_vectors = true;
    const auto keeping = MakeIndex(options);
    Add(*keeping, vectors);
    const size_t kept_bytes = kCount * dimension * sizeof(float);
    const size_t page_bytes = 64 << 10;
    const size_t readable_bytes = first < kCount ? first * dimension * sizeof(float) : 0;
    CHECK(index->memory_bytes() + kept_bytes <= keeping->memory_bytes() + readable_bytes + 4 * page_bytes);
  }
}

// Readers may be at the floats of a small segment while it gets its codes and loses them.
TEST_CASE("Codes only: searches go on while the floats are dropped") {
  const Vectors vectors = ClusteredVectors(1400, 8, 20, 4);
  for (int round = 0; round < 3; ++round) {
    const auto index = MakeIndex(CodesOnly(8, Metric::kCosine, {2, 1}));
    Add(*index, vectors.Slice(0, 1000));
    std::atomic<bool> is_done{false};
    std::atomic<size_t> missed_count{0};
    std::thread reader([&] {
      for (size_t row = 0; !is_done; row = (row + 37) % 1000) {
        missed_count += !HasId(ExactSearch(*index, vectors.row(row), 10), row);
        missed_count += !HasId(Search(*index, vectors.row(row), 10, 64), row);
        missed_count += !index->Get(row).has_value();
      }
    });
    for (size_t begin = 1000; begin < 1400; begin += 20) Add(*index, vectors.Slice(begin, begin + 20));
    is_done = true;
    reader.join();
    CHECK(missed_count == 0);
  }
}

TEST_CASE("Codes only: the few rows that codes do not hold are kept as they are, and found") {
  for (const Metric metric : {Metric::kL2, Metric::kIp}) {
    for (const bool is_whole : {false, true}) {
      CAPTURE(Name(metric));
      CAPTURE(is_whole);
      const Vectors vectors = is_whole ? WholeVectors(2000, 16, 100, 5) : ClusteredVectors(2000, 16, 40, 5);
      Vectors odd = RandomVectors(12, 16, 6);
      for (float& value : odd.values) value *= is_whole ? 3.3f : 100;
      const auto index = MakeIndex(CodesOnly(16, metric));
      Add(*index, vectors);
      Add(*index, odd);
      CHECK(index->snapshot()->views.size() == 1);
      CHECK(index->memory_bytes() < 2'000'000);
      for (size_t row = 0; row < odd.count(); ++row) {
        CHECK(index->Get(2000 + row) == odd.RowCopy(row));
        if (metric == Metric::kL2) {
          const auto hits = Search(*index, odd.row(row), 3, 64);
          CHECK(hits[0].id == 2000 + row);
          CHECK(hits[0].distance == 0);
        }
      }
      if (is_whole) CHECK(index->Get(1234) == vectors.RowCopy(1234));
    }
  }
}

// Floats of 1 / scale times such values are far from whole numbers that codes could be, so no codes hold them.
TEST_CASE("Codes only: rows that no codes hold come back as they are, and are found") {
  const size_t count = kScanLimit + 300;
  const Vectors copies = CopiedVectors(1, count, 64, 32);
  for (const Metric metric : {Metric::kL2, Metric::kCosine}) {
    CAPTURE(Name(metric));
    const auto index = MakeIndex(CodesOnly(64, metric));
    Add(*index, copies.Slice(0, 10));
    Add(*index, copies.Slice(10, count));
    Add(*index, copies.Slice(0, 40));
    CHECK(index->vector_count() == count + 40);
    const auto hits = Search(*index, copies.row(0), 3, 100);
    REQUIRE(hits.size() == 3);
    CHECK(std::abs(hits[0].distance) <= 1e-6);
    CHECK(LargestError(copies, StoredOf(*index, count, 64)) == 0);
  }
}

TEST_CASE("Codes only: rows unlike those before them get a segment with codes of their own") {
  Vectors vectors = ClusteredVectors(kCount, 16, 40, 7);
  const size_t half = kCount / 2;
  for (size_t i = half * 16; i < vectors.values.size(); ++i) vectors.values[i] = 50 * vectors.values[i] + 2000;
  const auto index = MakeIndex(CodesOnly(16, Metric::kL2));
  Add(*index, vectors.Slice(0, half));
  for (size_t begin = half; begin < kCount; begin += 500) Add(*index, vectors.Slice(begin, std::min(kCount, begin + 500)));
  const auto snapshot = index->snapshot();
  REQUIRE(snapshot->views.size() == 2);
  CHECK(snapshot->views[0].segment->is_sealed());
  CHECK_FALSE(snapshot->views[1].segment->is_sealed());
  const Vectors stored = StoredOf(*index, kCount, 16);
  CHECK(LargestError(vectors.Slice(0, half), stored.Slice(0, half)) <= 1.0 / 460);
  CHECK(LargestError(vectors.Slice(half, kCount), stored.Slice(half, kCount)) <= 1.0 / 300);
  CHECK(MissedSelfCount(*index, vectors, 64, 11) == 0);
  for (const SegmentView& view : snapshot->views) CHECK(Violation(*view.segment, view.segment->slot_count()) == "");
}

TEST_CASE("Codes only: a query far from all vectors is answered exactly") {
  const Vectors vectors = ClusteredVectors(kCount, 16, 40, 8);
  const auto index = MakeIndex(CodesOnly(16, Metric::kL2));
  Add(*index, vectors);
  for (const float shift : {1e3f, -1e6f}) {
    std::vector<float> query = vectors.RowCopy(5);
    query[2] += shift;
    query[7] -= shift / 3;
    const auto exact = ExactSearch(*index, query.data(), 10), found = Search(*index, query.data(), 10, 10);
    CHECK(std::equal(exact.begin(), exact.end(), found.begin(), found.end(),
                     [](const Result& a, const Result& b) { return a.id == b.id && a.distance == b.distance; }));
  }
}

// Returns whether the cancellation came before the add was through.
bool GiveUpAndRepeat(const Vectors& present, const Vectors& batch) {
  const auto index = MakeIndex(CodesOnly(batch.dimension, Metric::kL2));
  Add(*index, present);
  const auto before = ExactSearch(*index, present.row(3), 20);
  const auto stage = StageOf(batch);
  CancelToken cancel;
  std::thread canceller([&] {
    while (stage->inserted_count < 60) std::this_thread::yield();
    cancel.Cancel();
  });
  const std::string code = ErrorCodeOf([&] { index->Add(*stage, cancel); });
  canceller.join();
  if (code == "none") return false;
  CHECK(code == "ABORTED");
  CHECK(index->vector_count() == present.count());
  const auto after = ExactSearch(*index, present.row(3), 20);
  CHECK(std::equal(before.begin(), before.end(), after.begin(), after.end(), [](const Result& a, const Result& b) {
    return a.id == b.id && std::abs(a.distance - b.distance) <= 1e-3f * a.distance;
  }));
  Add(*index, batch);
  CHECK(index->vector_count() == present.count() + batch.count());
  CHECK(MissedSelfCount(*index, present, 64, 7) == 0);
  for (size_t row = 0; row < batch.count(); row += 50) {
    CHECK(HasId(Search(*index, batch.row(row), 5, 64), present.count() + row));
  }
  return true;
}

TEST_CASE("Codes only: an add that is given up leaves nothing, before and after the floats are dropped") {
  const Vectors vectors = ClusteredVectors(3500, 12, 30, 9);
  Vectors unlike = vectors.Slice(1500, 3500);
  for (float& value : unlike.values) value *= 30;
  for (const size_t present : {size_t{600}, size_t{1500}}) {
    for (const Vectors& batch : {vectors.Slice(1500, 3500), unlike}) {
      int attempts_left = 50;
      while (!GiveUpAndRepeat(vectors.Slice(0, present), batch) && --attempts_left > 0) {
      }
      CHECK(attempts_left > 0);
    }
  }
}

TEST_CASE("Codes only: the same bytes for any number of threads") {
  const Vectors vectors = ClusteredVectors(kCount, 16, 40, 10);
  std::vector<uint64_t> fingerprints;
  for (const int threads : {1, 3}) {
    const auto index = MakeIndex(CodesOnly(16, Metric::kCosine, {threads, 1}));
    Add(*index, vectors.Slice(0, 700));
    Add(*index, vectors.Slice(700, kCount));
    fingerprints.push_back(index->Fingerprint());
  }
  CHECK(fingerprints[0] == fingerprints[1]);
}

}  // namespace
}  // namespace segvec
