// How much of the truth the index finds.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "index/index.h"
#include "support/index_of.h"
#include "support/names.h"
#include "support/sanitizers.h"
#include "support/vectors.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

const size_t kCount = Sized(4000, 2400, 1300);

// Stored vectors, a little moved.
Vectors QueriesNear(const Vectors& vectors, size_t count) {
  Dice dice(99);
  Vectors queries{vectors.dimension, {}};
  for (size_t i = 0; i < count; ++i) queries.Append(vectors.RowCopy(i * vectors.count() / count));
  for (float& value : queries.values) value += static_cast<float>(dice.Normal() / 10);
  return queries;
}

TEST_CASE("Recall: at least 0.99 with any number of threads, and every vector finds itself") {
  const Vectors vectors = ClusteredVectors(kCount, 24, 60, 1);
  const Vectors queries = QueriesNear(vectors, 60);
  for (const Metric metric : kMetrics) {
    for (const Spread spread : {Spread{1, 1}, {2, 1}, {4, 1}, {8, 1}, {2, 2}, {4, 4}, {8, 8}}) {
      for (const Quantization quantization : kQuantizations) {
        const bool is_first_or_last = spread.threads == 1 || spread.segments == 8;
        if (quantization == Quantization::kNone && !is_first_or_last) continue;
        if (kIsSanitized && !is_first_or_last) continue;
        CAPTURE(Name(metric));
        CAPTURE(Name(spread));
        CAPTURE(Name(quantization));
        IndexOptions options = OptionsFor(24, metric, spread);
        options.quantization = quantization;
        const auto index = MakeIndex(options);
        Add(*index, vectors);
        CHECK(index->snapshot()->views.size() == static_cast<size_t>(spread.segments));
        CHECK(RecallOf(*index, vectors, queries, 10, 200) >= 0.99);
        // Under inner product a vector is not its own nearest.
        if (metric != Metric::kIp) CHECK(MissedSelfCount(*index, vectors, 64) == 0);
      }
    }
  }
}

TEST_CASE("Recall: many small adds are no worse than one large one") {
  const Vectors vectors = ClusteredVectors(kCount, 16, 40, 2);
  const auto index = MakeIndex(OptionsFor(16, Metric::kL2, {2, 2}));
  Dice dice(3);
  for (size_t begin = 0; begin < vectors.count();) {
    const size_t end = std::min(vectors.count(), begin + 1 + dice.Below(700));
    Add(*index, vectors.Slice(begin, end));
    begin = end;
  }
  CHECK(RecallOf(*index, vectors, QueriesNear(vectors, 60), 10, 200) >= 0.99);
  CHECK(MissedSelfCount(*index, vectors, 64) == 0);
}

// Codes of whole numbers know only 0 of what lies between -0.5 and 0.5.
TEST_CASE("Recall: holds where rows of whole numbers came first") {
  const Vectors whole = WholeVectors(2400, 16, 1, 5);
  Vectors fractions = RandomVectors(kCount, 16, 6);
  for (float& value : fractions.values) value /= 10;
  Vectors all = whole;
  all.Append(fractions.values);
  for (const Metric metric : {Metric::kL2, Metric::kIp}) {
    CAPTURE(Name(metric));
    const auto index = MakeIndex(OptionsFor(16, metric, {1, 2}));
    Add(*index, whole);
    const auto whole_segment = index->snapshot()->views[0].segment;
    CHECK((whole_segment->has_graph() && whole_segment->is_lossless()));
    Add(*index, fractions);
    const Vectors queries = fractions.Slice(0, 60);
    CHECK(RecallOf(*index, all, queries, 10, 200) >= 0.99);
    Compact(*index);
    CHECK(RecallOf(*index, all, queries, 10, 200) >= 0.99);
  }
}

TEST_CASE("Recall: holds over many full segments") {
  const Vectors vectors = ClusteredVectors(kCount, 16, 40, 4);
  for (const uint32_t capacity : {300u, 1100u, 1500u}) {
    for (const Spread spread : {Spread{1, 1}, {3, 3}}) {
      CAPTURE(capacity);
      CAPTURE(Name(spread));
      IndexOptions options = OptionsFor(16, Metric::kCosine, spread);
      options.segment_capacity = capacity;
      const auto index = MakeIndex(options);
      for (size_t begin = 0; begin < vectors.count(); begin += 1000) {
        Add(*index, vectors.Slice(begin, std::min(vectors.count(), begin + 1000)));
      }
      CHECK(RecallOf(*index, vectors, QueriesNear(vectors, 60), 10, 200) >= 0.99);
      CHECK(MissedSelfCount(*index, vectors, 64) == 0);
    }
  }
}

// Of all segments only the best are measured on the floats, as their codes estimate them. A step of these is worth forty times as
// much in one segment as in the other, and fewer of them lead from a query near the narrow rows to the wide ones.
TEST_CASE("Recall: estimates by codes of different scales can be compared") {
  const size_t part = Sized(2000, 1300, 1300);
  for (const Metric metric : {Metric::kL2, Metric::kIp}) {
    CAPTURE(Name(metric));
    IndexOptions options = OptionsFor(8, metric);
    options.segment_capacity = static_cast<uint32_t>(part);
    const auto index = MakeIndex(options);
    Vectors vectors = RandomVectors(part, 8, 5), narrow = RandomVectors(part, 8, 6);
    for (size_t i = 0; i < vectors.values.size(); ++i) {
      if (i / 8 % 50 != 0) vectors.values[i] /= 3;
    }
    Vectors queries = QueriesNear(vectors, 30), narrow_queries = QueriesNear(narrow, 30);
    for (Vectors* scaled : {&narrow, &narrow_queries}) {
      for (float& value : scaled->values) value /= 40;
    }
    Add(*index, vectors);
    Add(*index, narrow);
    for (size_t row = 0; row < narrow.count(); ++row) vectors.Append(narrow.RowCopy(row));
    for (size_t row = 0; row < narrow_queries.count(); ++row) queries.Append(narrow_queries.RowCopy(row));
    REQUIRE(index->snapshot()->views.size() == 2);
    CHECK(RecallOf(*index, vectors, queries, 10, 60) >= 0.95);
  }
}

// Each segment holds topics of its own, so that all neighbors of a query lie in one of them.
TEST_CASE("Recall: holds when rows arrive sorted by topic over several segments") {
  const Vectors vectors = SortedClusters(kCount, 16, 30, 5);
  IndexOptions options = OptionsFor(16, Metric::kL2);
  options.segment_capacity = 1200;
  const auto index = MakeIndex(options);
  for (size_t begin = 0; begin < vectors.count(); begin += 200) {
    Add(*index, vectors.Slice(begin, std::min(vectors.count(), begin + 200)));
  }
  CHECK(index->snapshot()->views.size() == (kCount + 1199) / 1200);
  const Vectors queries = QueriesNear(vectors, 60);
  CHECK(RecallOf(*index, vectors, queries, 10, 200) >= 0.99);
  // A share of a beam of 64 is narrower than 100; it must be widened for the one segment that has them all.
  CHECK(RecallOf(*index, vectors, queries, 100, 100) >= 0.98);
  CHECK(MissedSelfCount(*index, vectors, 64) == 0);
}

TEST_CASE("Recall: a large k is filled") {
  const Vectors vectors = ClusteredVectors(kCount, 16, 40, 6);
  const auto index = MakeIndex(OptionsFor(16, Metric::kL2, {3, 3}));
  Add(*index, vectors);
  for (const size_t k : {size_t{200}, kCount / 10, kCount / 2, kCount}) {
    CAPTURE(k);
    CHECK(Search(*index, vectors.row(1), k, 10).size() == k);
    CHECK(RecallOf(*index, vectors, QueriesNear(vectors, 4), k, static_cast<uint32_t>(k)) >= 0.99);
  }
}

TEST_CASE("Recall: heavily duplicated vectors do not hide the others") {
  const Vectors vectors = CopiedVectors(Sized(80, 40), Sized(60, 40), 16, 7);
  for (const Metric metric : {Metric::kL2, Metric::kCosine}) {
    for (const Spread spread : {Spread{1, 1}, {3, 3}}) {
      const auto index = MakeIndex(OptionsFor(16, metric, spread));
      Add(*index, vectors);
      CHECK(RecallOf(*index, vectors, QueriesNear(vectors, 60), 10, 200) >= 0.99);
      size_t far_count = 0;
      for (size_t i = 0; i < vectors.count(); i += 7) {
        for (const Result& result : Search(*index, vectors.row(i), 10, 64)) far_count += result.distance > 1e-6f;
      }
      CHECK(far_count == 0);
    }
  }
}

// Codes are fitted to the first thousand rows or so. What comes later need not look like them.
TEST_CASE("Recall: holds for rows and queries beyond the range of the first ones") {
  const size_t half = kCount / 2;
  Vectors vectors = ClusteredVectors(2 * half, 16, 40, 8);
  for (size_t i = half * 16; i < vectors.values.size(); ++i) vectors.values[i] = 2 * vectors.values[i] + 20;
  for (const Metric metric : {Metric::kL2, Metric::kCosine}) {
    CAPTURE(Name(metric));
    const auto index = MakeIndex(OptionsFor(16, metric));
    Add(*index, vectors.Slice(0, half));
    Add(*index, vectors.Slice(half, 2 * half));
    const Vectors queries = QueriesNear(vectors, 60);
    // Under cosine the later rows are nearly parallel: they fit the codes, but many share one, and only so many hits are
    // measured on the floats.
    const double least = metric == Metric::kCosine ? 0.9 : 0.99;
    CHECK(RecallOf(*index, vectors, queries.Slice(0, 30), 10, 200) >= least);
    CHECK(RecallOf(*index, vectors, queries.Slice(30, 60), 10, 200) >= least);
    if (metric == Metric::kL2) CHECK(MissedSelfCount(*index, vectors, 64, 3) == 0);
  }
}

TEST_CASE("Recall: a few rows far from all others are found, and do not spoil the rest") {
  for (const Metric metric : {Metric::kL2, Metric::kCosine}) {
    for (const size_t far_count : {1, 12}) {
      CAPTURE(Name(metric));
      CAPTURE(far_count);
      Vectors vectors = ClusteredVectors(2000, 16, 40, 9);
      const Vectors far = RandomVectors(far_count, 16, 10);
      const auto index = MakeIndex(OptionsFor(16, metric));
      Add(*index, vectors);
      for (size_t row = 0; row < far_count; ++row) {
        vectors.Append(far.RowCopy(row));
        for (size_t d = 0; d < 16; ++d) vectors.row(2000 + row)[d] *= 100;
      }
      Add(*index, vectors.Slice(2000, 2000 + far_count));
      CHECK(MissedSelfCount(*index, vectors, 64) == 0);
      CHECK(RecallOf(*index, vectors, QueriesNear(vectors, 60), 10, 200) >= 0.99);
      CHECK(RecallOf(*index, vectors, vectors.Slice(2000, 2000 + far_count), 10, 200) >= 0.9);
    }
  }
}

}  // namespace
}  // namespace segvec
