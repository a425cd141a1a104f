#include "segment/segment.h"

#include <bit>

#include "base/random.h"
#include "distance/kernels.h"

namespace segvec {

Segment::Segment(const SegmentShape& shape, const Loops& loops, uint32_t number, uint64_t seed)
    : shape_(shape),
      loops_(loops),
      number_(number),
      seed_(Mix(seed ^ Mix(number))),
      padded_dimension_(PaddedDimension(shape.dimension)),
      rows_(shape.capacity * padded_dimension_),
      inverse_norms_(shape.metric == Metric::kCosine ? shape.capacity : 0),
      ids_(shape.capacity) {}

size_t Segment::memory_bytes() const {
  return rows_.committed_bytes() + inverse_norms_.committed_bytes() + ids_.committed_bytes() +
         (has_graph() ? graph_->memory_bytes() : 0);
}

uint64_t Segment::Fingerprint() const {
  const uint32_t count = slot_count();
  uint64_t hash = Mix(count);
  for (uint32_t slot = 0; slot < count; ++slot) {
    hash = Mix(hash ^ ids_[slot]);
    for (size_t i = 0; i < shape_.dimension; ++i) hash = Mix(hash ^ std::bit_cast<uint32_t>(row(slot)[i]));
  }
  return has_graph() ? Mix(hash ^ graph_->Fingerprint(count)) : hash;
}

bool Segment::SearchGraph(const FloatQuery& query, uint32_t ef, const Visibility& visibility,
                          SearchContext& context, std::vector<Hit>& hits) const {
  loops_.search(float_rows(), *graph_, query, slot_count(), ef, visibility, context);
  for (const uint64_t entry : context.pool) {
    const uint32_t slot = CandidatePool::SlotOf(entry);
    // A row that was linked while the search ran is not this snapshot's.
    if (visibility.Contains(slot)) hits.push_back({CandidatePool::KeyOf(entry), ids_[slot]});
  }
  return context.pool.size() == context.pool.capacity();
}

}  // namespace segvec
