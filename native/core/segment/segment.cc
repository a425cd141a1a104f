#include "segment/segment.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numeric>
#include <ranges>
#include <utility>

#include "base/random.h"
#include "distance/kernels.h"
#include "graph/order_key.h"

namespace segvec {
namespace {

// Rows that are decoded at once, to be measured on; and their places there.
constexpr uint32_t kDecodedRows = 16;
constexpr auto kDecodedPlaces = [] {
  std::array<uint32_t, kDecodedRows> places{};
  std::iota(places.begin(), places.end(), 0);
  return places;
}();

// Rows that stay in the cache while all queries of a scan see them.
constexpr size_t kScanBlockBytes = size_t{64} << 10;
constexpr size_t kLeastScanBlock = 4;

// How many slots can have codes: none of a segment that never grows beyond what is scanned.
size_t CodedSlots(const SegmentShape& shape) {
  return shape.has_codes && shape.capacity > kScanLimit ? shape.capacity : 0;
}

}  // namespace

Segment::Segment(const SegmentShape& shape, const SegmentLoops& loops, uint32_t number, uint64_t seed)
    : shape_(shape),
      loops_(loops),
      kernels_(FloatKernelsFor(SelectedInstructionSet())),
      number_(number),
      seed_(Mix(seed ^ Mix(number))),
      padded_dimension_(PaddedDimension(shape.dimension)),
      padded_codes_(PaddedCodes(shape.dimension)),
      rows_(shape.capacity * padded_dimension_),
      inverse_norms_(shape.metric == Metric::kCosine ? shape.capacity : 0),
      ids_(shape.capacity),
      codes_(CodedSlots(shape) * padded_codes_),
      corrections_(CodedSlots(shape)),
      misfit_slots_(shape.keeps_vectors ? 0 : CodedSlots(shape)),
      misfit_rows_(shape.keeps_vectors ? 0 : CodedSlots(shape) * padded_dimension_) {}

Segment::Segment(SegmentParts&& parts, const SegmentLoops& loops)
    : shape_(parts.shape),
      loops_(loops),
      kernels_(FloatKernelsFor(SelectedInstructionSet())),
      number_(parts.number),
      seed_(parts.level_seed),
      padded_dimension_(PaddedDimension(parts.shape.dimension)),
      padded_codes_(PaddedCodes(parts.shape.dimension)),
      rows_(std::move(parts.rows)),
      inverse_norms_(std::move(parts.inverse_norms)),
      ids_(std::move(parts.ids)),
      codes_(std::move(parts.codes)),
      corrections_(std::move(parts.corrections)),
      row_count_(parts.shape.keeps_vectors ? kNil : parts.row_count),
      misfit_slots_(std::move(parts.misfit_slots)),
      misfit_rows_(std::move(parts.misfit_rows)),
      misfit_count_(parts.misfit_count),
      quantizer_(std::move(parts.quantizer)),
      is_lossless_(parts.is_lossless),
      graph_(std::move(parts.graph)),
      slot_count_(parts.slot_count),
      is_graph_ready_(graph_ != nullptr),
      is_sealed_(true),
      guard_(std::move(parts.guard)) {}

size_t Segment::memory_bytes() const {
  return rows_.committed_bytes() + inverse_norms_.committed_bytes() + ids_.committed_bytes() +
         codes_.committed_bytes() + corrections_.committed_bytes() + misfit_slots_.committed_bytes() +
         misfit_rows_.committed_bytes();
}

uint64_t Segment::Fingerprint() const {
  const uint32_t count = slot_count();
  uint64_t hash = Mix(count);
  std::vector<float> vector(shape_.dimension);
  for (uint32_t slot = 0; slot < count; ++slot) {
    hash = Mix(hash ^ ids_[slot]);
    CopyVector(slot, vector.data());
    for (const float value : vector) hash = Mix(hash ^ std::bit_cast<uint32_t>(value));
  }
  return has_graph() ? Mix(hash ^ graph_->Fingerprint(count)) : hash;
}

const float* Segment::FindRow(uint32_t slot) const {
  if (slot < row_count_.load(std::memory_order_acquire)) {
    Check(ReadGuard::Part::kRows, slot, slot + 1);
    return rows_.data() + slot * padded_dimension_;
  }
  const uint32_t place = MisfitPlace(slot);
  const bool is_misfit = place < misfit_count_.load(std::memory_order_acquire) && LoadLink(misfit_slots_[place]) == slot;
  return is_misfit ? misfit_rows_.data() + place * padded_dimension_ : nullptr;
}

uint32_t Segment::MisfitPlace(uint32_t slot) const {
  // Read as links are: what an add that failed left behind the misfits may be written over meanwhile, by higher slots than any that
  // is looked for.
  const auto places = std::views::iota(uint32_t{0}, misfit_count_.load(std::memory_order_acquire));
  return *std::ranges::partition_point(places, [&](uint32_t place) { return LoadLink(misfit_slots_[place]) < slot; });
}

void Segment::DecodeCodes(uint32_t slot, float* values) const {
  Check(ReadGuard::Part::kCodes, slot, slot + 1);
  quantizer_->Decode(codes_.data() + slot * padded_codes_, values);
  // Half a step beyond what was added may be beyond what may be.
  for (size_t i = 0; i < shape_.dimension; ++i) values[i] = std::clamp(values[i], -kMaxMagnitude, kMaxMagnitude);
}

void Segment::CopyVector(uint32_t slot, float* values) const {
  if (const float* row = FindRow(slot)) {
    std::copy_n(row, shape_.dimension, values);
    return;
  }
  DecodeCodes(slot, values);
  if (shape_.metric != Metric::kCosine) return;
  for (size_t i = 0; i < shape_.dimension; ++i) {
    values[i] = std::clamp(values[i] / inverse_norms_[slot], -kMaxMagnitude, kMaxMagnitude);
  }
}

void Segment::Measure(const FloatQuery& query, const uint32_t* slots, size_t count, DecodedRows& scratch,
                      uint32_t* keys) const {
  if (shape_.keeps_vectors) return loops_.on_floats->rerank(rows().floats, query, slots, count, keys);
  for (size_t begin = 0; begin < count; begin += kDecodedRows) {
    const size_t block = std::min<size_t>(kDecodedRows, count - begin);
    const FloatRows decoded = DecodeRows(slots + begin, block, scratch);
    loops_.on_floats->rerank(decoded, query, kDecodedPlaces.data(), block, keys + begin);
  }
}

FloatRows Segment::DecodeRows(const uint32_t* slots, size_t count, DecodedRows& scratch) const {
  scratch.rows.resize(kDecodedRows * padded_dimension_);
  scratch.inverse_norms.resize(kDecodedRows);
  for (size_t i = 0; i < count; ++i) {
    scratch.inverse_norms[i] = DecodeRow(slots[i], scratch.rows.data() + i * padded_dimension_);
  }
  return {scratch.rows.data(), padded_dimension_ / kBlockFloats, scratch.inverse_norms.data()};
}

// Writes a vector in the direction of the slot's, under cosine of whatever length. Returns 1 / that length, where it is read.
float Segment::DecodeRow(uint32_t slot, float* values) const {
  if (const float* row = FindRow(slot)) {
    std::copy_n(row, shape_.dimension, values);
    return inverse_norm(slot);
  }
  DecodeCodes(slot, values);
  if (shape_.metric != Metric::kCosine) return 1.0f;
  float square_sum;  // about 1, and at least a half: a code is off by less than a 200th
  kernels_.product(values, &values, 1, padded_dimension_ / kBlockFloats, &square_sum);
  return 1 / std::sqrt(square_sum);
}

void Segment::Scan(std::span<const FloatQuery> queries, uint32_t begin, uint32_t end, const Visibility& visibility,
                   std::span<Nearest> nearest) const {
  const uint32_t row_end = std::min(end, row_count_.load(std::memory_order_acquire));
  Check(ReadGuard::Part::kRows, begin, row_end);
  const size_t block_rows = std::max(kScanBlockBytes / (padded_dimension_ * sizeof(float)), kLeastScanBlock);
  for (uint32_t block = begin; block < row_end;) {
    const size_t wanted = queries.size() == 1 ? row_end - block : block_rows;
    const uint32_t block_end = block + static_cast<uint32_t>(std::min<size_t>(wanted, row_end - block));
    for (size_t q = 0; q < queries.size(); ++q) {
      loops_.on_floats->scan(rows().floats, ids_.data(), queries[q], block, block_end, visibility, nearest[q]);
    }
    block = block_end;
  }
  DecodedRows scratch;
  for (uint32_t block = std::max(begin, row_end); block < end; block += kDecodedRows) {
    uint32_t slots[kDecodedRows], keys[kDecodedRows];
    size_t count = 0;
    for (uint32_t slot = block; slot < std::min(end, block + kDecodedRows); ++slot) {
      if (visibility.Contains(slot)) slots[count++] = slot;
    }
    const FloatRows decoded = DecodeRows(slots, count, scratch);
    for (size_t q = 0; q < queries.size(); ++q) {
      loops_.on_floats->rerank(decoded, queries[q], kDecodedPlaces.data(), count, keys);
      for (size_t i = 0; i < count; ++i) {
        if (nearest[q].Accepts(keys[i])) nearest[q].Add({keys[i], ids_[slots[i]]});
      }
    }
  }
}

// Lossless codes have scale 1: the integer distance is the distance, under ip the negated product.
float Segment::DistanceOfExact(uint32_t key) const {
  const auto distance = static_cast<float>(static_cast<int32_t>(key ^ 0x80000000u));
  return shape_.metric == Metric::kIp ? 1.0f + distance : distance;
}

// What lossy codes make of a distance. Under ip their integer is the negated product, as the distance is 1
// less the product.
float Segment::EstimateOf(uint32_t key, float step) const {
  const float distance = static_cast<float>(static_cast<int32_t>(key ^ 0x80000000u)) * step;
  return shape_.metric == Metric::kIp ? 1.0f + distance : distance;
}

GraphSearchEnd Segment::Walk(const Graph& graph, const FloatQuery& query, const GraphWalk& walk,
                             const Visibility& visibility, SegmentSearchContext& context,
                             GraphFindings& findings) const {
  findings.Clear();
  SegmentQuery segment_query{query, {}};
  bool on_codes = walks_codes(), is_exact = true;
  float step = 1;
  if (on_codes) {
    const ScalarQuantizer::Encoded encoded = quantizer_->EncodeQuery(query.values, query.scale, context.query.values);
    segment_query.codes = {context.query.values, encoded.term};
    step = encoded.step;
    // A query far outside of the codes' range is answered on the floats; a graph without them is of no use to
    // it.
    if (!encoded.fits && !shape_.keeps_vectors) return GraphSearchEnd::kScanCheaper;
    on_codes = encoded.fits;
    is_exact = !on_codes || (encoded.is_exact && is_lossless());
  }
  const CandidatePool& pool = context.search.pool;
  const Loops& loops = on_codes ? *loops_.on_codes : *loops_.on_floats;
  const uint32_t ef = is_exact ? walk.ef : std::max(walk.ef, std::min(walk.lossy_ef, slot_count()));
  // What a mapped file gave the search is checked after it: wrong bytes lead it astray, but not out of
  // bounds.
  const bool is_guarded = !is_checked();
  context.search.touched = is_guarded ? &context.touched : nullptr;
  context.touched.Clear();
  context.search.least_found = ef >= walk.k ? walk.k : 0;  // a narrower beam is one of several segments'
  const bool is_done = loops.search(rows(), graph, segment_query, slot_count(), ef, visibility, context.search);
  if (is_guarded) {
    Check(on_codes ? ReadGuard::Part::kCodes : ReadGuard::Part::kRows, context.touched.vectors);
    Check(ReadGuard::Part::kLinks, context.touched.links);
  }
  if (!is_done) return GraphSearchEnd::kScanCheaper;
  uint32_t last_key = 0;
  for (size_t i = 0; i < pool.size(); ++i) {
    const uint32_t slot = CandidatePool::SlotOf(pool[i]), key = CandidatePool::KeyOf(pool[i]);
    // A row that was linked while the search ran is not this snapshot's.
    if (!visibility.Contains(slot)) continue;
    if (is_exact) {
      if (findings.hits.size() > walk.k && key != last_key) break;
      last_key = key;
      findings.hits.push_back({on_codes ? OrderKey(DistanceOfExact(key)) : key, ids_[slot]});
    } else {
      if (findings.slots.size() == walk.estimate_count) break;
      findings.slots.push_back(slot);
      findings.estimates.push_back(EstimateOf(key, step));
    }
  }
  if (pool.size() == pool.capacity()) return GraphSearchEnd::kBeamFull;
  // A way leads to every slot from the entry, but not from wherever a walk comes to: those of a group that lies apart may lead
  // to each other alone, and few of them live.
  const size_t left_out_count = context.search.without == nullptr ? 0 : 1;
  if (findings.hits.size() + findings.slots.size() < std::min<size_t>(walk.k, visibility.live_count() - left_out_count)) {
    findings.Clear();
    return GraphSearchEnd::kTooFew;
  }
  return GraphSearchEnd::kExhausted;
}

void Segment::MeasureFindings(const FloatQuery& query, size_t count, SegmentSearchContext& context,
                              GraphFindings& findings) const {
  if (shape_.keeps_vectors) Check(ReadGuard::Part::kRows, {findings.slots.data(), count});
  context.keys.resize(count);
  Measure(query, findings.slots.data(), count, context.decoded, context.keys.data());
  for (size_t i = 0; i < count; ++i) findings.hits.push_back({context.keys[i], ids_[findings.slots[i]]});
  std::sort(findings.hits.begin(), findings.hits.end());
  findings.slots.clear();
  findings.estimates.clear();
}

GraphSearchEnd Segment::SearchGraph(const FloatQuery& query, uint32_t ef, size_t k, size_t rerank_count,
                                    const Visibility& visibility, SegmentSearchContext& context,
                                    std::vector<Hit>& hits) const {
  const auto lossy_ef = static_cast<uint32_t>(std::min<size_t>(rerank_count, slot_count()));
  GraphFindings findings;
  const GraphSearchEnd end = Walk(*graph_, query, {ef, lossy_ef, k, rerank_count}, visibility, context, findings);
  if (!findings.slots.empty()) MeasureFindings(query, findings.slots.size(), context, findings);
  hits.insert(hits.end(), findings.hits.begin(), findings.hits.end());
  return end;
}

}  // namespace segvec
