// One segment: vectors, their ids, and once there are enough of them a graph over them.
//
// Thread safety: one writer (GrowingSegment); any number of readers beside it, each within the Visibility of its
//                snapshot, and on the graph that this gives it: sealing may put another one in its place. After Seal() nothing
//                changes any more.
// Invariant: rows never move; a slot below slot_count() has its row (or what stands for it), norm and id in place.
//
// A segment that keeps no vectors has floats up to the first graph. From then on it has codes, and floats only for the
// slots that snapshots showed before (readers may be at them) and for rows that the codes do not hold, the misfits. Distances
// are measured on what CopyVector gives, so that every search, an exact one too, agrees with it.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/growable_memory.h"
#include "distance/kernels.h"
#include "distance/metric.h"
#include "graph/loops.h"
#include "quantize/scalar_quantizer.h"
#include "segment/read_guard.h"

namespace segvec {

// Up to here a segment has no graph: scanning it costs no more than walking one.
inline constexpr uint32_t kScanLimit = 1024;

// A search of a graph for one of its own vectors finds it with a beam this wide: linking sees to it.
inline constexpr uint32_t kSelfSearchEf = 16;

struct SegmentShape {
  size_t dimension;
  Metric metric;
  uint32_t M;
  uint32_t capacity;  // slots
  bool has_codes;     // the graph is built and walked on 8-bit codes
  bool keeps_vectors = true;  // false: once there are codes, they are all that is kept. REQUIRES: has_codes
};

struct SegmentLoops {
  const Loops* on_floats;
  const Loops* on_codes;
};

// A sealed segment as plain data that was checked: what storage reads a segment from. Rows, codes and graph have the
// shapes that Segment and Graph say.
struct SegmentParts {
  SegmentShape shape;
  uint32_t number = 0;
  uint64_t level_seed = 0;
  uint32_t slot_count = 0;
  GrowableArray<uint64_t> ids;
  GrowableArray<float> rows, inverse_norms;
  std::optional<ScalarQuantizer> quantizer;  // exactly when the shape has codes
  bool is_lossless = false;
  GrowableArray<uint8_t> codes;
  GrowableArray<int32_t> corrections;
  uint32_t row_count = 0, misfit_count = 0;  // these four: of a segment that keeps no vectors
  GrowableArray<uint32_t> misfit_slots;
  GrowableArray<float> misfit_rows;
  std::shared_ptr<Graph> graph;  // null for none
  std::unique_ptr<const ReadGuard> guard;  // null when all of it was checked
};

// A few rows, where only codes are kept.
struct DecodedRows {
  std::vector<float> rows, inverse_norms;
};

struct SegmentSearchContext {
  SearchContext search;
  QueryScratch query;
  std::vector<uint32_t> keys;
  TouchedSlots touched;
  DecodedRows decoded;
};

// What a walk of a graph has found, ascending. Hits where distances were exact, as they are on floats and on
// lossless codes. Else slots that have yet to be measured, with what lossy codes make of their distances:
// whatever the codes of their segments, so that they can be compared with those of others.
struct GraphFindings {
  std::vector<Hit> hits;
  std::vector<uint32_t> slots;
  std::vector<float> estimates;

  void Clear() {
    hits.clear();
    slots.clear();
    estimates.clear();
  }
};

// How wide a walk's beam is, and how much of what it finds is wanted.
struct GraphWalk {
  uint32_t ef;
  uint32_t lossy_ef;  // at least so wide on lossy codes
  size_t k;
  size_t estimate_count;  // slots that are not yet measured
};

// How a search of a graph ended.
enum class GraphSearchEnd {
  kExhausted,   // all that can be reached was found
  kBeamFull,    // a wider beam could find more
  kScanCheaper,  // nothing was appended: among so many dead slots, scanning the living ones is cheaper; or the query is far
                 // outside of the range of codes that are all there is
  kTooFew        // nothing was appended: fewer than are wanted can be reached, so that only a scan finds them
};

class Segment {
 public:
  // Loops on floats, and on codes; the latter are not used when the shape has none.
  // `number` tells the segments of an index apart; with `seed` it decides the levels of the graph.
  Segment(const SegmentShape& shape, const SegmentLoops& loops, uint32_t number, uint64_t seed);

  // A sealed segment.
  Segment(SegmentParts&& parts, const SegmentLoops& loops);

  const SegmentShape& shape() const { return shape_; }
  // What the levels of the graph were drawn with.
  uint64_t level_seed() const { return seed_; }
  uint32_t number() const { return number_; }
  uint32_t capacity() const { return shape_.capacity; }
  uint32_t slot_count() const { return slot_count_.load(std::memory_order_acquire); }
  // 1 / the length of the vector under cosine, else 1.
  float inverse_norm(uint32_t slot) const { return shape_.metric == Metric::kCosine ? inverse_norms_[slot] : 1.0f; }
  uint64_t id(uint32_t slot) const { return ids_[slot]; }
  // Whether the floats of a slot are kept; else only its codes are.
  bool has_row(uint32_t slot) const { return FindRow(slot) != nullptr; }
  // Writes the `dimension` floats of a slot: what was added, or what its codes stand for.
  void CopyVector(uint32_t slot, float* values) const;
  bool is_sealed() const { return is_sealed_.load(std::memory_order_acquire); }
  bool has_graph() const { return is_graph_ready_.load(std::memory_order_acquire); }
  size_t memory_bytes() const;  // without the graph
  uint64_t Fingerprint() const;

  // Finds the nearest visible slots by walking the graph; leaves them in `findings`. More hits than `k`, so
  // that they show whether all of the k nearest could be here, and any as near as the last, whose ids decide.
  // REQUIRES: a graph of this segment, which was finished once.
  GraphSearchEnd Walk(const Graph& graph, const FloatQuery& query, const GraphWalk& walk, const Visibility& visibility,
                      SegmentSearchContext& context, GraphFindings& findings) const;

  // Makes hits of the first `count` of the slots that have yet to be measured, and drops the others.
  void MeasureFindings(const FloatQuery& query, size_t count, SegmentSearchContext& context,
                       GraphFindings& findings) const;

  // Walk, and of lossy codes the best `rerank_count` are measured: appends to `hits`. As many are walked to
  // as will be measured: the floats choose among them. REQUIRES: has_graph(); nobody seals the segment meanwhile.
  GraphSearchEnd SearchGraph(const FloatQuery& query, uint32_t ef, size_t k, size_t rerank_count,
                             const Visibility& visibility, SegmentSearchContext& context, std::vector<Hit>& hits) const;

  // Offers the visible slots in [begin, end) to the nearest[q] of each query: rows are read from memory once for all of them.
  // REQUIRES: end <= visibility.slot_count.
  void Scan(std::span<const FloatQuery> queries, uint32_t begin, uint32_t end, const Visibility& visibility,
            std::span<Nearest> nearest) const;
  void Scan(const FloatQuery& query, uint32_t begin, uint32_t end, const Visibility& visibility,
            Nearest& nearest) const {
    Scan(std::span(&query, 1), begin, end, visibility, std::span(&nearest, 1));
  }

  // What the lowest level of a graph of this segment would be without `slot`; a search with that in its context goes by.
  void LeaveOut(const Graph& graph, uint32_t slot, BuildContext& context, GraphWithout& without) const {
    const Loops& loops = walks_codes() ? *loops_.on_codes : *loops_.on_floats;
    loops.leave_out(rows(), graph, slot, slot_count(), context, without);
  }

  // Null until it is finished. REQUIRES: nobody seals the segment meanwhile.
  std::shared_ptr<const Graph> graph() const { return has_graph() ? graph_ : nullptr; }
  // Null until the codes are fitted.
  const ScalarQuantizer* quantizer() const { return quantizer_ ? &*quantizer_ : nullptr; }
  const uint64_t* ids() const { return ids_.data(); }
  // Whether the graph is built and walked on codes.
  bool walks_codes() const { return shape_.has_codes && codes_fit_.load(std::memory_order_acquire); }
  // Whether the codes hold every vector exactly.
  bool is_lossless() const { return shape_.has_codes && is_lossless_.load(std::memory_order_relaxed); }
  // Of a mapped segment: Check() first what is going to be read, or everything.
  void Check(ReadGuard::Part part, uint32_t begin, uint32_t end) const {
    if (guard_ && begin < end) guard_->Check(part, begin, end);
  }
  void Check(ReadGuard::Part part, std::span<const uint32_t> slots) const {
    if (!is_checked()) guard_->Check(part, slots);
  }
  bool is_checked() const { return !guard_ || guard_->is_done(); }
  void CheckAll() const {
    for (const auto part : {ReadGuard::Part::kRows, ReadGuard::Part::kCodes, ReadGuard::Part::kLinks}) {
      Check(part, 0, slot_count());
    }
  }
  // Of a segment that keeps no vectors: how many slots, from the first on, have floats all the same.
  uint32_t row_count() const { return std::min(row_count_.load(std::memory_order_acquire), slot_count()); }
  struct Misfits {
    const uint32_t* slots;  // ascending
    const float* rows;      // padded
    uint32_t count;
  };
  Misfits misfits() const {
    return {misfit_slots_.data(), misfit_rows_.data(), misfit_count_.load(std::memory_order_acquire)};
  }
  // The floats are there for the first row_count() slots only, where vectors are not kept.
  SegmentRows rows() const {
    return {{rows_.data(), padded_dimension_ / 16, inverse_norms_.data()},
            {codes_.data(), padded_codes_ / 64, shape_.dimension, corrections_.data()}};
  }

 private:
  friend class GrowingSegment;
  friend class SegmentMerge;

  // The floats of a slot where they are kept; null where only codes are.
  const float* FindRow(uint32_t slot) const;
  // How many misfits there are below `slot`.
  uint32_t MisfitPlace(uint32_t slot) const;
  void DecodeCodes(uint32_t slot, float* values) const;
  float DecodeRow(uint32_t slot, float* values) const;
  // Decodes up to kDecodedRows slots into `scratch`, as rows 0, 1 and so on.
  FloatRows DecodeRows(const uint32_t* slots, size_t count, DecodedRows& scratch) const;
  // keys[i] = the order key of the distance of what CopyVector gives for slots[i].
  void Measure(const FloatQuery& query, const uint32_t* slots, size_t count, DecodedRows& scratch,
               uint32_t* keys) const;
  float DistanceOfExact(uint32_t key) const;
  float EstimateOf(uint32_t key, float step) const;

  const SegmentShape shape_;
  const SegmentLoops loops_;
  const FloatKernels& kernels_;
  const uint32_t number_;
  const uint64_t seed_;
  const size_t padded_dimension_, padded_codes_;
  GrowableArray<float> rows_;           // padded_dimension_ per slot; as the user gave them, tail zero
  GrowableArray<float> inverse_norms_;  // under Metric::kCosine
  GrowableArray<uint64_t> ids_;
  GrowableArray<uint8_t> codes_;         // padded_codes_ per slot, tail zero
  GrowableArray<int32_t> corrections_;
  std::atomic<uint32_t> row_count_{kNil};      // slots from here on have no floats in rows_
  GrowableArray<uint32_t> misfit_slots_;       // ascending
  GrowableArray<float> misfit_rows_;           // padded_dimension_ per misfit
  std::atomic<uint32_t> misfit_count_{0};
  std::optional<ScalarQuantizer> quantizer_;  // set by the writer before is_graph_ready_
  std::atomic<bool> is_lossless_{true};
  std::atomic<bool> codes_fit_{true};  // cleared when rows arrive that the codes cannot hold
  std::shared_ptr<Graph> graph_;  // set by the writer before is_graph_ready_
  std::atomic<uint32_t> slot_count_{0};
  std::atomic<bool> is_graph_ready_{false};
  std::atomic<bool> is_sealed_{false};
  std::unique_ptr<const ReadGuard> guard_;  // what a mapped segment checks when it is first read
};

}  // namespace segvec
