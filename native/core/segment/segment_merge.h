// Makes one sealed segment of several: their live rows, and a graph that is made of theirs instead of built
// anew.
//
// The largest graph is taken over; the others are joined to it one after another. Slots that are dead are
// left out: rows that linked to them are chosen anew from what the dead linked to, and what is no longer
// found is linked once more.
//
// Thread safety: one thread, which spreads the work over workers. The sources are only read.
// Determinism: the result depends on the sources, the number and the seed, not on the number of workers.
// Cost: 0.3 to 0.5 of building a segment of the same rows when two graphs of one size are merged
// (docs/architecture.md).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/bitset.h"
#include "segment/segment.h"

namespace segvec {

// The rows of one segment that take part: those below slot_count that are not dead.
struct MergeSource {
  std::shared_ptr<const Segment> segment;
  uint32_t slot_count;
  std::shared_ptr<const Bitset> dead;  // null when no slot is

  bool IsLive(uint32_t slot) const { return slot < slot_count && (dead == nullptr || !dead->Test(slot)); }
  uint32_t live_count() const { return slot_count - static_cast<uint32_t>(dead ? dead->set_count() : 0); }
};

struct MergeResult {
  std::shared_ptr<Segment> segment;
  // Per source and slot: where its row is now; kNil for a slot that was left out.
  std::vector<std::vector<uint32_t>> new_slots;
};

// Merges `sources` into a segment of this number. `shape.capacity` is not looked at. `poll` is called at
// least once a millisecond on every thread; what it throws ends the call. `on_merged` is told how many rows
// more are in place, from any thread. REQUIRES: at least one live row; bits beyond a source's slot_count are
// not set. Errors: kOutOfMemory.
MergeResult MergeSegments(SegmentShape shape, const SegmentLoops& loops, uint32_t number, uint64_t seed,
                          const BuildParameters& parameters, const std::vector<MergeSource>& sources,
                          int worker_count, const std::function<void()>& poll,
                          const std::function<void(uint32_t)>& on_merged);

}  // namespace segvec
