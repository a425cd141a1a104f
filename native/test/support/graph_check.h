// What must hold of every graph, whatever the data.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "support/graph_of.h"

namespace segvec::testing {

inline std::string Where(uint32_t slot, uint32_t level) {
  return "slot " + std::to_string(slot) + ", level " + std::to_string(level) + ": ";
}

// What is wrong with one row; empty when nothing is. `levels` holds the level of every slot.
inline std::string RowViolation(const Graph& graph, const std::vector<uint8_t>& levels, uint32_t slot,
                                uint32_t level) {
  const std::vector<uint32_t> row = LinksOf(graph, slot, level);
  const uint8_t* bytes = graph.Row(slot, level);
  const auto is_set = [](uint8_t byte) { return byte == 0xFF; };
  if (!std::all_of(bytes + row.size() * graph.link_bytes(), bytes + graph.RowBytes(level), is_set)) {
    return Where(slot, level) + "a link behind the end of the row";
  }
  for (size_t i = 0; i < row.size(); ++i) {
    const std::string to = "links to " + std::to_string(row[i]);
    if (row[i] >= levels.size()) return Where(slot, level) + to + ", which does not exist";
    if (row[i] == slot) return Where(slot, level) + to + ", itself";
    if (std::count(row.begin(), row.end(), row[i]) > 1) return Where(slot, level) + to + " twice";
    if (levels[row[i]] < level) return Where(slot, level) + to + ", which is not on this level";
  }
  return "";
}

// The first slot whose links are miscounted; empty when none is.
inline std::string LinkCountViolation(const Graph& graph, uint32_t slot_count) {
  std::vector<uint16_t> in_degrees(slot_count);
  for (uint32_t slot = 0; slot < slot_count; ++slot) {
    for (const uint32_t link : LinksOf(graph, slot, 0)) ++in_degrees[link];
  }
  for (uint32_t slot = 0; slot < slot_count; ++slot) {
    if (graph.in_degree(slot) != in_degrees[slot]) return "slot " + std::to_string(slot) + ": the links to it are miscounted";
  }
  return "";
}

// The first thing that is wrong with the graph; empty when nothing is.
inline std::string Violation(const BuiltGraph& built) {
  const Graph& graph = built.graph;
  const Graph::Entry entry = graph.entry();
  if (entry.slot >= built.count()) return "the entry does not exist";
  if (entry.level != built.levels[entry.slot]) return "the entry's level is not its slot's";
  if (entry.level != *std::max_element(built.levels.begin(), built.levels.end())) return "a slot is above the entry";
  for (uint32_t slot = 0; slot < built.count(); ++slot) {
    for (uint32_t level = 0; level <= built.levels[slot]; ++level) {
      const std::string violation = RowViolation(graph, built.levels, slot, level);
      if (!violation.empty()) return violation;
    }
  }
  return LinkCountViolation(graph, static_cast<uint32_t>(built.count()));
}

}  // namespace segvec::testing
