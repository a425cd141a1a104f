// The writer of one segment: appends rows and links them into the graph, until the segment is full or sealed.
//
// Thread safety: one thread at a time. Readers go on meanwhile through the Segment.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "segment/segment.h"

namespace segvec {

class GrowingSegment {
 public:
  GrowingSegment(std::shared_ptr<Segment> segment, const BuildParameters& parameters)
      : segment_(std::move(segment)), parameters_(parameters) {}

  const std::shared_ptr<Segment>& segment() const { return segment_; }
  uint32_t free_slots() const { return segment_->capacity() - segment_->slot_count(); }

  // Makes room for `count` more rows, so that Append and LinkNext cannot fail. Throws kOutOfMemory.
  void Reserve(uint32_t count);

  // Writes the next slot. `values` holds `dimension` floats. REQUIRES: room was reserved.
  void Append(const float* values, float inverse_norm, uint64_t id);

  // Links the next slot that has none of its links yet; returns whether there was one. Slots of a segment that is
  // still small enough to be scanned stay unlinked.
  bool LinkNext();

  // From now on searches may rely on the slots below the present count being linked.
  void Publish() { published_count_ = segment_->slot_count(); }

  // Ends the growth: gives back what only the writer needed. REQUIRES: LinkNext() has nothing left to do.
  void Seal();

 private:
  bool WantsGraph(uint32_t slot_count) const { return slot_count > kScanLimit; }
  uint32_t LevelOf(uint32_t slot) const;

  std::shared_ptr<Segment> segment_;
  BuildParameters parameters_;
  BuildContext context_;
  uint32_t linked_count_ = 0;
  uint32_t published_count_ = 0;
};

}  // namespace segvec
