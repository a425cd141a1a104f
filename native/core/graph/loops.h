// The loops an index spends its time in, each compiled as a whole per metric, element and instruction set.
//
// Dispatch happens once per call of a loop, never per distance.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "distance/code_rows.h"
#include "distance/float_rows.h"
#include "distance/instruction_set.h"
#include "distance/metric.h"
#include "graph/candidate_pool.h"
#include "graph/graph.h"
#include "graph/graph_without.h"
#include "graph/nearest.h"
#include "graph/visibility.h"
#include "graph/visited_set.h"
#include "graph/walks.h"

namespace segvec {

// What distances are computed on while a graph is walked.
enum class Element { kFloat, kCode };

// A segment's vectors in every form it has them.
struct SegmentRows {
  FloatRows floats;
  CodeRows codes;
};

// A query in every form the segment's vectors have.
struct SegmentQuery {
  FloatQuery floats;
  CodeQuery codes;
};

// A row as a code query, block by block.
struct alignas(64) QueryBlock {
  int8_t values[64];
};

// Room for one row as a code query.
struct QueryScratch {
  alignas(64) int8_t values[kMaxDimension];
};

// The slots whose vectors, and whose links on level 0, a search has read.
struct TouchedSlots {
  std::vector<uint32_t> vectors, links;

  void NoteVectors(const uint32_t* slots, size_t count) { vectors.insert(vectors.end(), slots, slots + count); }
  void Clear() {
    vectors.clear();
    links.clear();
  }
};

// What one search needs, reused from query to query. Thread safety: one search at a time.
struct SearchContext {
  VisitedSet visited;
  CandidatePool pool;            // after a search: the nearest slots met
  std::vector<uint64_t> heap;    // candidates of a search with invisible slots
  uint64_t distance_count = 0;   // distances computed since the context was made
  TouchedSlots* touched = nullptr;  // where to note what the search reads; null for nowhere
  const GraphWithout* without = nullptr;  // level 0 is searched as if it lacked this slot; null: as it is
  uint32_t sought_key = 0;           // a search for one slot ends at this key
  size_t least_found = 0;            // visible slots that a search is to find, where there are so many
};

struct BuildParameters {
  uint32_t ef_construction;  // widest beam of a construction search
};

// A construction search adapts its beam to the data. It ends at candidates that are kStopFactor times as far (squared distance)
// as the kStopRank-th best, and does not keep those beyond kReachFactor times that, which could only be chosen for want of nearer ones.
// Against ending at 1.3 times the 16th best: 0.67 (SIFT) to 0.76 (Fashion-MNIST) of the distances, as many in searches at equal
// recall from 0.90 to 0.995, and at equal ef within a point of hnswlib's recall (SIFT, 4,900 vectors, ef 10: 0.853; it was 0.858).
// Less reach is faster still at equal recall, but needs a larger ef. Where distances are so alike that neither bound is met, it
// ends when kPatience slots in a row led to nothing among the kStopRank best (after Teofili and Lin, "Patience in Proximity",
// ECIR 2025, which does so in searches): 0.90 of the distances of a build over text, 0.98 to 1.00 on other sets, at equal recall.
inline constexpr size_t kStopRank = 32;
inline constexpr size_t kPatience = 2 * kStopRank;
inline constexpr float kStopFactor = 1.1f;
inline constexpr float kReachFactor = 1.3f;

// A search with tombstones may find fewer living slots than its beam by one in so many.
inline constexpr uint32_t kMostMissingShare = 4;

// Slots [begin, end) on their way into the graph, and the level of each. Slots from target_limit on are not linked back.
struct Batch {
  uint32_t begin, end;
  const uint8_t* levels;
  uint32_t target_limit;
};

// What one worker of a build needs, reused from row to row. Thread safety: one insertion at a time.
struct BuildContext {
  SearchContext search;
  QueryScratch inserted, candidate;
  TouchedSlots read;  // by the last search of `finds`
  Walks walks;
  std::vector<uint64_t> overflow;  // the candidates of a full row
  uint32_t first_new_slot = 0;     // older slots that lose a link are noted in `bereft`
  std::vector<uint32_t> bereft;
  std::vector<uint64_t> chosen;
  std::vector<QueryBlock> witnesses;  // the rows of the chosen as code queries

  // Makes room for linking a batch, which must not fail half-way. `code_blocks`: the blocks of a code row.
  void ReserveForLinking(size_t batch_size, size_t row_capacity, size_t code_blocks) {
    overflow.reserve(row_capacity + 1);
    chosen.reserve(row_capacity + 1);
    if (witnesses.size() < row_capacity * code_blocks) witnesses.resize(row_capacity * code_blocks);
    if (first_new_slot == 0) return;  // nothing is noted
    // Each slot links to half a row of others at most, and each of these may lose a row and one. Hardly any of it is touched.
    const size_t most_bereft = bereft.size() + batch_size * (row_capacity / 2) * (row_capacity + 1);
    if (most_bereft > bereft.capacity()) bereft.reserve(std::max(most_bereft, 2 * bereft.capacity()));
  }
};

struct Loops {
  // Walks the graph and leaves the nearest slots in context.pool: `ef` of them and, with tombstones, more, not all of them
  // visible. Returns false when the visible ones are so far apart that scanning them is cheaper; the pool is unfinished then.
  // `slot_limit`: links to slots from here on are not followed (what the readers' memory covers).
  // REQUIRES: the graph has an entry; ef > 0.
  bool (*search)(const SegmentRows& rows, const Graph& graph, const SegmentQuery& query, uint32_t slot_limit,
                 uint32_t ef, const Visibility& visibility, SearchContext& context);

  // Offers every visible slot in [begin, end) to `nearest`, under its id. Here and in the next, null where the element is a code.
  void (*scan)(const FloatRows& rows, const uint64_t* ids, const FloatQuery& query, uint32_t begin, uint32_t end,
               const Visibility& visibility, Nearest& nearest);

  // keys[i] = the order key of the distance of the floats of slots[i].
  void (*rerank)(const FloatRows& rows, const FloatQuery& query, const uint32_t* slots, size_t count, uint32_t* keys);

  // Linking a batch takes two steps, each spread over workers with a context of their own: `choose` once per slot, and
  // when all have chosen, `link` once per worker. See build.inl. REQUIRES: the graph has an entry; rows were added.
  void (*choose)(const SegmentRows& rows, Graph& graph, uint32_t slot, uint32_t level, uint32_t slot_limit,
                 const BuildParameters& parameters, BuildContext& context);
  void (*link)(const SegmentRows& rows, Graph& graph, const Batch& batch, uint32_t worker, uint32_t worker_count,
               BuildContext& context);

  // What level 0 of the graph would be without `slot`. The scratch rooms of the context are used.
  void (*leave_out)(const SegmentRows& rows, const Graph& graph, uint32_t slot, uint32_t slot_limit,
                    BuildContext& context, GraphWithout& without);

  // Whether a search with a beam of `ef` for a slot's own row meets it, or a copy of it. It reads no further; what it read
  // is in context.read.
  bool (*finds)(const SegmentRows& rows, const Graph& graph, uint32_t slot, uint32_t slot_limit, uint32_t ef,
                BuildContext& context);
  // Makes it so, by a link from the nearest slot that such a search meets. Returns that slot, kNil if there was no need.
  uint32_t (*attach)(const SegmentRows& rows, Graph& graph, uint32_t slot, uint32_t slot_limit, uint32_t ef,
                     BuildContext& context);
  // Links to a slot from a copy of its vector, on a walk that begins at `met` (see twins.inl). Returns that copy, kNil when none
  // has room.
  uint32_t (*attach_twin)(const SegmentRows& rows, Graph& graph, uint32_t slot, uint32_t met, BuildContext& context);

  // The two steps of a merge (see merge.inl), which write no rows but the slot's own: choosing a row anew, from distinct
  // candidates, with at least `floor` links where there are so many; and looking for links into the graph below first_joined,
  // given the slot's links within its own graph, with the slots in [first_joined, placed_end) done before.
  void (*reselect)(const SegmentRows& rows, Graph& graph, uint32_t slot, uint32_t level,
                   const std::vector<uint32_t>& candidates, size_t floor, BuildContext& context);
  void (*join)(const SegmentRows& rows, Graph& graph, uint32_t slot, uint32_t first_joined, uint32_t placed_end,
               const BuildParameters& parameters, BuildContext& context);
};

// REQUIRES: `set` is one of AvailableInstructionSets().
const Loops& LoopsFor(Metric metric, Element element, InstructionSet set);

}  // namespace segvec
