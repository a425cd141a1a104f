#include "index/compaction_policy.h"

#include <algorithm>
#include <bit>
#include <numeric>

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

}  // namespace

MergeGroups PlanFullCompaction(const Snapshot& snapshot, uint32_t capacity) {
  std::vector<size_t> by_size(snapshot.views.size());
  std::iota(by_size.begin(), by_size.end(), size_t{0});
  std::stable_sort(by_size.begin(), by_size.end(), [&](size_t a, size_t b) {
    return snapshot.views[a].live_count() > snapshot.views[b].live_count();
  });
  MergeGroups groups;
  std::vector<size_t> counts;
  for (const size_t i : by_size) {
    const size_t live_count = snapshot.views[i].live_count();
    size_t group = 0;
    while (group < groups.size() && counts[group] + live_count > capacity) ++group;
    if (group == groups.size()) {
      groups.emplace_back();
      counts.push_back(0);
    }
    groups[group].push_back(i);
    counts[group] += live_count;
  }
  std::erase_if(groups, [&](const std::vector<size_t>& group) {
    return group.size() == 1 && DeadCount(snapshot.views[group[0]]) == 0;
  });
  return groups;
}

MergeGroups PlanWorthwhileCompaction(const Snapshot& snapshot, uint32_t capacity) {
  for (size_t i = 0; i < snapshot.views.size(); ++i) {
    const SegmentView& view = snapshot.views[i];
    const size_t dead_count = DeadCount(view);
    if (dead_count >= kMinDead && dead_count * 100 > view.slot_count * kDeadPercent) return {{i}};
  }
  for (size_t first = 0; first < snapshot.views.size(); ++first) {
    std::vector<size_t> group;
    size_t live_count = 0;
    for (size_t i = first; i < snapshot.views.size() && group.size() < kTierWidth; ++i) {
      const SegmentView& view = snapshot.views[i];
      if (!view.segment->is_sealed() || TierOf(view) != TierOf(snapshot.views[first])) continue;
      group.push_back(i);
      live_count += view.live_count();
    }
    if (group.size() == kTierWidth && live_count <= capacity) return {group};
  }
  return {};
}

}  // namespace segvec
