// What a search returns.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "index/index.h"
#include "support/errors.h"
#include "support/index_of.h"
#include "support/names.h"
#include "support/sanitizers.h"
#include "support/vectors.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

// Distances that floats hold exactly, so that results can be compared with the oracle to the last bit.
Vectors ExactVectors(Metric metric, size_t count, uint64_t seed) {
  return metric == Metric::kCosine ? SignVectors(count, 16, seed) : WholeVectors(count, 16, 2, seed);
}

TEST_CASE("Search: an empty index has nothing") {
  for (const Metric metric : kMetrics) {
    const auto index = MakeIndex(OptionsFor(4, metric));
    const Vectors query = RandomVectors(1, 4, 1);
    CHECK(Search(*index, query.row(0), 10, 64).empty());
    CHECK(ExactSearch(*index, query.row(0), 10).empty());
    const SearchResults results = index->Search(query.row(0), 1, {10, 64, false}, CancelToken());
    CHECK(results.k == 0);
    CHECK(results.ids.empty());
    CHECK(results.counts == std::vector<uint32_t>{0});
    CHECK_FALSE(index->Has(0));
    CHECK_FALSE(index->Get(0).has_value());
  }
}

TEST_CASE("Search: k = 0 and k beyond the size") {
  for (const size_t count : {1, 7, 1500}) {
    for (const bool is_exact : {false, true}) {
      const auto index = MakeIndex(OptionsFor(8, Metric::kL2, {2, 2}));
      const Vectors vectors = RandomVectors(count, 8, 1);
      Add(*index, vectors);
      const SearchResults none = index->Search(vectors.row(0), 1, {0, 64, is_exact}, CancelToken());
      CHECK(none.k == 0);
      CHECK(none.counts[0] == 0);
      for (const size_t k : {count, count + 1, size_t{1'000'000'000}, ~size_t{0}}) {
        const SearchResults all = index->Search(vectors.row(0), 1, {k, 64, is_exact}, CancelToken());
        CHECK(all.k == count);
        CHECK(all.counts[0] == count);
        std::set<uint64_t> ids(all.ids.begin(), all.ids.end());
        CHECK(ids.size() == count);
      }
    }
  }
}

TEST_CASE("Search: exact search equals the oracle, ties by id") {
  for (const Metric metric : kMetrics) {
    for (const Spread spread : {Spread{1, 1}, {3, 3}}) {
      for (const size_t count : {1, 2, 100, 1023, 1025, 3000}) {
        CAPTURE(Name(metric));
        CAPTURE(Name(spread));
        CAPTURE(count);
        const auto index = MakeIndex(OptionsFor(16, metric, spread));
        const Vectors vectors = ExactVectors(metric, count, 1);
        Ids ids = IdRange(7, count, 3);
        Dice(5).Shuffle(ids);
        Add(*index, vectors, ids);
        const Vectors queries = ExactVectors(metric, 10, 2);
        for (size_t q = 0; q < queries.count(); ++q) {
          for (const size_t k : {size_t{1}, size_t{10}, count / 2, count}) {
            REQUIRE(AreEqual(ExactSearch(*index, queries.row(q), k),
                             reference::Nearest(metric, vectors, ids, queries.row(q), k)));
          }
        }
      }
    }
  }
}

TEST_CASE("Search: small indexes are scanned, so that every search is exact") {
  for (const Metric metric : kMetrics) {
    const auto index = MakeIndex(OptionsFor(16, metric, {2, 2}));
    const Vectors vectors = ExactVectors(metric, kScanLimit, 3);
    Add(*index, vectors);
    const Vectors queries = ExactVectors(metric, 20, 4);
    for (size_t q = 0; q < queries.count(); ++q) {
      REQUIRE(AreEqual(Search(*index, queries.row(q), 50, 1),
                       reference::Nearest(metric, vectors, {}, queries.row(q), 50)));
    }
  }
}

TEST_CASE("Search: where a walk reaches fewer than are wanted, what it does not reach is found all the same") {
  for (const Metric metric : kMetrics) {
    for (const Quantization quantization : kQuantizations) {
      CAPTURE(Name(metric));
      CAPTURE(Name(quantization));
      IndexOptions options = OptionsFor(16, metric);
      options.quantization = quantization;
      const auto index = MakeIndex(options);
      const Vectors vectors = ExactVectors(metric, 3000, 7);
      Add(*index, vectors);
      // A walk begins at the entry, from which no link leads on any more.
      auto& graph = const_cast<Graph&>(*index->snapshot()->views[0].graph);
      const Graph::Entry entry = graph.entry();
      for (uint32_t level = 0; level <= entry.level; ++level) {
        std::fill_n(graph.Links(entry.slot, level), graph.RowCapacity(level), kNil);
      }
      const Vectors queries = ExactVectors(metric, 10, 8);
      for (size_t q = 0; q < queries.count(); ++q) {
        REQUIRE(AreEqual(Search(*index, queries.row(q), 10, 64), reference::Nearest(metric, vectors, {}, queries.row(q), 10)));
      }
      Remove(*index, Ids{17});
      for (size_t q = 0; q < queries.count(); ++q) CHECK(Search(*index, queries.row(q), 10, 64).size() == 10);
    }
  }
}

TEST_CASE("Search: results ascend by distance, equal distances by id, and are distinct") {
  for (const Metric metric : kMetrics) {
    const size_t count = Sized(4000, 2500);
    const auto index = MakeIndex(OptionsFor(16, metric, {2, 2}));
    const Vectors vectors = ExactVectors(metric, count, 5);
    Ids ids = IdRange(0, count);
    Dice(6).Shuffle(ids);
    Add(*index, vectors, ids);
    const Vectors queries = ExactVectors(metric, 50, 6);
    for (size_t q = 0; q < queries.count(); ++q) {
      const auto results = Search(*index, queries.row(q), 100, 100);
      REQUIRE(results.size() == 100);
      std::set<uint64_t> distinct;
      for (size_t i = 0; i < results.size(); ++i) {
        distinct.insert(results[i].id);
        if (i == 0) continue;
        const bool ascends = results[i - 1].distance < results[i].distance ||
                             (results[i - 1].distance == results[i].distance && results[i - 1].id < results[i].id);
        REQUIRE(ascends);
      }
      REQUIRE(distinct.size() == 100);
    }
  }
}

// The rounding makes some cosines of parallel vectors a hair larger than 1; all such distances are returned as 0.
TEST_CASE("Search: parallel vectors under cosine are at distance 0 or more, equal distances by id") {
  for (const size_t count : {500, 3000}) {
    const auto index = MakeIndex(OptionsFor(24, Metric::kCosine));
    const Vectors direction = RandomVectors(1, 24, 7);
    Dice dice(8);
    Vectors vectors{24, {}};
    for (size_t i = 0; i < count; ++i) {
      const auto scale = static_cast<float>(0.5 + dice.Unit());
      for (size_t d = 0; d < 24; ++d) vectors.values.push_back(direction.values[d] * scale);
    }
    Add(*index, vectors);
    for (const bool is_exact : {false, true}) {
      CAPTURE(is_exact);
      const auto results = is_exact ? ExactSearch(*index, direction.row(0), count)
                                    : Search(*index, direction.row(0), 100, 100);
      size_t wrong_count = 0, disorder_count = 0;
      for (size_t i = 0; i < results.size(); ++i) {
        wrong_count += !(results[i].distance >= 0 && results[i].distance < 1e-6f);
        disorder_count +=
            i > 0 && results[i - 1].distance == results[i].distance && results[i - 1].id >= results[i].id;
      }
      CHECK(wrong_count == 0);
      CHECK(disorder_count == 0);
    }
  }
}

TEST_CASE("Search: distances are true") {
  for (const Metric metric : kMetrics) {
    CAPTURE(Name(metric));
    const auto index = MakeIndex(OptionsFor(100, metric, {2, 2}));
    const Vectors vectors = ClusteredVectors(2500, 100, 20, 9);
    Add(*index, vectors);
    const Vectors queries = RandomVectors(20, 100, 10);
    for (size_t q = 0; q < queries.count(); ++q) {
      for (const Result& result : Search(*index, queries.row(q), 20, 40)) {
        const float* row = vectors.row(result.id);
        CHECK(std::abs(result.distance - reference::Distance(metric, queries.row(q), row, 100)) <=
              reference::Tolerance(metric, queries.row(q), row, 100));
      }
    }
  }
}

TEST_CASE("Search: many queries at once return what each returns alone") {
  for (const bool is_exact : {false, true}) {
    const auto index = MakeIndex(OptionsFor(12, Metric::kCosine, {4, 2}));
    Add(*index, ClusteredVectors(3000, 12, 20, 11));
    const Vectors queries = RandomVectors(100, 12, 12);
    for (const size_t query_count : {0, 1, 8, 9, 100}) {
      const SearchParameters parameters{10, 50, is_exact};
      const SearchResults together = index->Search(queries.row(0), query_count, parameters, CancelToken());
      REQUIRE(together.counts.size() == query_count);
      REQUIRE(together.ids.size() == query_count * 10);
      for (size_t q = 0; q < query_count; ++q) {
        const SearchResults alone = index->Search(queries.row(q), 1, parameters, CancelToken());
        REQUIRE(together.counts[q] == alone.counts[0]);
        REQUIRE(std::equal(alone.ids.begin(), alone.ids.end(), together.ids.begin() + static_cast<long>(q * 10)));
        REQUIRE(std::equal(alone.distances.begin(), alone.distances.end(),
                           together.distances.begin() + static_cast<long>(q * 10)));
      }
    }
  }
}

// Segments of their own topics, whose beams are widened, others alike; some slots dead; a segment that is scanned.
TEST_CASE("Search: with help the hits are the same") {
  for (const Quantization quantization : {Quantization::kInt8, Quantization::kNone}) {
    for (const bool is_sorted : {false, true}) {
      IndexOptions options = OptionsFor(24, Metric::kL2, {4, 1});
      options.quantization = quantization;
      options.segment_capacity = kScanLimit + 100;
      options.ef_construction = 30;
      const size_t count = Sized(6, 3) * options.segment_capacity + 200;
      const Vectors vectors = is_sorted ? SortedClusters(count, 24, 30, 1) : ClusteredVectors(count, 24, 30, 1);
      const auto index = MakeIndex(options);
      for (size_t begin = 0; begin < count; begin += options.segment_capacity) {
        Add(*index, vectors.Slice(begin, std::min(count, begin + options.segment_capacity)));
      }
      Remove(*index, IdRange(0, count / 30, 29));
      const auto search = [&](const float* query, size_t k, uint32_t ef, bool may_fan_out) {
        return ResultsOf(index->Search(query, 1, {k, ef, false, may_fan_out}, CancelToken()), 0);
      };
      std::atomic<size_t> different_count{0};
      const auto compare_all = [&](size_t first) {
        for (size_t q = first; q < count; q += Sized(61, 197, 797)) {
          for (const size_t k : {1, 10, 80}) {
            const auto alone = search(vectors.row(q), k, 20, false), helped = search(vectors.row(q), k, 20, true);
            different_count += !std::equal(alone.begin(), alone.end(), helped.begin(), helped.end(),
                                           [](const Result& a, const Result& b) {
                                             return a.id == b.id && a.distance == b.distance;
                                           });
          }
        }
      };
      compare_all(0);
      std::thread other([&] { compare_all(1); });
      compare_all(2);
      other.join();
      CHECK(different_count == 0);
    }
  }
}

TEST_CASE("Search: a query that cannot be measured is named") {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  for (const Metric metric : kMetrics) {
    for (const size_t count : {1, 2000}) {
      const auto index = MakeIndex(OptionsFor(6, metric, {2, 1}));
      Add(*index, RandomVectors(count, 6, 1));
      for (const bool is_exact : {false, true}) {
        const auto text_for = [&](size_t query_count, size_t bad_query, float value) {
          Vectors queries = RandomVectors(query_count, 6, 2);
          std::fill_n(queries.row(bad_query), 6, 0.0f);
          queries.row(bad_query)[5] = value;
          return ErrorTextOf([&] { index->Search(queries.row(0), query_count, {5, 64, is_exact}, CancelToken()); });
        };
        CHECK(StartsWith(text_for(1, 0, kNan), "INVALID_VECTOR: query 0, position 5 is NaN; expected a finite number"));
        CHECK(StartsWith(text_for(100, 77, kNan), "INVALID_VECTOR: query 77, position 5 is NaN;"));
        CHECK(StartsWith(text_for(3, 2, -0x1p58f), "INVALID_VECTOR: query 2, position 5 is -288"));
        const std::string zero = text_for(3, 1, 0);
        CHECK(zero == (metric == Metric::kCosine
                           ? "INVALID_VECTOR: query 1 has length zero or below 1e-15; metric 'cosine' needs a direction"
                           : "none"));
        CHECK(text_for(3, 1, 1e17f) == "none");
      }
    }
  }
}

// Rows so long that a scan takes several tasks, in segments with and without a graph, some of them dead or held by codes alone.
TEST_CASE("Search: exact queries that are scanned for together find what each finds alone") {
  struct Case {
    Metric metric;
    bool keep_vectors;
    IdType id_type;
  };
  for (const auto& [metric, keep_vectors, id_type] :
       {Case{Metric::kL2, true, IdType::kNumber}, Case{Metric::kCosine, false, IdType::kNumber},
        Case{Metric::kIp, true, IdType::kString}}) {
    IndexOptions options = OptionsFor(1000, metric, {3, 1});
    options.keep_vectors = keep_vectors;
    options.id_type = id_type;
    options.segment_capacity = kScanLimit + 300;
    options.ef_construction = 20;
    const size_t count = 2 * options.segment_capacity + 200;
    const auto index = MakeIndex(options);
    const Vectors vectors = ClusteredVectors(count, 1000, 30, 1);
    Add(*index, vectors);
    if (id_type == IdType::kNumber) Remove(*index, IdRange(0, count / 7, 7));
    for (const size_t query_count : {2, 16, 33}) {
      for (const size_t k : {size_t{1}, size_t{10}, count}) {
        CAPTURE(query_count);
        CAPTURE(k);
        const Vectors queries = ClusteredVectors(query_count, 1000, 30, 2);
        const SearchResults together = index->Search(queries.row(0), query_count, {k, 64, true}, CancelToken());
        for (size_t q = 0; q < query_count; q += Sized(1, 5, 11)) {
          for (const bool may_fan_out : {false, true}) {
            const SearchResults alone = index->Search(queries.row(q), 1, {k, 64, true, may_fan_out}, CancelToken());
            CHECK(alone.counts[0] == together.counts[q]);
            CHECK(std::ranges::equal(alone.distances, std::span(together.distances).subspan(q * together.k, together.k)));
            CHECK(std::ranges::equal(alone.ids, std::span(together.ids).subspan(q * together.k, together.k)));
          }
        }
      }
    }
  }
}

TEST_CASE("Search: ends when it is cancelled") {
  const auto index = MakeIndex(OptionsFor(8, Metric::kL2, {2, 2}));
  Add(*index, RandomVectors(3000, 8, 1));
  const Vectors queries = RandomVectors(200, 8, 2);
  CancelToken cancel;
  cancel.Cancel();
  for (const size_t query_count : {1, 200}) {
    for (const bool is_exact : {false, true}) {
      for (const bool may_fan_out : {false, true}) {
        const SearchParameters parameters{5, 200, is_exact, may_fan_out};
        CHECK(ErrorCodeOf([&] { index->Search(queries.row(0), query_count, parameters, cancel); }) == "ABORTED");
      }
    }
  }
}

TEST_CASE("Search: a beam of zero or of any width works") {
  const auto index = MakeIndex(OptionsFor(8, Metric::kL2, {2, 2}));
  const Vectors vectors = RandomVectors(3000, 8, 1);
  Add(*index, vectors);
  for (const uint32_t ef : {0u, 1u, 9u, 1000u, 0x7FFFFFFFu, 0xFFFFFFFFu}) {
    CAPTURE(ef);
    const auto results = Search(*index, vectors.row(5), 10, ef);
    CHECK(results.size() == 10);
    CHECK(results[0].id == 5);
  }
}

TEST_CASE("Search: room for hits counts as memory, and for very many of them is not kept") {
  IndexOptions options = OptionsFor(2, Metric::kL2);
  options.segment_capacity = 1000;  // no graphs
  const auto index = MakeIndex(options);
  const Vectors vectors = RandomVectors(150'000, 2, 12);
  Add(*index, vectors);
  const auto memory_after = [&](size_t k) {
    CHECK(Search(*index, vectors.row(0), k, 64).size() == k);
    return index->memory_bytes();
  };
  const size_t little = memory_after(10);
  CHECK(memory_after(5000) >= little + 5000 * sizeof(Hit));
  CHECK(memory_after(150'000) <= little);
}

TEST_CASE("Search: over many equal vectors a search is filled") {
  const auto index = MakeIndex(OptionsFor(8, Metric::kL2));
  const Vectors vectors = EqualVectors(Sized(5000, 3000), 8);
  Add(*index, vectors);
  const auto results = Search(*index, vectors.row(0), 50, 64);
  CHECK(results.size() == 50);
  for (const Result& result : results) CHECK(result.distance == 0);
}

TEST_CASE("Search: four threads at once get what one gets") {
  const auto index = MakeIndex(OptionsFor(16, Metric::kIp, {2, 2}));
  Add(*index, ClusteredVectors(Sized(4000, 2500), 16, 20, 13));
  const Vectors queries = RandomVectors(40, 16, 14);
  std::vector<std::vector<Result>> expected;
  for (size_t q = 0; q < queries.count(); ++q) expected.push_back(Search(*index, queries.row(q), 10, 60));
  std::vector<size_t> wrong_counts(4);
  std::vector<std::thread> searchers;
  for (size_t searcher = 0; searcher < 4; ++searcher) {
    searchers.emplace_back([&, searcher] {
      for (size_t round = 0; round < Sized(20, 4); ++round) {
        for (size_t q = 0; q < queries.count(); ++q) {
          const auto results = Search(*index, queries.row(q), 10, 60);
          wrong_counts[searcher] += !std::equal(
              results.begin(), results.end(), expected[q].begin(), expected[q].end(),
              [](const Result& a, const Result& b) { return a.id == b.id && a.distance == b.distance; });
        }
      }
    });
  }
  for (std::thread& searcher : searchers) searcher.join();
  CHECK(wrong_counts == std::vector<size_t>(4));
}

}  // namespace
}  // namespace segvec
