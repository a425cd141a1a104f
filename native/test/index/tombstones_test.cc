// Searching where much has been removed: all that lives is found, as well as where nothing is dead.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "index/index.h"
#include "support/index_of.h"
#include "support/names.h"
#include "support/sanitizers.h"
#include "support/vectors.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

constexpr size_t kDimension = 16;

// Row numbers in the order in which they are removed: at random, or from one point outwards, so that the dead surround
// some of the queries.
Ids RemovalOrder(const Vectors& vectors, bool is_local) {
  Ids order = IdRange(0, vectors.count());
  Dice(3).Shuffle(order);
  if (!is_local) return order;
  const auto distance = [&](uint64_t row) {
    return reference::Distance(Metric::kL2, vectors.row(0), vectors.row(row), kDimension);
  };
  std::sort(order.begin(), order.end(), [&](uint64_t a, uint64_t b) { return distance(a) < distance(b); });
  return order;
}

// The share of the k nearest living rows that a search finds. REQUIRES of the index: every search fills k.
double LivingRecall(const Index& index, const Vectors& queries, size_t k, uint32_t ef) {
  size_t found_count = 0, asked_count = 0;
  for (size_t q = 0; q < queries.count(); ++q) {
    const auto expected = ExactSearch(index, queries.row(q), k);
    const auto results = Search(index, queries.row(q), k, ef);
    REQUIRE(results.size() == std::min(k, index.vector_count()));
    for (const Result& result : results) {
      REQUIRE(index.Has(result.id));
      found_count += result.distance <= expected.back().distance;
    }
    asked_count += expected.size();
  }
  return static_cast<double>(found_count) / static_cast<double>(asked_count);
}

TEST_CASE("Tombstones: recall and k hits hold however much has been removed") {
  const size_t count = Sized(6000, 2500, 1500);
  const Vectors vectors = ClusteredVectors(count, kDimension, 40, 1);
  const Vectors queries = ClusteredVectors(Sized(60, 20), kDimension, 40, 1);
  for (const Metric metric : kMetrics) {
    for (const Quantization quantization : kQuantizations) {
      for (const bool is_local : {false, true}) {
        for (const Spread spread : {Spread{2, 1}, {2, 2}}) {
          if (kIsSanitized && spread.segments != 1 + (quantization == Quantization::kNone)) continue;
          CAPTURE(Name(metric));
          CAPTURE(Name(quantization));
          CAPTURE(Name(spread));
          CAPTURE(is_local);
          IndexOptions options = OptionsFor(kDimension, metric, spread);
          options.quantization = quantization;
          const auto index = MakeIndex(options);
          Add(*index, vectors);
          const double whole_recall = LivingRecall(*index, queries, 10, 64);
          const Ids order = RemovalOrder(vectors, is_local);
          size_t removed_count = 0;
          for (const size_t percent : {1, 10, 50, 90, 99}) {
            CAPTURE(percent);
            const size_t wanted = count * percent / 100;
            Remove(*index, Ids(order.begin() + static_cast<long>(removed_count),
                               order.begin() + static_cast<long>(wanted)));
            removed_count = wanted;
            CHECK(LivingRecall(*index, queries, 10, 64) >= std::min(0.97, whole_recall - 0.01));
          }
          Remove(*index, Ids(order.begin() + static_cast<long>(removed_count), order.end() - 3));
          CHECK(LivingRecall(*index, queries, 10, 64) == 1);
        }
      }
    }
  }
}

TEST_CASE("Tombstones: k hits are found with a beam that is no wider") {
  const size_t count = Sized(6000, 2500, 1500);
  const Vectors vectors = WholeVectors(count, kDimension, 40, 1);
  for (const Quantization quantization : kQuantizations) {
    IndexOptions options = OptionsFor(kDimension, Metric::kL2, {1, 1});
    options.quantization = quantization;
    const auto index = MakeIndex(options);
    Add(*index, vectors);
    Ids order = IdRange(0, count);
    Dice(7).Shuffle(order);
    size_t removed_count = 0;
    for (const size_t percent : {3, 10, 30}) {
      const size_t wanted = count * percent / 100;
      Remove(*index, Ids(order.begin() + static_cast<long>(removed_count), order.begin() + static_cast<long>(wanted)));
      removed_count = wanted;
      for (const uint32_t k : {10u, 100u}) {
        CAPTURE(Name(quantization));
        CAPTURE(percent);
        CAPTURE(k);
        const SearchResults results = index->Search(vectors.row(0), 100, {k, k, false}, CancelToken());
        CHECK(std::count(results.counts.begin(), results.counts.end(), k) == 100);
      }
    }
  }
}

TEST_CASE("Tombstones: k beyond what lives returns all of it") {
  const auto index = MakeIndex(OptionsFor(kDimension, Metric::kCosine, {2, 2}));
  const Vectors vectors = RandomVectors(3000, kDimension, 1);
  Add(*index, vectors);
  Ids removed = IdRange(0, 3000);
  Dice(4).Shuffle(removed);
  removed.resize(2000);
  Remove(*index, removed);
  for (const size_t k : {size_t{500}, size_t{1000}, size_t{5000}}) {
    const SearchResults results = index->Search(vectors.row(0), 1, {k, 64, false}, CancelToken());
    CHECK(results.counts[0] == std::min<size_t>(k, 1000));
  }
}

TEST_CASE("Tombstones: rows added among the dead are found") {
  IndexOptions options = OptionsFor(kDimension, Metric::kL2, {2, 1});
  const auto index = MakeIndex(options);
  const Vectors vectors = ClusteredVectors(4000, kDimension, 20, 1);
  Add(*index, vectors.Slice(0, 2000));
  Remove(*index, IdRange(0, 1900));
  Add(*index, vectors.Slice(2000, 4000), IdRange(2000, 2000));
  size_t missed_count = 0;
  for (size_t row = 1900; row < 4000; row += 5) {
    missed_count += !HasId(Search(*index, vectors.row(row), 10, 100), row);
  }
  CHECK(missed_count == 0);
}

}  // namespace
}  // namespace segvec
