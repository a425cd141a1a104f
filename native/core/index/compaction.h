// One compaction of an index: several segments become one, and what is dead is left out.
//
// Three steps: made and planned on the writer's thread; merged on any thread, while searches and writers go
// on; published, or given up, on the writer's thread again. Rows that die while their segments are merged are
// buried in the merged one.
//
// Thread safety: one thread at a time, as above.
// Invariant: nothing that the index shows changes before Publish().
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/cancel_token.h"
#include "index/index.h"
#include "segment/segment_merge.h"

namespace segvec {

// How far a compaction has come: rows in place, of all that will be. Thread safety: any thread.
struct CompactionProgress {
  std::atomic<uint64_t> merged_count{0}, total_count{0};
};

class Compaction {
 public:
  enum class Scope {
    kEverything,  // all segments that can be merged, all that is dead
    kWorthwhile,  // what the policy says (see compaction_policy.h)
  };

  // Plans, and seals the segments that grow and have a graph, if one takes part or all are meant; small ones that take part grow no
  // more: adds go to new ones. `progress` outlives it. Errors: kAborted, kOutOfMemory. REQUIRES: the writer's turn; no other compaction of the
  // index is under way.
  Compaction(Index& index, Scope scope, CompactionProgress& progress, const CancelToken& cancel);
  Compaction(const Compaction&) = delete;
  Compaction& operator=(const Compaction&) = delete;

  // Whether there is nothing to do.
  bool is_empty() const { return merges_.empty(); }

  // Errors: kAborted, kOutOfMemory.
  void Merge(const CancelToken& cancel);
  // REQUIRES: the writer's turn; Merge() has succeeded. Throws std::bad_alloc, with the index as it was.
  void Publish();
  // Lets the small segments grow on. REQUIRES: the writer's turn; Publish() has not succeeded. Needs no memory.
  void GiveUp() noexcept;

 private:
  struct OneMerge {
    std::vector<MergeSource> sources;
    uint32_t number;  // of the merged segment
    uint32_t live_count;
    MergeResult result;
  };
  struct Stopped {
    size_t lane;
    std::shared_ptr<GrowingSegment> segment;
  };

  Index& index_;
  CompactionProgress& progress_;
  const uint32_t first_number_;
  std::vector<OneMerge> merges_;
  std::vector<Stopped> stopped_;
};

}  // namespace segvec
