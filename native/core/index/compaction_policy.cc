#include "index/compaction_policy.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>
#include <optional>

#include "distance/kernels.h"
#include "quantize/scalar_quantizer.h"

namespace segvec {
namespace {

// A segment is worth compacting by itself once more than this share of it is dead, and no fewer slots than
// are scanned for nothing anyway.
constexpr size_t kDeadPercent = 30;
constexpr size_t kMinDead = kScanLimit;

// Segments of one tier that are merged together, and the factor between two tiers as a power of two.
constexpr size_t kTierWidth = 4;
constexpr int kTierBits = 2;

size_t DeadCount(const SegmentView& view) { return view.dead ? view.dead->set_count() : 0; }

int TierOf(const SegmentView& view) { return std::bit_width(view.live_count()) / kTierBits; }

// What the codes of a group of segments stand for, where they are all that is kept: whether one quantizer can serve them.
class CodeRange {
 public:
  explicit CodeRange(bool keeps_vectors) : keeps_vectors_(keeps_vectors) {}

  // Whether a segment can join; it does then. One that has no codes yet is measured as if it had been added to the others.
  bool Join(const SegmentView& view) {
    const Segment& segment = *view.segment;
    // That of the index, not the segment's: a small one is stored with its floats.
    if (keeps_vectors_ || view.live_count() == 0) return true;
    const bool has_codes = segment.quantizer() != nullptr;
    const ScalarQuantizer own = has_codes ? *segment.quantizer() : FittedTo(segment, view.slot_count);
    const ScalarQuantizer both = covering_ ? ScalarQuantizer::Covering(*covering_, own) : own;
    const bool must_be_exact = must_be_exact_ || (has_codes && own.is_lossless());
    const float finest = has_codes ? std::min(finest_, own.scale()) : finest_;
    if (!both.is_lossless() && (must_be_exact || both.scale() > kCoarsest * finest)) return false;
    covering_ = both;
    must_be_exact_ = must_be_exact;
    finest_ = finest;
    return true;
  }

 private:
  // How many times wider a step may get. Those of segments with like rows differ by a tenth or two.
  static constexpr float kCoarsest = 1.5f;

  static ScalarQuantizer FittedTo(const Segment& segment, uint32_t slot_count) {
    const FloatRows rows = segment.rows().floats;
    return ScalarQuantizer(segment.shape().metric, segment.shape().dimension, rows.Row(0),
                           PaddedDimension(segment.shape().dimension), rows.inverse_norms, slot_count);
  }

  const bool keeps_vectors_;
  std::optional<ScalarQuantizer> covering_;
  float finest_ = std::numeric_limits<float>::max();  // of those that have codes
  bool must_be_exact_ = false;                        // some codes stand for whole numbers
};

}  // namespace

MergeGroups PlanFullCompaction(const Snapshot& snapshot, uint32_t capacity, bool keeps_vectors) {
  std::vector<size_t> by_size(snapshot.views.size());
  std::iota(by_size.begin(), by_size.end(), size_t{0});
  std::stable_sort(by_size.begin(), by_size.end(), [&](size_t a, size_t b) {
    return snapshot.views[a].live_count() > snapshot.views[b].live_count();
  });
  MergeGroups groups;
  std::vector<size_t> counts;
  std::vector<CodeRange> ranges;
  for (const size_t i : by_size) {
    const size_t live_count = snapshot.views[i].live_count();
    size_t group = 0;
    while (group < groups.size() &&
           (counts[group] + live_count > capacity || !ranges[group].Join(snapshot.views[i]))) {
      ++group;
    }
    if (group == groups.size()) {
      groups.emplace_back();
      counts.push_back(0);
      ranges.emplace_back(keeps_vectors).Join(snapshot.views[i]);
    }
    groups[group].push_back(i);
    counts[group] += live_count;
  }
  std::erase_if(groups, [&](const std::vector<size_t>& group) {
    return group.size() == 1 && DeadCount(snapshot.views[group[0]]) == 0;
  });
  return groups;
}

MergeGroups PlanWorthwhileCompaction(const Snapshot& snapshot, uint32_t capacity, bool keeps_vectors) {
  for (size_t i = 0; i < snapshot.views.size(); ++i) {
    const SegmentView& view = snapshot.views[i];
    const size_t dead_count = DeadCount(view);
    if (dead_count >= kMinDead && dead_count * 100 > view.slot_count * kDeadPercent) return {{i}};
  }
  for (size_t first = 0; first < snapshot.views.size(); ++first) {
    std::vector<size_t> group;
    size_t live_count = 0;
    CodeRange range(keeps_vectors);
    for (size_t i = first; i < snapshot.views.size() && group.size() < kTierWidth; ++i) {
      const SegmentView& view = snapshot.views[i];
      if (!view.segment->is_sealed() || TierOf(view) != TierOf(snapshot.views[first])) continue;
      if (live_count + view.live_count() > capacity || !range.Join(view)) continue;
      group.push_back(i);
      live_count += view.live_count();
    }
    if (group.size() == kTierWidth) return {group};
  }
  return {};
}

}  // namespace segvec
