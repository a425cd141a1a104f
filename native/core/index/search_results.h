// What is asked of a search, and what it returns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "graph/nearest.h"
#include "graph/order_key.h"

namespace segvec {

struct SearchParameters {
  size_t k;
  uint32_t ef;  // beam width for the whole index
  bool is_exact;
  // Whether idle threads of the pool may search some of the segments, or scan some of the rows. The hits are the same.
  bool may_fan_out = false;
};

// Shape: row-major with stride k, the requested k but at most the number of vectors. Row q holds counts[q] hits,
// ascending by distance, equal distances by id; the rest is left as 0.
struct SearchResults {
  size_t k = 0;
  std::vector<uint64_t> ids;
  std::vector<std::string> texts;     // of string ids, each once, as they are met; empty otherwise
  std::vector<uint32_t> text_places;  // where in `texts` that of a hit is, the same shape as `ids`
  std::vector<float> distances;
  std::vector<uint32_t> counts;

  // REQUIRES: at most k hits.
  void Set(size_t q, const std::vector<Hit>& hits) {
    counts[q] = static_cast<uint32_t>(hits.size());
    for (size_t i = 0; i < hits.size(); ++i) {
      ids[q * k + i] = hits[i].id;
      distances[q * k + i] = DistanceOfKey(hits[i].key);
    }
  }
};

}  // namespace segvec
