#include "segment/growing_segment.h"

#include <algorithm>

#include "base/random.h"

namespace segvec {

void GrowingSegment::Reserve(uint32_t count) {
  Segment& segment = *segment_;
  const uint32_t slot_count = segment.slot_count() + count;
  segment.rows_.Commit(slot_count * segment.padded_dimension_);
  if (segment.shape_.metric == Metric::kCosine) segment.inverse_norms_.Commit(slot_count);
  segment.ids_.Commit(slot_count);
  if (!WantsGraph(slot_count)) return;
  if (!segment.graph_) segment.graph_ = std::make_unique<Graph>(segment.capacity(), segment.shape_.M);
  segment.graph_->Commit(slot_count);
}

void GrowingSegment::Append(const float* values, float inverse_norm, uint64_t id) {
  Segment& segment = *segment_;
  const uint32_t slot = segment.slot_count();
  std::copy_n(values, segment.shape_.dimension, segment.rows_.data() + slot * segment.padded_dimension_);
  if (segment.shape_.metric == Metric::kCosine) segment.inverse_norms_[slot] = inverse_norm;
  segment.ids_[slot] = id;
  segment.slot_count_.store(slot + 1, std::memory_order_release);
}

bool GrowingSegment::LinkNext() {
  Segment& segment = *segment_;
  const uint32_t slot_count = segment.slot_count();
  if (linked_count_ == slot_count || !WantsGraph(slot_count)) return false;
  segment.loops_.insert(segment.float_rows(), *segment.graph_, linked_count_, LevelOf(linked_count_), parameters_,
                        context_);
  ++linked_count_;
  if (linked_count_ >= published_count_) segment.is_graph_ready_.store(true, std::memory_order_release);
  return true;
}

void GrowingSegment::Seal() {
  Segment& segment = *segment_;
  const uint32_t slot_count = segment.slot_count();
  segment.rows_.Trim(slot_count * segment.padded_dimension_);
  if (segment.shape_.metric == Metric::kCosine) segment.inverse_norms_.Trim(slot_count);
  segment.ids_.Trim(slot_count);
  if (segment.has_graph()) {
    segment.graph_->FreeKeys();
    segment.graph_->Trim(slot_count);
  }
  segment.is_sealed_.store(true, std::memory_order_release);
}

// A level is reached with probability 1/M^level (paper, section 4: mL = 1 / ln M). Counted in integers, so that the
// levels do not depend on a logarithm's last bit.
uint32_t GrowingSegment::LevelOf(uint32_t slot) const {
  uint64_t rest = Mix(segment_->seed_ ^ Mix(slot));
  uint64_t limit = ~uint64_t{0};
  uint32_t level = 0;
  while (level < kMaxLevel && rest < (limit /= segment_->shape_.M)) ++level;
  return level;
}

}  // namespace segvec
