// The order in which the slots of a finished graph lie best in memory: what a search reads one after another is near.
//
// Method: a depth-first walk of level 0 from the entry, along each row as it stands; a simple one of the graph reorderings of
//         Coleman et al., arXiv 2104.03221.
// Cost: each link is read once; 12 bytes of memory a slot at most.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "graph/graph.h"

namespace segvec {

// The slots below `slot_count`, each once, whether the walk meets it or not. `poll` is called now and then. REQUIRES: nobody writes
// to the graph, which has an entry below `slot_count`. Throws std::bad_alloc.
std::vector<uint32_t> DepthFirstOrder(const Graph& graph, uint32_t slot_count, const std::function<void()>& poll);

}  // namespace segvec
