// The two ends of an index's life outside of memory: Index::Capture and the constructor that undoes it.
#include "index/index_image.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/poll.h"
#include "base/thread_pool.h"
#include "index/index.h"

namespace segvec {
namespace {

constexpr uint32_t kSlotsPerCheck = 1024;
constexpr uint32_t kSlotsPerRange = 16 * kSlotsPerCheck;  // whose ids one thread places

// A sealed copy of the first slots of a segment that has no graph: its rows never move, and it may go on
// growing.
std::shared_ptr<const Segment> CopyOf(const Segment& segment, uint32_t slot_count, const SegmentShape& shape,
                                      const SegmentLoops& loops, uint64_t seed) {
  GrowingSegment copy(std::make_shared<Segment>(shape, loops, segment.number(), seed), BuildParameters{});
  copy.Reserve(slot_count);
  for (uint32_t slot = 0; slot < slot_count; ++slot) copy.AppendCopy(segment, slot);
  copy.Seal(nullptr);
  return copy.segment();
}

// The texts of the live slots, by ascending number.
std::shared_ptr<const StringIdTable> TextsOf(const SegmentView& view, const StringIds& texts,
                                             const CancelToken& cancel) {
  std::vector<uint64_t> numbers;
  for (uint32_t slot = 0; slot < view.slot_count; ++slot) {
    if (slot % kSlotsPerCheck == 0) Poll(cancel);
    if (view.visibility().Contains(slot)) numbers.push_back(view.segment->id(slot));
  }
  std::sort(numbers.begin(), numbers.end());
  auto table = std::make_shared<StringIdTable>();
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (i % kSlotsPerCheck == 0) Poll(cancel);
    table->Append(numbers[i], texts.Text(numbers[i]));
  }
  return table;
}

}  // namespace

IndexImage Index::Capture(const IsStored& is_stored, const CancelToken& cancel) {
  SealGrowing(cancel);
  IndexImage image;
  image.next_id = next_id_;
  image.add_count = add_count_;
  image.next_segment_number = next_segment_number_;
  image.change_count = change_count_;
  image.calibration = calibration();
  const auto current = snapshot();
  for (const SegmentView& view : current->views) {
    cancel.Check();
    if (view.live_count() == 0) continue;
    IndexImage::Part part{view, nullptr};
    if (!is_stored(part)) {
      // What is written is the whole segment, and what grows may be more than is shown.
      if (!view.segment->is_sealed()) {
        part.view.segment =
            CopyOf(*view.segment, view.slot_count, ShapeOf(view.slot_count), loops_, options_.seed);
      }
      if (options_.id_type == IdType::kString) part.strings = TextsOf(view, string_ids_, cancel);
    }
    image.parts.push_back(std::move(part));
  }
  return image;
}

// Seals the segments that grow and have a graph, so that it can be stored as it stands. Those without one are
// small: they are copied instead, or an index that commits after every few rows would consist of crumbs.
void Index::SealGrowing(const CancelToken& cancel) {
  const std::function<void()> poll = PollOf(cancel);
  for (const auto& growing : growing_) {
    if (growing) growing->Link(options_.threads, poll, [](uint32_t) {});  // what a cancelled add left unlinked
  }
  ShowAbandoned();
  struct Sealing {
    std::shared_ptr<GrowingSegment>& lane;
    std::shared_ptr<Graph> graph;
  };
  std::vector<Sealing> sealings;
  SnapshotEditor edits(*snapshot_);
  for (auto& growing : growing_) {
    if (!growing || !growing->segment()->has_graph()) continue;
    growing->AttachIslands(poll);
    sealings.push_back({growing, growing->NarrowedGraph(poll)});
    ShowGrown(*growing, sealings.back().graph, edits);
  }
  if (sealings.empty()) return;
  Publish(edits);
  for (Sealing& sealing : sealings) {
    sealing.lane->Seal(std::move(sealing.graph));
    sealing.lane = nullptr;
  }
}

void Index::ShowAbandoned() {
  SnapshotEditor edits(*snapshot_);
  std::vector<GrowingSegment*> abandoned;
  for (const auto& growing : growing_) {
    if (!growing || growing->dead_ranges().empty()) continue;
    ShowGrown(*growing, nullptr, edits);
    abandoned.push_back(growing.get());
  }
  if (abandoned.empty()) return;
  Publish(edits);
  for (GrowingSegment* growing : abandoned) growing->Publish();
}

Index::Index(const IndexOptions& options, IndexImage&& image, bool may_grow, const CancelToken& cancel)
    : Index(options) {
  next_id_ = image.next_id;
  add_count_ = image.add_count;
  next_segment_number_ = image.next_segment_number;
  change_count_ = image.change_count;
  calibration_ = image.calibration;
  const std::function<void()> poll = PollOf(cancel);
  CheckIds(image, poll);
  auto restored = std::make_shared<Snapshot>();
  for (const IndexImage::Part& part : image.parts) {
    restored->views.push_back(part.view);
    restored->vector_count += part.view.live_count();
  }
  const bool has_strings = options_.id_type == IdType::kString;
  has_ids_ = may_grow || has_strings;
  if (has_ids_) PlaceIds(*restored, poll);
  if (has_strings) RestoreTexts(image, poll);
  if (may_grow) RegrowSmall(restored->views);
  snapshot_ = std::move(restored);
}

// What every slot's id is checked for before anything is answered: that the index's id type has it.
void Index::CheckIds(const IndexImage& image, const std::function<void()>& poll) {
  const uint64_t most = options_.id_type == IdType::kNumber   ? kMaxNumberId
                        : options_.id_type == IdType::kString ? kMostStringNumber
                                                              : ~uint64_t{0};
  for (const IndexImage::Part& part : image.parts) {
    const SegmentView& view = part.view;
    uint64_t largest = 0;
    for (uint32_t slot = 0; slot < view.slot_count; ++slot) {
      if (slot % kSlotsPerCheck == 0) poll();
      largest = std::max(largest, view.segment->id(slot));
    }
    if (largest > most) {
      throw Error(ErrorCode::kCorrupt, "segment " + std::to_string(view.segment->number()) +
                                           " holds an id that the index's id type does not have");
    }
    // A number is not given out again while anything remembers it, dead slots included.
    if (options_.id_type == IdType::kString) string_ids_.SkipBeyond(largest);
  }
}

void Index::PlaceIds(const Snapshot& restored, const std::function<void()>& poll) const {
  struct Range {
    const SegmentView& view;
    uint32_t begin, end;
  };
  std::vector<Range> ranges;
  for (const SegmentView& view : restored.views) {
    for (uint32_t begin = 0; begin < view.slot_count; begin += kSlotsPerRange) {
      ranges.push_back({view, begin, begin + std::min(kSlotsPerRange, view.slot_count - begin)});
    }
  }
  ids_.Reserve(restored.vector_count);
  std::atomic<const Segment*> twice{nullptr};
  ThreadPool::Shared().ParallelFor(ranges.size(), options_.threads, ThreadPool::Priority::kBulk, [&](size_t i) {
    const SegmentView& view = ranges[i].view;
    for (uint32_t slot = ranges[i].begin; slot < ranges[i].end; ++slot) {
      if (slot % kSlotsPerCheck == 0) poll();
      if (!view.visibility().Contains(slot)) continue;
      if (!ids_.Insert(view.segment->id(slot), {view.segment->number(), slot})) twice = view.segment.get();
    }
  });
  if (twice.load() != nullptr) {
    throw Error(ErrorCode::kCorrupt, "segment " + std::to_string(twice.load()->number()) +
                                         " holds an id twice, or one that another segment holds");
  }
}

void Index::RestoreIds(const CancelToken& cancel) const {
  if (has_ids_.load(std::memory_order_acquire)) return;
  std::lock_guard lock(restore_mutex_);
  if (has_ids_.load(std::memory_order_relaxed)) return;
  try {
    // Nobody is let in, who might wait for the mutex as well.
    PlaceIds(*snapshot(), [&cancel] { cancel.Check(); });
  } catch (...) {
    ids_.Clear();
    throw;
  }
  has_ids_.store(true, std::memory_order_release);
}

void Index::RestoreTexts(const IndexImage& image, const std::function<void()>& poll) {
  size_t known_count = 0;
  for (const IndexImage::Part& part : image.parts) {
    for (size_t i = 0; i < part.strings->size(); ++i) {
      if (i % kSlotsPerCheck == 0) poll();
      const uint64_t number = part.strings->numbers[i];
      const auto location = ids_.Find(number);
      // Of a slot that has died since; its text may have another number by now.
      if (!location || location->segment != part.view.segment->number()) continue;
      if (!string_ids_.Restore(number, part.strings->text(i))) {
        throw Error(ErrorCode::kCorrupt, "the string ids of segment " + std::to_string(location->segment) +
                                             " hold a text twice, or under a number that it cannot have");
      }
      ++known_count;
    }
  }
  size_t live_count = 0;
  for (const IndexImage::Part& part : image.parts) live_count += part.view.live_count();
  if (known_count != live_count) {
    throw Error(ErrorCode::kCorrupt, "string ids are missing: " + std::to_string(known_count) + " for " +
                                         std::to_string(live_count) + " vectors");
  }
}

// Lets small segments grow on where they stopped.
void Index::RegrowSmall(std::vector<SegmentView>& views) {
  size_t lane = 0;
  for (SegmentView& view : views) {
    if (lane == growing_.size()) return;
    if (view.segment->has_graph() || view.slot_count >= SegmentCapacity()) continue;
    const std::shared_ptr<const Segment> stored = view.segment;
    const SegmentShape shape = ShapeOf(SegmentCapacity());
    auto growing = std::make_shared<GrowingSegment>(
        std::make_shared<Segment>(shape, loops_, stored->number(), options_.seed),
        BuildParameters{options_.ef_construction});
    growing->Reserve(view.slot_count);
    for (uint32_t slot = 0; slot < view.slot_count; ++slot) growing->AppendCopy(*stored, slot);
    growing->Publish();
    view.segment = growing->segment();
    growing_[lane++] = std::move(growing);
  }
}

}  // namespace segvec
