// What must hold of the graph of a segment, whose levels a test does not know.
#pragma once

#include <algorithm>
#include <string>

#include "segment/segment.h"
#include "support/graph_check.h"

namespace segvec::testing {

// The first thing that is wrong with the level-0 rows of the linked slots; empty when nothing is.
inline std::string Violation(const Segment& segment, uint32_t linked_count) {
  if (!segment.has_graph()) return "";
  const std::vector<uint8_t> levels(linked_count);
  for (uint32_t slot = 0; slot < linked_count; ++slot) {
    const std::string violation = RowViolation(*segment.graph(), levels, slot, 0);
    if (!violation.empty()) return violation;
  }
  const size_t reachable_count = ReachableCount(*segment.graph(), linked_count);
  return reachable_count == linked_count
             ? ""
             : std::to_string(reachable_count) + " of " + std::to_string(linked_count) + " slots can be reached";
}

}  // namespace segvec::testing
