// What one search sees: an immutable list of segments, how much of each counts, and which slots are dead.
//
// Taken once at the start of a search; segments, graphs and tombstones die with the last snapshot that holds them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/bitset.h"
#include "segment/segment.h"

namespace segvec {

struct SegmentView {
  std::shared_ptr<const Segment> segment;
  uint32_t slot_count;                 // slots from here on belong to an unfinished add
  std::shared_ptr<const Bitset> dead;  // null when no slot is
  std::shared_ptr<const Graph> graph;  // what is walked; null when the slots are scanned

  // With the graph that the segment has now. REQUIRES: nobody seals it meanwhile.
  SegmentView(std::shared_ptr<const Segment> shown, uint32_t shown_count, std::shared_ptr<const Bitset> dead_slots)
      : segment(std::move(shown)), slot_count(shown_count), dead(std::move(dead_slots)), graph(segment->graph()) {}

  size_t memory_bytes() const {
    return segment->memory_bytes() + (graph ? graph->memory_bytes() : 0) + (dead ? dead->memory_bytes() : 0);
  }
  Visibility visibility() const { return {slot_count, dead.get()}; }
  size_t live_count() const { return slot_count - (dead ? dead->set_count() : 0); }
};

struct Snapshot {
  std::vector<SegmentView> views;  // ascending segment number
  size_t vector_count = 0;

  // The view of a segment by its number; null when it is not part of the snapshot.
  const SegmentView* FindView(uint32_t number) const {
    const auto at = std::lower_bound(
        views.begin(), views.end(), number,
        [](const SegmentView& view, uint32_t wanted) { return view.segment->number() < wanted; });
    return at != views.end() && at->segment->number() == number ? &*at : nullptr;
  }
};

}  // namespace segvec
