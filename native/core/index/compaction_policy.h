// Which segments of a snapshot are merged with which.
//
// Where codes are all that is kept, segments are only merged when one quantizer can hold their rows nearly as well as their own
// do: rows of another scale, or that are not whole numbers beside those that are, stay apart rather than lose what they are.
//
// Thread safety: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "index/snapshot.h"

namespace segvec {

// Positions in Snapshot::views. Each group becomes one segment.
using MergeGroups = std::vector<std::vector<size_t>>;

// As few segments as `capacity` slots each allow, and no dead ones: largest first, each into the first
// segment that has room. A segment that is alone and has nothing dead is left out.
MergeGroups PlanFullCompaction(const Snapshot& snapshot, uint32_t capacity, bool keeps_vectors);

// What is worth its cost while nobody asks: a segment of which more than 30 % is dead, by itself; or four
// sealed ones whose sizes are within a factor of four, so that each row is copied but a few times on its way
// up.
MergeGroups PlanWorthwhileCompaction(const Snapshot& snapshot, uint32_t capacity, bool keeps_vectors);

}  // namespace segvec
