// An index and its operations in the shape that tests use them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/cancel_token.h"
#include "base/thread_pool.h"
#include "index/compaction.h"
#include "index/index.h"
#include "reference/brute_force.h"
#include "support/vectors.h"

namespace segvec::testing {

// How an add is spread: threads that work on it, and segments that it fills side by side.
struct Spread {
  int threads = 1;
  int segments = 1;
};

inline std::string Name(Spread spread) {
  return std::to_string(spread.threads) + " threads, " + std::to_string(spread.segments) + " segments";
}

inline IndexOptions OptionsFor(size_t dimension, Metric metric, Spread spread = {}) {
  IndexOptions options;
  options.dimension = dimension;
  options.metric = metric;
  options.threads = spread.threads;
  options.growing_segments = spread.segments;
  options.ef_construction = 100;
  return options;
}

inline std::unique_ptr<Index> MakeIndex(const IndexOptions& options) {
  ThreadPool::Shared().EnsureThreads(options.threads);
  return std::make_unique<Index>(options);
}

using Ids = std::vector<uint64_t>;
using Texts = std::vector<std::string>;

inline std::unique_ptr<Stage> StageOf(const Vectors& vectors) {
  auto stage = std::make_unique<Stage>(vectors.dimension, vectors.count());
  stage->AppendRows(vectors.values.data(), vectors.values.size());
  return stage;
}

// Adds under automatic ids, which it returns.
inline Ids Add(Index& index, const Vectors& vectors) {
  return index.Add(*StageOf(vectors), CancelToken());
}

inline void Add(Index& index, const Vectors& vectors, const Ids& ids) {
  const auto stage = StageOf(vectors);
  stage->ids = ids;
  index.Add(*stage, CancelToken());
}

inline void Add(Index& index, const Vectors& vectors, const Texts& ids) {
  const auto stage = StageOf(vectors);
  stage->string_ids = ids;
  index.Add(*stage, CancelToken());
}

inline void Upsert(Index& index, const Vectors& vectors, const Ids& ids) {
  const auto stage = StageOf(vectors);
  stage->ids = ids;
  index.Upsert(*stage, CancelToken());
}

inline void Upsert(Index& index, const Vectors& vectors, const Texts& ids) {
  const auto stage = StageOf(vectors);
  stage->string_ids = ids;
  index.Upsert(*stage, CancelToken());
}

inline std::unique_ptr<Stage> StageOfIds(const Index& index, const Ids& ids) {
  auto stage = std::make_unique<Stage>(index.options().dimension, 0);
  stage->ids = ids;
  return stage;
}

// Returns how many were removed.
inline size_t Remove(Index& index, const Ids& ids) { return index.Remove(*StageOfIds(index, ids), CancelToken()); }

inline size_t Remove(Index& index, const Texts& ids) {
  Stage stage(index.options().dimension, 0);
  stage.string_ids = ids;
  return index.Remove(stage, CancelToken());
}

// Returns whether there was anything to do.
inline bool Compact(Index& index, Compaction::Scope scope = Compaction::Scope::kEverything) {
  CompactionProgress progress;
  Compaction compaction(index, scope, progress, CancelToken());
  if (compaction.is_empty()) return false;
  compaction.Merge(CancelToken());
  compaction.Publish();
  return true;
}

// The ids first, first + step, ...
inline Ids IdRange(uint64_t first, size_t count, uint64_t step = 1) {
  Ids ids;
  for (size_t i = 0; i < count; ++i) ids.push_back(first + i * step);
  return ids;
}

struct Result {
  uint64_t id;
  float distance;
};

inline std::vector<Result> ResultsOf(const SearchResults& results, size_t query) {
  std::vector<Result> list;
  for (size_t i = 0; i < results.counts[query]; ++i) {
    list.push_back({results.ids[query * results.k + i], results.distances[query * results.k + i]});
  }
  return list;
}

inline std::vector<Result> Search(const Index& index, const float* query, size_t k, uint32_t ef) {
  return ResultsOf(index.Search(query, 1, {k, ef, false}, CancelToken()), 0);
}

inline std::vector<Result> ExactSearch(const Index& index, const float* query, size_t k) {
  return ResultsOf(index.Search(query, 1, {k, 1, true}, CancelToken()), 0);
}

inline bool HasId(const std::vector<Result>& results, uint64_t id) {
  return std::any_of(results.begin(), results.end(), [id](const Result& result) { return result.id == id; });
}

// Whether ids, order and distances are those of the oracle, to the last bit.
inline bool AreEqual(const std::vector<Result>& results, const std::vector<reference::Neighbor>& expected) {
  return std::equal(results.begin(), results.end(), expected.begin(), expected.end(),
                    [](const Result& result, const reference::Neighbor& neighbor) {
                      return result.id == neighbor.id && double{result.distance} == neighbor.distance;
                    });
}

// What a failed add must leave as it was.
struct IndexState {
  uint64_t fingerprint;
  size_t vector_count;
  std::vector<uint32_t> slot_counts;

  explicit IndexState(const Index& index) : fingerprint(index.Fingerprint()), vector_count(index.vector_count()) {
    const auto snapshot = index.snapshot();
    for (const SegmentView& view : snapshot->views) slot_counts.push_back(view.slot_count);
  }
  friend bool operator==(const IndexState&, const IndexState&) = default;
};

// The share of true neighbors among the k nearest; as near as the k-th counts as true, so that ties are no misses.
// The id of a row of `vectors` is its number.
inline double RecallOf(const Index& index, const Vectors& vectors, const Vectors& queries, size_t k, uint32_t ef) {
  const Metric metric = index.options().metric;
  size_t found_count = 0;
  for (size_t q = 0; q < queries.count(); ++q) {
    const auto farthest = reference::Nearest(metric, vectors, {}, queries.row(q), k).back();
    const double limit = farthest.distance + reference::Tolerance(metric, queries.row(q), vectors.row(farthest.id),
                                                                  vectors.dimension);
    for (const Result& result : Search(index, queries.row(q), k, ef)) {
      const float* found = vectors.row(result.id);
      found_count += reference::Distance(metric, queries.row(q), found, vectors.dimension) <= limit;
    }
  }
  return static_cast<double>(found_count) / static_cast<double>(queries.count() * std::min(k, vectors.count()));
}

// How many rows, of every `step`-th, a search for themselves does not return. The id of a row is its number.
inline size_t MissedSelfCount(const Index& index, const Vectors& vectors, uint32_t ef, size_t step = 1) {
  size_t missed_count = 0;
  for (size_t i = 0; i < vectors.count(); i += step) {
    missed_count += !HasId(Search(index, vectors.row(i), 10, ef), i);
  }
  return missed_count;
}

}  // namespace segvec::testing
