// The writer of one segment: appends rows and links them into the graph, until the segment is full or sealed.
//
// Thread safety: one thread at a time, which may spread AppendAll and Link over workers. Readers go on meanwhile through the Segment.
// Determinism: what is built depends on the rows and on how they were divided over the calls of Append and Link, not on
// the number of workers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "base/bitset.h"
#include "base/thread_pool.h"
#include "segment/segment.h"

namespace segvec {

// Codes are given up once more than this share of the rows does not fit them: rows that drift away from the first ones
// would otherwise all look alike.
inline constexpr uint32_t kMisfitShare = 100;

// A segment that keeps no vectors keeps the floats of so many of its rows after all, those that its codes do not hold; with
// more of them it is full, and the next one is fitted to what comes.
inline constexpr uint32_t kKeptMisfitShare = 50;

class GrowingSegment {
 public:
  GrowingSegment(std::shared_ptr<Segment> segment, const BuildParameters& parameters)
      : segment_(std::move(segment)), parameters_(parameters) {}

  const std::shared_ptr<Segment>& segment() const { return segment_; }
  uint32_t free_slots() const { return segment_->capacity() - segment_->slot_count(); }

  // Whether the row of an Append now would be a misfit: one that the codes do not hold, in a segment that keeps nothing else.
  bool IsMisfit(const float* values, float inverse_norm) const;
  // Whether the segment takes so many more rows: only a small share of them may be misfits, whose floats it keeps.
  bool Takes(uint32_t count, uint32_t misfit_count) const;

  // Makes room for `count` more rows, `misfit_count` of them misfits. Throws kOutOfMemory.
  void Reserve(uint32_t count, uint32_t misfit_count = 0);

  // `values` holds `dimension` floats.
  struct NewRow {
    const float* values;
    float inverse_norm;
    uint64_t id;
  };
  // Writes the next slot. REQUIRES: room was reserved, for a misfit as such.
  void Append(const NewRow& row);
  // Writes a copy of another segment's slot. REQUIRES: as for Append; the same dimension and metric.
  void AppendCopy(const Segment& from, uint32_t slot);
  // As Append for the next `count` slots, on up to `worker_count` threads of the pool: row_at(i) is called on them, for every
  // i below `count`. What `poll` throws leaves the segment as it was; it is called now and then on every thread.
  void AppendAll(uint32_t count, int worker_count, const std::function<void()>& poll,
                 const std::function<NewRow(uint32_t)>& row_at);

  // Links all slots that wait for it, on up to `worker_count` threads of the pool; those of a segment still small enough
  // to be scanned go on waiting. `poll` is called between two slots on every thread; what it throws ends the call, with
  // the slots that are not linked yet waiting as before. `on_linked` is told the number of slots of each batch.
  void Link(int worker_count, const std::function<void()>& poll, const std::function<void(uint32_t)>& on_linked);

  // Whether no slot was ever published, so that nobody knows their numbers.
  bool is_new() const { return published_count_ == 0; }

  // Gives the slots the numbers under which searches find what they read near each other (graph/slot_order.h): returns the former number
  // of each. Slots that are added later are not among them. Rows are asked for again, by former number, as AppendAll does;
  // `poll` as there. What it throws leaves a segment that can only be abandoned. REQUIRES: is_new(); a graph in which all slots
  // are linked. Errors: kOutOfMemory.
  std::vector<uint32_t> Renumber(int worker_count, const std::function<void()>& poll,
                                 const std::function<NewRow(uint32_t)>& row_at);

  // The slots below the present count are part of the index from now on, but for the dead ones.
  void Publish();
  // The slots appended since then never will be: those that are linked stay as dead ones, the others and their memory are given
  // back. Needs no memory.
  void Abandon() noexcept;
  // The abandoned slots since the last Publish.
  struct SlotRange {
    uint32_t begin, end;
  };
  const std::vector<SlotRange>& dead_ranges() const { return dead_ranges_; }

  // Links to slots that no path leads to. `poll` as in Link(), which does it as well, but not for every few slots.
  // REQUIRES: as for Seal(). Errors: kOutOfMemory.
  void AttachIslands(const std::function<void()>& poll);

  // The graph as a sealed segment should have it: with narrow links. Null where it has none, or links cannot be narrower.
  // `poll` as in Link(). Errors: kOutOfMemory.
  std::shared_ptr<Graph> NarrowedGraph(const std::function<void()>& poll) const;

  // Ends the growth: gives back what only the writer needed. `graph` takes the place of the present one, which readers may be at
  // until the last snapshot that shows it goes. REQUIRES: Link() has been called after the last Append; `graph` is what
  // NarrowedGraph() has given since then.
  void Seal(std::shared_ptr<Graph> graph) noexcept;

 private:
  friend class SegmentMerge;

  bool WantsGraph(uint32_t slot_count) const { return slot_count > kScanLimit; }
  uint32_t LevelOf(uint32_t slot) const;
  const Loops& loops() const;
  bool Write(uint32_t slot, const NewRow& row);
  void FitQuantizer(int worker_count, const std::function<void()>& poll);
  bool EncodeRow(uint32_t slot, const float* values);
  std::vector<uint32_t> MisfitsAmong(uint32_t begin, uint32_t end, int worker_count, const std::function<void()>& poll,
                                     const std::function<bool(uint32_t)>& is_held) const;
  void NoteMisfits(const std::vector<uint32_t>& slots, const std::function<const float*(uint32_t)>& row_of);
  void ReserveMisfits(uint32_t count);
  void DropRows();
  void Trim() noexcept;
  void ForgetGraph() noexcept;
  void AttachLost(uint32_t begin, int worker_count, const std::function<void()>& poll);
  void AttachSlot(uint32_t slot, uint32_t met_twin, uint32_t end, Bitset& changed);
  void RunWorkers(uint32_t workers, uint32_t count, const std::function<void(uint32_t, BuildContext&)>& body);
  void LinkBatch(uint32_t end, int worker_count, const std::function<void()>& poll);

  std::shared_ptr<Segment> segment_;
  BuildParameters parameters_;
  ThreadPool::Priority priority_ = ThreadPool::Priority::kBulk;
  std::vector<std::unique_ptr<BuildContext>> contexts_;  // one per worker
  std::vector<uint8_t> levels_;                          // of the batch at hand
  uint32_t linked_count_ = 0;
  uint32_t attached_count_ = 0;  // of these, the slots that were made sure to be found
  uint32_t swept_count_ = 0;     // the slots when islands were last looked for
  std::vector<uint32_t> misfits_;  // slots whose rows lie outside the codes' range, where vectors are kept
  uint32_t published_count_ = 0;
  bool was_lossless_ = true, did_codes_fit_ = true;  // when they were published
  std::vector<SlotRange> dead_ranges_;
};

}  // namespace segvec
