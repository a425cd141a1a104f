// Whether the plain data of a graph is one that can be walked: no link leads out of it.
//
// Cost: one pass over the links.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "graph/graph.h"

namespace segvec {

// Shape: as Graph::Parts.
struct GraphData {
  uint32_t slot_count;
  uint32_t M;
  uint32_t link_bytes;
  uint32_t upper_row_count;
  Graph::Entry entry;
  const uint8_t* levels;
  const uint8_t* links;
  const uint8_t* upper_links;
};

struct GraphDamage {
  uint64_t position;  // in bytes from the start of the section
  std::string what;
};

// Levels within their limit that make up the upper rows, an entry on the highest. The others may be looked at
// only if this finds nothing.
std::optional<GraphDamage> FindDamageInLevels(const GraphData& graph);
// Links to other slots that have a row on the same level, and nothing behind the end of a row.
std::optional<GraphDamage> FindDamageInLinks(const GraphData& graph, uint32_t begin_slot, uint32_t end_slot);
std::optional<GraphDamage> FindDamageInUpperLinks(const GraphData& graph);

}  // namespace segvec
