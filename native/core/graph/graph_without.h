// Level 0 of a graph as it would be if one slot had never been added: which links the slots that link to it
// would have instead of that one.
//
// What for: a stored row that is searched for as if it were not stored stands for a query that never was.
// Leaving its slot out is not enough: the heuristic of Algorithm 4 has dropped links between its neighbors
// because of it, so that there would be a hole around every such query (SIFT, k = 10, ef 28: recall 0.910, of
// real queries 0.952; mended 0.939). Thread safety: none; read by one search at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "graph/graph.h"

namespace segvec {

struct GraphWithout {
  uint32_t slot = kNil;          // the one that is left out
  std::vector<uint32_t> hosts;   // the slots that link to it, ascending
  std::vector<uint32_t> starts;  // where the links that each gets begin in `links`, and their end
  std::vector<uint32_t> links;

  // The place of a slot among the hosts; hosts.size() when it is none.
  size_t HostAt(uint32_t host) const {
    const auto at = std::lower_bound(hosts.begin(), hosts.end(), host);
    return static_cast<size_t>((at != hosts.end() && *at == host ? at : hosts.end()) - hosts.begin());
  }
};

}  // namespace segvec
