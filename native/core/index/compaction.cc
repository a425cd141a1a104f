#include "index/compaction.h"

#include <functional>
#include <utility>

#include "base/poll.h"
#include "base/thread_pool.h"
#include "index/compaction_policy.h"

namespace segvec {
namespace {

// Ids that move between two looks at whether a search waits.
constexpr size_t kMovesPerYield = 1024;

bool HasGrowingGraph(const Snapshot& snapshot, const MergeGroups& groups) {
  for (const std::vector<size_t>& group : groups) {
    for (const size_t i : group) {
      const Segment& segment = *snapshot.views[i].segment;
      if (segment.has_graph() && !segment.is_sealed()) return true;
    }
  }
  return false;
}

}  // namespace

Compaction::Compaction(Index& index, Scope scope, CompactionProgress& progress, const CancelToken& cancel)
    : index_(index), progress_(progress), first_number_(index.next_segment_number_) {
  index.ShowAbandoned();  // what a failed add left is dead, and to be dropped
  std::shared_ptr<const Snapshot> snapshot = index.snapshot();
  const auto plan = [&] {
    const uint32_t capacity = index.SegmentCapacity();
    const bool keeps_vectors = index.options_.keep_vectors;
    return scope == Scope::kEverything ? PlanFullCompaction(*snapshot, capacity, keeps_vectors)
                                       : PlanWorthwhileCompaction(*snapshot, capacity, keeps_vectors);
  };
  MergeGroups groups = plan();
  if (scope == Scope::kEverything || HasGrowingGraph(*snapshot, groups)) {
    index.SealGrowing(cancel);
    snapshot = index.snapshot();
    groups = plan();
  }
  stopped_.reserve(index.growing_.size());
  uint64_t total_count = 0;
  for (const std::vector<size_t>& group : groups) {
    OneMerge& merge = merges_.emplace_back();
    merge.live_count = 0;
    for (const size_t i : group) {
      const SegmentView& view = snapshot->views[i];
      merge.sources.push_back({view.segment, view.slot_count, view.dead});
      merge.live_count += merge.sources.back().live_count();
    }
    total_count += merge.live_count;
  }
  // From here on nothing fails.
  progress_.total_count.store(total_count, std::memory_order_relaxed);
  for (OneMerge& merge : merges_) {
    merge.number = index.next_segment_number_;
    if (merge.live_count > 0) ++index.next_segment_number_;
    for (const MergeSource& source : merge.sources) {
      for (size_t lane = 0; lane < index.growing_.size(); ++lane) {
        const auto& growing = index.growing_[lane];
        if (growing && growing->segment() == source.segment)
          stopped_.push_back({lane, std::move(index.growing_[lane])});
      }
    }
  }
}

void Compaction::Merge(const CancelToken& cancel) {
  const IndexOptions& options = index_.options();
  const std::function<void()> poll = [&] {
    cancel.Check();
    ThreadPool::Shared().YieldToAll();
  };
  const std::function<void(uint32_t)> on_merged = [&](uint32_t count) {
    progress_.merged_count.fetch_add(count, std::memory_order_relaxed);
  };
  for (OneMerge& merge : merges_) {
    if (merge.live_count == 0) continue;
    merge.result = MergeSegments(index_.ShapeOf(0), index_.loops_, merge.number, options.seed,
                                 {options.ef_construction}, merge.sources, options.threads, poll, on_merged);
  }
  cancel.Check();
}

void Compaction::Publish() {
  SnapshotEditor edits(*index_.snapshot_);
  std::vector<uint64_t> moved;
  moved.reserve(progress_.total_count.load(std::memory_order_relaxed));
  try {
    for (const OneMerge& merge : merges_) {
      const std::shared_ptr<Segment>& merged = merge.result.segment;
      if (merged) edits.Show(merged, merged->slot_count());
      for (size_t i = 0; i < merge.sources.size(); ++i) {
        const Segment& segment = *merge.sources[i].segment;
        const SegmentView& view = *index_.snapshot_->FindView(segment.number());
        for (uint32_t slot = 0; merged && slot < merge.sources[i].slot_count; ++slot) {
          if (slot % kMovesPerYield == 0) ThreadPool::Shared().YieldToInteractive();
          const uint32_t new_slot = merge.result.new_slots[i][slot];
          if (new_slot == kNil) continue;
          const Location from{segment.number(), slot}, to{merged->number(), new_slot};
          if (!view.visibility().Contains(slot)) {
            edits.Kill(to);
            continue;
          }
          index_.ids_.Move(segment.id(slot), from, to);
          moved.push_back(segment.id(slot));
        }
        edits.Drop(segment.number());
      }
    }
    index_.Publish(edits);
  } catch (...) {
    index_.ids_.TakeBack(moved);
    throw;
  }
  index_.ids_.Settle();
  // Here, not wherever this object dies: giving the memory of segments back takes time.
  merges_.clear();
  stopped_.clear();
}

void Compaction::GiveUp() noexcept {
  for (Stopped& stopped : stopped_) {
    std::shared_ptr<GrowingSegment>& lane = index_.growing_[stopped.lane];
    if (!lane) {
      lane = std::move(stopped.segment);
    } else {
      stopped.segment->Seal(nullptr);  // without a graph; an add has opened the next one meanwhile
    }
  }
  stopped_.clear();
  uint32_t number_count = 0;
  for (const OneMerge& merge : merges_) number_count += merge.live_count > 0;
  if (index_.next_segment_number_ == first_number_ + number_count)
    index_.next_segment_number_ = first_number_;
  merges_.clear();
}

}  // namespace segvec
