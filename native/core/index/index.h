// The vector index: segments, snapshots and the merging of what the segments find.
//
// Life of a vector: staged (Stage) -> checked and given a segment and a slot (Add) -> appended and linked by the one
// thread that owns the segment (GrowingSegment) -> visible with its whole batch in the next Snapshot -> dead in a later
// one (Remove, Upsert): walked through, never returned.
//
// How the index changes. Every change is prepared aside and takes effect in one step:
//   1. SnapshotEditor edits(*snapshot_): Show() segments, Kill() slots, Drop() segments;
//   2. ids_: Insert() ids that are new, Move() those that get another location;
//   3. Publish(edits), the only way to a new snapshot;
//   4. ids_.Settle() if ids moved, ids_.Erase() those that are gone. Nothing here can fail.
// Should 1 to 3 fail, ids_.TakeBack() leaves all as it was.
//
// Whoever replaces segments by others made from them, while rows go on being removed and replaced, does this on the
// writer's thread: Show() the new segment, Drop() the old ones, and for each row that was carried over, Move() its id
// when ids_.Find(id) still is the location that the row was copied from; else the row has died meanwhile: Kill() the copy.
//
// Thread safety: Add(), Upsert() and Remove() by one thread at a time (the binding posts them to a Strand); everything
// else from any thread.
// Determinism: the same options and the same sequence of these calls build the same bytes, for any number of threads
// (growing_segments does matter).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel_token.h"
#include "index/calibration.h"
#include "index/id_places.h"
#include "index/index_image.h"
#include "index/options.h"
#include "index/retired_ids.h"
#include "index/searcher.h"
#include "index/snapshot.h"
#include "index/snapshot_editor.h"
#include "index/stage.h"
#include "index/string_ids.h"
#include "segment/growing_segment.h"

namespace segvec {

class Index {
 public:
  // Throws kInvalidArgument when SEGVEC_SIMD names an unknown instruction set.
  explicit Index(const IndexOptions& options);
  // The index that an image was taken of. One that `may_grow` goes on with the same ids, segments and bytes as that one
  // would have; another one leaves the ids to RestoreIds(). Errors: kCorrupt when the parts contradict each other, kAborted,
  // kOutOfMemory.
  Index(const IndexOptions& options, IndexImage&& image, bool may_grow, const CancelToken& cancel);

  const IndexOptions& options() const { return options_; }

  // Adds the staged rows: all of them, or none and an error that names the first row at fault. Returns the ids when the
  // index assigned them (for string ids, the numbers whose decimals they are). Errors: kInvalidVector, kInvalidId, kDuplicateId, kAborted, kOutOfMemory.
  std::vector<uint64_t> Add(Stage& stage, const CancelToken& cancel);

  // As Add, but rows whose ids are in the index replace the vectors there, all in the same snapshot: no
  // search sees both or neither. Errors: as for Add; kDuplicateId for ids that are twice in the batch.
  std::vector<uint64_t> Upsert(Stage& stage, const CancelToken& cancel);

  // Removes the vectors under the ids of the stage, whose rows do not matter; ids that are not in the index
  // are passed over. Returns how many were removed. Errors: kAborted, kOutOfMemory; nothing is removed then.
  size_t Remove(const Stage& stage, const CancelToken& cancel);

  // Throws what Add() and Upsert() throw for rows that no index takes: kInvalidVector; kAborted.
  void CheckVectors(const Stage& stage, const CancelToken& cancel) const { CheckRows(stage, cancel); }

  // Changes so far, each an add, upsert or remove that did something. Where changes are logged beforehand, the number
  // under which the last one is in the log, also if nothing came of it. As Add(), by one thread at a time.
  uint64_t change_count() const { return change_count_; }
  void set_change_count(uint64_t count) { change_count_ = count; }

  // Searches for `query_count` rows of `dimension` floats; several are spread over the pool.
  // Errors: kInvalidVector naming the query, kAborted, kOutOfMemory.
  // String ids are in the results' `texts`: their numbers may be out of use by the time somebody looks.
  SearchResults Search(const float* queries, size_t query_count, const SearchParameters& parameters,
                       const CancelToken& cancel) const;

  // Whether the beam for a recall is known: from a calibration of the index as it is (kFresh; also where there is no graph,
  // so that nothing can be missed), of what it was before it grew or shrank (kStale), or not at all (kMissing).
  enum class CalibrationState { kFresh, kStale, kMissing };
  CalibrationState calibration_state() const { return CalibrationStateOf(*snapshot()); }
  // Measures it, unless it is fresh; on any thread, beside everything else. Errors: kAborted, kOutOfMemory.
  void Calibrate(const CancelToken& cancel);
  // The last calibration; null before the first.
  std::shared_ptr<const Calibration> calibration() const;
  // Goes by what another index has measured, one that was much like this one, unless what is known of this one is fresh.
  void AdoptCalibration(const Index& other);
  // The `ef` that reaches a recall@k, by the last calibration or, where that says too little, by a cautious rule.
  // REQUIRES: 0 < recall < 1; k > 0.
  uint32_t EfFor(size_t k, double recall) const;

  // What the index holds now, for storing it. Seals the segments that grow and have a graph. The texts of string ids are
  // left out for parts of which is_stored says that they are not needed. As Add(), by one
  // thread at a time. Errors: kAborted, kOutOfMemory.
  using IsStored = std::function<bool(const IndexImage::Part&)>;
  IndexImage Capture(const IsStored& is_stored, const CancelToken& cancel);

  // Makes sure that lookups by id need no time: an index that may not grow answers searches before it knows where each id is,
  // and finds that out when this is called, or at the first lookup. Errors: kCorrupt when an id is there twice, kAborted,
  // kOutOfMemory.
  void RestoreIds(const CancelToken& cancel) const;
  // Errors of this and Get(): those of RestoreIds().
  bool Has(uint64_t id) const;
  // The stored vector, as it was added; where vectors are not kept, what its codes stand for.
  std::optional<std::vector<float>> Get(uint64_t id) const;

  std::shared_ptr<const Snapshot> snapshot() const;
  size_t vector_count() const { return snapshot()->vector_count; }
  size_t memory_bytes() const;
  StringIds& string_ids() { return string_ids_; }
  const StringIds& string_ids() const { return string_ids_; }

  // Whether a compaction in the background would be worth it (see compaction_policy.h).
  bool WantsCompaction() const;

  // A hash over all that the index holds.
  uint64_t Fingerprint() const;

 private:
  CalibrationState CalibrationStateOf(const Snapshot& measurable) const;
  friend class Compaction;

  // A run of rows of one add, in insertion order, that goes to one segment.
  struct Run {
    std::shared_ptr<GrowingSegment> target;
    size_t begin, end;          // positions in the insertion order
    uint32_t misfit_count = 0;  // of these
    bool is_last = false;       // the target is sealed then, even if it has free slots
    std::shared_ptr<Graph> sealed_graph = nullptr;  // what it gets then

    // REQUIRES: the rows are in the target.
    bool SealsTarget() const { return is_last || target->free_slots() == 0; }
  };
  // Where the rows of one add will go; made before anything is changed.
  struct Plan {
    std::vector<uint32_t> order;          // rows in insertion order
    std::vector<std::vector<Run>> lanes;  // the runs of each segment that grows, one after another
    std::vector<Location> locations;      // per row
    uint32_t new_segment_count = 0;
  };
  class IdClaim;
  // Where a vector is, and the snapshot that shows it there.
  struct Place {
    std::shared_ptr<const Snapshot> snapshot;
    const Segment* segment;
    uint32_t slot;
  };

  std::vector<uint64_t> AddRows(Stage& stage, bool replaces, const CancelToken& cancel);

  std::vector<float> CheckRows(const Stage& stage, const CancelToken& cancel) const;
  Plan MakePlan(const Stage& stage, const std::vector<float>& inverse_norms, const CancelToken& cancel) const;
  void InsertRows(Plan& plan, Stage& stage, const std::vector<float>& inverse_norms,
                  const std::vector<uint64_t>& ids, const CancelToken& cancel);
  void PublishRows(Plan& plan, const IdClaim& claim);
  void Abandon(const Plan& plan) noexcept;
  // Makes what was edited the present snapshot. `retired_strings`: numbers of string ids that it no longer
  // shows.
  void Publish(SnapshotEditor& edits, std::vector<uint64_t> retired_strings = {});
  void ReleaseRetiredStrings();
  std::optional<Place> Locate(uint64_t id) const;
  void FillTexts(SearchResults& results, const CancelToken& cancel) const;
  // Shows all slots of a segment that has grown, those that were abandoned dead.
  // `sealed_graph` as in SnapshotEditor::Show().
  static void ShowGrown(const GrowingSegment& growing, std::shared_ptr<const Graph> sealed_graph, SnapshotEditor& edits);
  // Shows what adds that failed have left, dead, in every segment that grows.
  void ShowAbandoned();
  void SealGrowing(const CancelToken& cancel);
  void CheckIds(const IndexImage& image, const std::function<void()>& poll);
  void PlaceIds(const Snapshot& restored, const std::function<void()>& poll) const;
  void RestoreTexts(const IndexImage& image, const std::function<void()>& poll);
  void RegrowSmall(std::vector<SegmentView>& views);
  SegmentShape ShapeOf(uint32_t capacity) const;
  uint32_t SegmentCapacity() const;

  const IndexOptions options_;
  const SegmentLoops loops_;
  mutable IdPlaces ids_;
  mutable std::mutex restore_mutex_;
  mutable std::atomic<bool> has_ids_{true};  // false until they are restored
  StringIds string_ids_;
  // The rest belongs to the writer.
  RetiredIds retired_strings_;
  uint64_t next_id_ = 0;  // the next automatic id
  uint64_t add_count_ = 0;
  uint64_t change_count_ = 0;
  uint32_t next_segment_number_ = 0;
  std::vector<std::shared_ptr<GrowingSegment>> growing_;  // one per lane, null until rows arrive

  mutable std::mutex snapshot_mutex_;
  std::shared_ptr<const Snapshot> snapshot_;
  Searcher searcher_;
  mutable std::mutex calibration_mutex_;
  std::shared_ptr<const Calibration> calibration_;
};

}  // namespace segvec
