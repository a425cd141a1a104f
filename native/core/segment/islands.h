// Slots that no path leads to from the entry of a graph, and the links that mend it.
//
// Slots can come to link only to each other when full rows are chosen anew. Such an island is linked to from the mainland: in the
// first free place there is from where its own links lead to on, or for want of one in place of another link, or anywhere.
//
// Thread safety: the writer's thread; readers may walk the graph meanwhile.
// Cost: each link is read once a round, and nearly always one round is all there is.
#pragma once

#include <cstdint>
#include <functional>

#include "graph/graph.h"

namespace segvec {

// Links to the islands among the slots below `slot_count`. `poll` is called every now and then; what it throws ends the
// call, with a graph as sound as before. REQUIRES: the graph is being built, and has an entry. Throws std::bad_alloc, too.
void AttachIslands(Graph& graph, uint32_t slot_count, const std::function<void()>& poll);

}  // namespace segvec
