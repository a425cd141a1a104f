// The beam that a calibration gives for a recall reaches it, with queries that the index has never seen.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "index/calibrate.h"
#include "index/index.h"
#include "support/errors.h"
#include "support/index_of.h"
#include "support/names.h"
#include "support/sanitizers.h"
#include "support/vectors.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

using State = Index::CalibrationState;

constexpr size_t kDimension = 24;

// Enough for graphs on which a narrow beam misses something, in each of the segments.
const int kSegments = kIsSanitized ? 2 : 3;
const size_t kCount = Sized(6000, 2400);

// Rows and queries of one distribution: the last `query_count` rows are to be queries.
Vectors Drawn(size_t count, size_t query_count) {
  return ClusteredVectors(count + query_count, kDimension, 30, 11);
}

std::unique_ptr<Index> IndexOf(const Vectors& vectors, const IndexOptions& options) {
  auto index = MakeIndex(options);
  Add(*index, vectors);
  return index;
}

// Mean recall@k against the exact scan of the same index, by distance.
double MeanRecall(const Index& index, const Vectors& queries, size_t k, uint32_t ef) {
  const CancelToken cancel;
  const SearchResults exact = index.Search(queries.row(0), queries.count(), {k, 1, true}, cancel);
  const SearchResults found = index.Search(queries.row(0), queries.count(), {k, ef, false}, cancel);
  size_t hit_count = 0;
  for (size_t i = 0; i < found.distances.size(); ++i) {
    const size_t query = i / k;
    hit_count +=
        i % k < found.counts[query] && found.distances[i] <= exact.distances[query * k + k - 1] + 1e-5f;
  }
  return static_cast<double>(hit_count) / static_cast<double>(k * queries.count());
}

Calibration OfCurve(std::vector<RecallPoint> points, bool ends_with_scan) {
  const Vectors vectors = Drawn(1200, 0);
  const auto index = IndexOf(vectors, OptionsFor(kDimension, Metric::kL2, {1, 1}));
  return Calibration({SearchShapeOf(*index->snapshot()), 400, {{10, std::move(points), ends_with_scan}}});
}

TEST_CASE("Calibration: a recall that walks do not come near is that of a scan, not of a beam just short of it") {
  const Calibration hard = OfCurve({{10, 0.2, 0}, {20, 0.25, 0}, {40, 0.3, 0}, {80, 1, 0}}, true);
  for (const double recall : {0.5, 0.9, 0.99}) CHECK(hard.EfFor(10, recall, hard.measured().shape) == 80);
  CHECK(hard.EfFor(10, 0.25, hard.measured().shape) == 20);
  const Calibration easy = OfCurve({{10, 0.8, 0}, {20, 0.95, 0}, {40, 0.98, 0}, {80, 1, 0}}, true);
  CHECK(easy.EfFor(10, 0.985, easy.measured().shape) > 40);
  CHECK(easy.EfFor(10, 0.985, easy.measured().shape) < 60);
  CHECK(easy.EfFor(10, 0.999, easy.measured().shape) == 80);
}

TEST_CASE("Calibration: one that was made among dead slots is not that of what a compaction leaves") {
  const Vectors vectors = Drawn(kCount, 0);
  const auto index = IndexOf(vectors, OptionsFor(kDimension, Metric::kL2, {1, 1}));
  Ids ids;
  for (uint64_t id = 0; id < kCount; ++id) {
    if (id % 3 != 0) ids.push_back(id);
  }
  Remove(*index, ids);
  const Calibration before({SearchShapeOf(*index->snapshot()), 400, {}});
  CHECK(before.IsFresh(SearchShapeOf(*index->snapshot())));
  CHECK(Compact(*index));
  CHECK(before.IsOutdated(SearchShapeOf(*index->snapshot())));
}

TEST_CASE("Calibration: the beam for a recall reaches it with new queries") {
  const size_t query_count = Sized(400, 60, 30);
  const Vectors all = Drawn(kCount, query_count);
  const Vectors vectors = all.Slice(0, kCount), queries = all.Slice(kCount, all.count());
  // What chance makes of a mean over so few queries, of the sample and of these.
  const double tolerance = kIsSanitized ? 0.06 : 0.01;
  struct Case {
    Metric metric;
    Quantization quantization;
    Spread spread;
  };
  for (const Case& each : {Case{Metric::kL2, Quantization::kInt8, {1, 1}},
                           {Metric::kL2, Quantization::kNone, {2, 1}},
                           {Metric::kCosine, Quantization::kInt8, {3, kSegments}},
                           {Metric::kIp, Quantization::kInt8, {1, 1}}}) {
    CAPTURE(Name(each.metric));
    CAPTURE(Name(each.spread));
    CAPTURE(Name(each.quantization));
    IndexOptions options = OptionsFor(kDimension, each.metric, each.spread);
    options.quantization = each.quantization;
    const auto index = IndexOf(vectors, options);
    CHECK(index->calibration_state() == State::kMissing);
    index->Calibrate(CancelToken());
    REQUIRE(index->calibration_state() == State::kFresh);
    for (const size_t k : {1, 10, 40, 100}) {
      for (const double recall : {0.9, 0.95, 0.99}) {
        const uint32_t ef = index->EfFor(k, recall);
        CAPTURE(k);
        CAPTURE(recall);
        CAPTURE(ef);
        CHECK(ef >= k);
        // A single nearest is found or not: a mean over so few is off by more. So it is under ip, where few slots are met by nearly all
        // walks: with k 100 and ten seeds it was 0.887 to 0.902 (2,000 queries) where 0.9 was asked for.
        const bool is_coarse = k == 1 || each.metric == Metric::kIp;
        CHECK(MeanRecall(*index, queries, k, ef) >= recall - tolerance * (is_coarse ? 2 : 1));
        // Nor is it bought with a scan.
        if (!kIsSanitized) CHECK(ef < kCount / 8);
      }
    }
  }
}

TEST_CASE("Calibration: more recall and more neighbors take a wider beam") {
  const auto index = IndexOf(Drawn(kCount, 0), OptionsFor(kDimension, Metric::kL2));
  index->Calibrate(CancelToken());
  for (const size_t k : {1, 5, 10, 30, 100, 300}) {
    uint32_t before = 0;
    for (const double recall : {0.01, 0.5, 0.9, 0.95, 0.99, 0.999, 0.999999}) {
      CAPTURE(k);
      CAPTURE(recall);
      const uint32_t ef = index->EfFor(k, recall);
      CHECK(ef >= before);
      before = ef;
    }
  }
  uint32_t before = 0;
  for (const size_t k : {1, 10, 30, 100, 300, 3000}) {
    CHECK(index->EfFor(k, 0.95) >= before);
    before = index->EfFor(k, 0.95);
  }
}

TEST_CASE("Calibration: is the same for any number of threads, and changes nothing in the index") {
  const Vectors vectors = Drawn(kCount, 0);
  const auto first = IndexOf(vectors, OptionsFor(kDimension, Metric::kL2));
  const uint64_t fingerprint = first->Fingerprint();
  first->Calibrate(CancelToken());
  CHECK(first->Fingerprint() == fingerprint);
  for (const int threads : {2, 5}) {
    const auto other = IndexOf(vectors, OptionsFor(kDimension, Metric::kL2, {threads, 1}));
    other->Calibrate(CancelToken());
    CHECK(first->calibration()->measured() == other->calibration()->measured());
  }
}

TEST_CASE("Calibration: is not needed where everything is scanned") {
  const auto index = MakeIndex(OptionsFor(kDimension, Metric::kL2));
  CHECK(index->calibration_state() == State::kFresh);
  index->Calibrate(CancelToken());
  CHECK(index->EfFor(10, 0.9) >= 10);
  Add(*index, Drawn(kScanLimit, 0));
  CHECK(index->calibration_state() == State::kFresh);
  index->Calibrate(CancelToken());
  CHECK(index->calibration() == nullptr);
}

TEST_CASE("Calibration: of a graph so small that wide beams scan it") {
  const Vectors all = Drawn(kScanLimit + 10, 40);
  const Vectors vectors = all.Slice(0, kScanLimit + 10), queries = all.Slice(kScanLimit + 10, all.count());
  for (const Spread spread : {Spread{1, 1}, {2, 2}}) {
    const auto index = MakeIndex(OptionsFor(kDimension, Metric::kCosine, spread));
    Add(*index, vectors);
    index->Calibrate(CancelToken());
    CHECK(MeanRecall(*index, queries, 10, index->EfFor(10, 0.99)) >= 0.97);
    CHECK(MeanRecall(*index, queries, 100, index->EfFor(100, 0.999)) >= 0.98);
  }
}

TEST_CASE("Calibration: copies of a few vectors are easy to find") {
  const auto index = MakeIndex(OptionsFor(16, Metric::kL2));
  Add(*index, CopiedVectors(40, 60, 16, 3));
  index->Calibrate(CancelToken());
  CHECK(index->EfFor(10, 0.95) <= 300);
  const auto equal = MakeIndex(OptionsFor(16, Metric::kL2));
  Add(*equal, EqualVectors(2000, 16));
  equal->Calibrate(CancelToken());
  CHECK(equal->EfFor(10, 0.99) <= 20);
}

TEST_CASE("Calibration: grows old with the index") {
  const Vectors vectors = Drawn(3 * 1500, 0);
  const auto index = MakeIndex(OptionsFor(kDimension, Metric::kL2));
  Add(*index, vectors.Slice(0, 1500));
  CHECK(index->EfFor(10, 0.95) == CautiousEf(10, 0.95));
  index->Calibrate(CancelToken());
  const auto first = index->calibration();
  const uint32_t ef = index->EfFor(10, 0.95);
  Add(*index, vectors.Slice(1500, 1750));
  CHECK(index->calibration_state() == State::kFresh);
  index->Calibrate(CancelToken());
  CHECK(index->calibration() == first);
  Add(*index, vectors.Slice(1750, 2250));
  CHECK(index->calibration_state() == State::kStale);
  CHECK(index->EfFor(10, 0.95) >= ef);
  CHECK(index->EfFor(10, 0.95) <= ef + ef / 4);
  Add(*index, vectors.Slice(2250, 4500));
  CHECK(index->calibration_state() == State::kMissing);
  CHECK(index->EfFor(10, 0.95) == CautiousEf(10, 0.95));
  index->Calibrate(CancelToken());
  CHECK(index->calibration_state() == State::kFresh);
  CHECK(index->calibration()->measured().shape.vector_count == 4500);
}

TEST_CASE("Calibration: sees the dead slots of an add that was aborted, and leaves them out") {
  const Vectors vectors = Drawn(kCount, 0);
  const auto index = MakeIndex(OptionsFor(kDimension, Metric::kL2));
  Add(*index, vectors.Slice(0, 1500));
  CancelToken cancel;
  const auto stage = StageOf(vectors.Slice(0, 1000));
  stage->ids = IdRange(50'000, 1000);
  std::thread canceller([&] {
    while (stage->inserted_count == 0) std::this_thread::yield();
    cancel.Cancel();
  });
  const std::string code = ErrorCodeOf([&] { index->Add(*stage, cancel); });
  canceller.join();
  const size_t aborted_count = code == "none" ? 1000 : 0;
  Add(*index, vectors.Slice(1500, 1600), IdRange(1500, 100));
  CHECK(index->vector_count() == 1600 + aborted_count);
  index->Calibrate(CancelToken());
  CHECK(MeanRecall(*index, vectors.Slice(1600, 1640), 10, index->EfFor(10, 0.95)) >= 0.9);
}

TEST_CASE("Calibration: can be cancelled, and leaves the index as it was") {
  const auto index = IndexOf(Drawn(kCount, 0), OptionsFor(kDimension, Metric::kL2, {2, 1}));
  CancelToken cancelled;
  cancelled.Cancel();
  CHECK(ErrorCodeOf([&] { index->Calibrate(cancelled); }) == "ABORTED");
  CHECK(index->calibration() == nullptr);
  CancelToken cancel;
  std::atomic<bool> has_begun{false};
  std::thread canceller([&] {
    while (!has_begun) std::this_thread::yield();
    cancel.Cancel();
  });
  const std::string code = ErrorCodeOf([&] {
    has_begun = true;
    index->Calibrate(cancel);
  });
  canceller.join();
  CHECK((code == "ABORTED") == (index->calibration() == nullptr));
  index->Calibrate(CancelToken());
  CHECK(index->calibration_state() == State::kFresh);
}

TEST_CASE("Calibration: goes on beside adds and searches") {
  const Vectors vectors = Drawn(kCount, 0);
  const auto index = MakeIndex(OptionsFor(kDimension, Metric::kCosine, {2, 1}));
  Add(*index, vectors.Slice(0, 1300));
  std::atomic<bool> is_done{false};
  std::thread adder([&] {
    for (size_t begin = 1300; begin + 200 <= vectors.count(); begin += 200)
      Add(*index, vectors.Slice(begin, begin + 200));
    is_done = true;
  });
  std::thread searcher([&] {
    for (size_t i = 0; !is_done; ++i) {
      Search(*index, vectors.row(i % 1300), 10, std::min<uint32_t>(index->EfFor(10, 0.95), 200));
    }
  });
  while (!is_done) index->Calibrate(CancelToken());
  adder.join();
  searcher.join();
  index->Calibrate(CancelToken());
  CHECK(index->calibration_state() == State::kFresh);
}

}  // namespace
}  // namespace segvec
