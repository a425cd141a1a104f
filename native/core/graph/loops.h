// The three loops an index spends its time in, each compiled as a whole per metric and instruction set.
//
// Dispatch happens once per call of a loop, never per distance.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "distance/float_rows.h"
#include "distance/instruction_set.h"
#include "distance/metric.h"
#include "graph/candidate_pool.h"
#include "graph/graph.h"
#include "graph/nearest.h"
#include "graph/visibility.h"
#include "graph/visited_set.h"

namespace segvec {

// What one search needs, reused from query to query. Thread safety: one search at a time.
struct SearchContext {
  VisitedSet visited;
  CandidatePool pool;            // after a search: the nearest slots met, visible ones only
  std::vector<uint64_t> heap;    // candidates of a search with invisible slots
  uint64_t distance_count = 0;   // distances computed since the context was made
};

struct BuildParameters {
  uint32_t ef_construction;
};

// What one writer needs, reused from row to row. Thread safety: one insertion at a time.
struct BuildContext {
  SearchContext search;
  std::vector<uint64_t> overflow;  // the candidates of a full row
  std::vector<uint64_t> chosen;
};

struct Loops {
  // Walks the graph and leaves the nearest visible slots, at most ef, in context.pool.
  // `slot_limit`: links to slots from here on are not followed (what the readers' memory covers).
  // REQUIRES: the graph has an entry; ef > 0.
  void (*search)(const FloatRows& rows, const Graph& graph, const FloatQuery& query, uint32_t slot_limit,
                 uint32_t ef, const Visibility& visibility, SearchContext& context);

  // Offers every visible slot in [begin, end) to `nearest`, under its id.
  void (*scan)(const FloatRows& rows, const uint64_t* ids, const FloatQuery& query, uint32_t begin, uint32_t end,
               const Visibility& visibility, Nearest& nearest);

  // Links `slot` into the graph (paper, Algorithm 1). REQUIRES: its row is written and the graph has room for it.
  void (*insert)(const FloatRows& rows, Graph& graph, uint32_t slot, uint32_t level,
                 const BuildParameters& parameters, BuildContext& context);
};

// REQUIRES: `set` is one of AvailableInstructionSets().
const Loops& LoopsFor(Metric metric, InstructionSet set);

}  // namespace segvec
