// Searches a snapshot: shares the beam out over its segments, merges what they find.
//
// Thread safety: all methods may be called from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/cancel_token.h"
#include "index/options.h"
#include "index/snapshot.h"

namespace segvec {

struct SearchParameters {
  size_t k;
  uint32_t ef;  // beam width for the whole index
  bool is_exact;
};

// Shape: row-major with stride k, the requested k but at most the number of vectors. Row q holds counts[q] hits,
// ascending by distance, equal distances by id; the rest is left as 0.
struct SearchResults {
  size_t k = 0;
  std::vector<uint64_t> ids;
  std::vector<std::string> texts;  // of string ids, the same shape; empty otherwise
  std::vector<float> distances;
  std::vector<uint32_t> counts;
};

class Searcher {
 public:
  // `id_order` is null when ids are ordered as numbers; it outlives the searcher.
  Searcher(const IndexOptions& options, const IdOrder* id_order);
  ~Searcher();

  SearchResults Search(const Snapshot& snapshot, const float* queries, size_t query_count,
                       const SearchParameters& parameters, const CancelToken& cancel) const;

  size_t memory_bytes() const;

 private:
  struct Context;
  class ContextLease;

  void SearchOne(const Snapshot& snapshot, const float* query, size_t query_index, const SearchParameters& parameters,
                 const CancelToken& cancel, Context& context, SearchResults& results) const;
  void SearchGraphs(const Snapshot& snapshot, const FloatQuery& query, uint32_t ef, size_t k,
                    const CancelToken& cancel, Context& context) const;
  void Scan(const SegmentView& view, const FloatQuery& query, const CancelToken& cancel, Nearest& nearest) const;

  const IndexOptions& options_;
  const HitOrder hit_order_;
  mutable std::mutex contexts_mutex_;
  mutable std::vector<std::unique_ptr<Context>> free_contexts_;
  mutable size_t context_count_ = 0;
};

}  // namespace segvec
