#include "segment/segment.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/random.h"
#include "distance/kernels.h"
#include "graph/order_key.h"

namespace segvec {

Segment::Segment(const SegmentShape& shape, const SegmentLoops& loops, uint32_t number, uint64_t seed)
    : shape_(shape),
      loops_(loops),
      number_(number),
      seed_(Mix(seed ^ Mix(number))),
      padded_dimension_(PaddedDimension(shape.dimension)),
      padded_codes_(PaddedCodes(shape.dimension)),
      rows_(shape.capacity * padded_dimension_),
      inverse_norms_(shape.metric == Metric::kCosine ? shape.capacity : 0),
      ids_(shape.capacity),
      codes_(shape.has_codes ? shape.capacity * padded_codes_ : 0),
      corrections_(shape.has_codes ? shape.capacity : 0) {}

Segment::Segment(SegmentParts&& parts, const SegmentLoops& loops)
    : shape_(parts.shape),
      loops_(loops),
      number_(parts.number),
      seed_(parts.level_seed),
      padded_dimension_(PaddedDimension(parts.shape.dimension)),
      padded_codes_(PaddedCodes(parts.shape.dimension)),
      rows_(std::move(parts.rows)),
      inverse_norms_(std::move(parts.inverse_norms)),
      ids_(std::move(parts.ids)),
      codes_(std::move(parts.codes)),
      corrections_(std::move(parts.corrections)),
      quantizer_(std::move(parts.quantizer)),
      is_lossless_(parts.is_lossless),
      graph_(std::move(parts.graph)),
      slot_count_(parts.slot_count),
      is_graph_ready_(graph_ != nullptr),
      is_sealed_(true),
      guard_(std::move(parts.guard)) {}

size_t Segment::memory_bytes() const {
  return rows_.committed_bytes() + inverse_norms_.committed_bytes() + ids_.committed_bytes() +
         codes_.committed_bytes() + corrections_.committed_bytes() +
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

void Segment::CheckTouched(ReadGuard::Part vectors, const TouchedSlots& touched) const {
  for (const uint32_t slot : touched.vectors) Check(vectors, slot, slot + 1);
  for (const uint32_t slot : touched.links) Check(ReadGuard::Part::kLinks, slot, slot + 1);
}

// Lossless codes have scale 1: the integer distance is the distance, under ip the negated product.
float Segment::DistanceOfExact(uint32_t key) const {
  const auto distance = static_cast<float>(static_cast<int32_t>(key ^ 0x80000000u));
  return shape_.metric == Metric::kIp ? 1.0f + distance : distance;
}

GraphSearchEnd Segment::SearchGraph(const FloatQuery& query, uint32_t ef, size_t rerank_count, const Visibility& visibility,
                          SegmentSearchContext& context, std::vector<Hit>& hits) const {
  SegmentQuery segment_query{query, {}};
  bool on_codes = walks_codes(), is_exact = false;
  if (on_codes) {
    const ScalarQuantizer::Encoded encoded = quantizer_->EncodeQuery(query.values, query.scale, context.query.values);
    segment_query.codes = {context.query.values, encoded.term};
    is_exact = encoded.is_exact && is_lossless();
    on_codes = encoded.fits;  // a query far outside of the codes' range is answered on the floats
  }
  const CandidatePool& pool = context.search.pool;
  const Loops& loops = on_codes ? *loops_.on_codes : *loops_.on_floats;
  // Of lossy codes as many are walked to as will be measured: the floats choose among them.
  if (on_codes && !is_exact) ef = std::max(ef, static_cast<uint32_t>(std::min<size_t>(rerank_count, slot_count())));
  // What a mapped file gave the search is checked after it: wrong bytes lead it astray, but not out of bounds.
  const bool is_guarded = !is_checked();
  context.search.touched = is_guarded ? &context.touched : nullptr;
  context.touched.Clear();
  const bool is_done = loops.search(rows(), *graph_, segment_query, slot_count(), ef, visibility, context.search);
  if (is_guarded) CheckTouched(on_codes ? ReadGuard::Part::kCodes : ReadGuard::Part::kRows, context.touched);
  if (!is_done) return GraphSearchEnd::kScanCheaper;
  const GraphSearchEnd end =
      pool.size() == pool.capacity() ? GraphSearchEnd::kBeamFull : GraphSearchEnd::kExhausted;
  // A row that was linked while the search ran is not this snapshot's.
  if (!on_codes || is_exact) {
    for (size_t i = 0; i < pool.size(); ++i) {
      const uint32_t slot = CandidatePool::SlotOf(pool[i]), key = CandidatePool::KeyOf(pool[i]);
      if (!visibility.Contains(slot)) continue;
      hits.push_back({on_codes ? OrderKey(DistanceOfExact(key)) : key, ids_[slot]});
    }
    return end;
  }
  context.slots.clear();
  for (size_t i = 0; i < pool.size() && context.slots.size() < rerank_count; ++i) {
    const uint32_t slot = CandidatePool::SlotOf(pool[i]);
    if (visibility.Contains(slot)) context.slots.push_back(slot);
  }
  if (is_guarded) {
    for (const uint32_t slot : context.slots) Check(ReadGuard::Part::kRows, slot, slot + 1);
  }
  context.keys.resize(context.slots.size());
  loops_.on_floats->rerank(rows().floats, query, context.slots.data(), context.slots.size(), context.keys.data());
  const size_t first = hits.size();
  for (size_t i = 0; i < context.slots.size(); ++i) hits.push_back({context.keys[i], ids_[context.slots[i]]});
  std::sort(hits.begin() + static_cast<std::ptrdiff_t>(first), hits.end());
  return end;
}

}  // namespace segvec
