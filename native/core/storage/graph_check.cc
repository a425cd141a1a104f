#include "storage/graph_check.h"

#include <algorithm>

namespace segvec {
namespace {

// One row; `position` is where it begins in its section.
template <uint32_t kBytes>
std::optional<GraphDamage> FindDamageInRow(const GraphData& graph, const uint8_t* row, uint32_t slot, uint32_t level,
                                           uint64_t position) {
  const size_t capacity = level == 0 ? 2 * graph.M : graph.M;
  const size_t room = Graph::RowBytes(graph.M, level, kBytes) / kBytes;
  const auto Damage = [&](size_t i, const std::string& what) {
    return GraphDamage{position + i * kBytes,
                       "slot " + std::to_string(slot) + ", level " + std::to_string(level) + ": " + what};
  };
  size_t i = 0;
  for (; i < capacity; ++i) {
    const uint32_t link = ReadLink<kBytes>(row, i);
    if (link == kNilOf<kBytes>) break;
    if (link >= graph.slot_count || link == slot) {
      return Damage(i, "a link to slot " + std::to_string(link) + " of " + std::to_string(graph.slot_count));
    }
    if (level > 0 && graph.levels[link] < level) {
      return Damage(i, "a link to slot " + std::to_string(link) + ", which is not on this level");
    }
  }
  for (; i < room; ++i) {
    if (ReadLink<kBytes>(row, i) != kNilOf<kBytes>) return Damage(i, "a link behind the end of the row");
  }
  return std::nullopt;
}

template <uint32_t kBytes>
std::optional<GraphDamage> FindDamageInLinksOf(const GraphData& graph, uint32_t begin_slot, uint32_t end_slot) {
  const size_t row_bytes = Graph::RowBytes(graph.M, 0, kBytes);
  for (uint32_t slot = begin_slot; slot < end_slot; ++slot) {
    const size_t start = slot * row_bytes;
    if (auto damage = FindDamageInRow<kBytes>(graph, graph.links + start, slot, 0, start)) return damage;
  }
  return std::nullopt;
}

template <uint32_t kBytes>
std::optional<GraphDamage> FindDamageInUpperLinksOf(const GraphData& graph) {
  const size_t row_bytes = Graph::RowBytes(graph.M, 1, kBytes);
  size_t start = 0;
  for (uint32_t slot = 0; slot < graph.slot_count; ++slot) {
    for (uint32_t level = 1; level <= graph.levels[slot]; ++level, start += row_bytes) {
      if (auto damage = FindDamageInRow<kBytes>(graph, graph.upper_links + start, slot, level, start)) return damage;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<GraphDamage> FindDamageInLevels(const GraphData& graph) {
  uint64_t row_count = 0;
  uint8_t highest = 0;
  for (uint32_t slot = 0; slot < graph.slot_count; ++slot) {
    row_count += graph.levels[slot];
    highest = std::max(highest, graph.levels[slot]);
  }
  if (highest > kMaxLevel) {
    uint32_t slot = 0;
    while (graph.levels[slot] <= kMaxLevel) ++slot;
    return GraphDamage{slot, "slot " + std::to_string(slot) + " has level " + std::to_string(graph.levels[slot])};
  }
  if (row_count != graph.upper_row_count) {
    return GraphDamage{
        0, std::to_string(row_count) + " upper rows; expected " + std::to_string(graph.upper_row_count)};
  }
  const Graph::Entry entry = graph.entry;
  if (entry.slot >= graph.slot_count || entry.level != highest || graph.levels[entry.slot] != highest) {
    return GraphDamage{0, "the entry, slot " + std::to_string(entry.slot) + " on level " +
                              std::to_string(entry.level) + ", is not on the highest level, " +
                              std::to_string(highest)};
  }
  return std::nullopt;
}

std::optional<GraphDamage> FindDamageInLinks(const GraphData& graph, uint32_t begin_slot, uint32_t end_slot) {
  return WithLinkBytes(graph.link_bytes, [&]<uint32_t kBytes>() {
    return FindDamageInLinksOf<kBytes>(graph, begin_slot, end_slot);
  });
}

std::optional<GraphDamage> FindDamageInUpperLinks(const GraphData& graph) {
  return WithLinkBytes(graph.link_bytes, [&]<uint32_t kBytes>() { return FindDamageInUpperLinksOf<kBytes>(graph); });
}

}  // namespace segvec
