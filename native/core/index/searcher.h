// Searches a snapshot: shares the beam out over its segments, merges what they find.
//
// Thread safety: all methods may be called from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "base/cancel_token.h"
#include "index/options.h"
#include "index/search_results.h"
#include "index/snapshot.h"

namespace segvec {

// A stored vector that a search leaves out.
struct LeftOut {
  const SegmentView* view;
  const GraphWithout* without;
};

class Searcher {
 public:
  // `id_order` is null when ids are ordered as numbers; it outlives the searcher.
  Searcher(const IndexOptions& options, const IdOrder* id_order);
  ~Searcher();

  SearchResults Search(const Snapshot& snapshot, const float* queries, size_t query_count,
                       const SearchParameters& parameters, const CancelToken& cancel) const;

  // Searches as if one stored vector were not there, usually with that vector as the query; leaves the distances of the
  // hits, ascending, in `distances`. `query` holds `dimension` floats. Errors: kAborted, kOutOfMemory.
  void SearchWithout(const Snapshot& snapshot, const LeftOut& left_out, const float* query,
                     const SearchParameters& parameters, const CancelToken& cancel,
                     std::vector<float>& distances) const;

  // From this beam on all segments are scanned: no more can be found.
  uint32_t ExhaustiveEf(const Snapshot& snapshot) const;

  size_t memory_bytes() const;

 private:
  struct Context;
  class ContextLease;

  // Returns the hits, which the context holds. `left_out` is null when nothing is.
  const std::vector<Hit>& SearchOne(const Snapshot& snapshot, const float* query, size_t query_index, size_t k,
                                    const SearchParameters& parameters, const LeftOut* left_out,
                                    const CancelToken& cancel, Context& context) const;
  void SearchGraphs(const Snapshot& snapshot, const FloatQuery& query, uint32_t ef, size_t k,
                    bool may_fan_out, const LeftOut* left_out, const CancelToken& cancel,
                    Context& context) const;
  // The estimate of a rank among all slots that have yet to be measured; infinite when there are fewer.
  static float EstimateOfRank(Context& context, size_t rank);
  bool WantsHelp(const Context& context) const;
  void Scan(const SegmentView& view, const FloatQuery& query, const LeftOut* left_out, const CancelToken& cancel,
            Nearest& nearest) const;

  const IndexOptions& options_;
  const HitOrder hit_order_;
  mutable std::mutex contexts_mutex_;
  mutable std::vector<std::unique_ptr<Context>> free_contexts_;
  mutable size_t context_count_ = 0;
};

}  // namespace segvec
