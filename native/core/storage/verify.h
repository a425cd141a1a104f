// The full check of a segment: beyond what opening it makes sure of, whether its graph leads to every vector
// and its codes are those of its rows.
//
// Cost: reads everything once, and answers a few queries exactly.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/bitset.h"
#include "segment/segment.h"
#include "storage/env.h"
#include "storage/section_reader.h"

namespace segvec {

struct VerifyOptions {
  uint32_t probe_count = 32;  // rows that are searched for
  uint32_t k = 10;
  uint32_t ef = 100;
  uint64_t seed = 1;  // chooses them
};

struct SegmentReport {
  uint32_t slot_count = 0;
  uint32_t live_count = 0;
  bool has_graph = false;
  uint32_t duplicate_id_count = 0;  // live slots under an id that another live one has
  uint32_t wrong_code_count = 0;    // slots whose codes are not those of their rows
  uint32_t unreachable_count = 0;   // live slots that no link leads to
  uint32_t probe_count = 0;         // live rows that were searched for by walking the graph
  uint32_t lost_count = 0;          // of these, the ones that it did not find
  double recall = 1;                // the share of the k nearest to a probe that it did find

  // Nothing is wrong that a sound writer leaves behind. Recall is a figure, not a fault, and so is what
  // cannot be reached: where all rows are full, a slot may be left out.
  bool is_sound() const { return duplicate_id_count == 0 && wrong_code_count == 0; }
};

// Called often with the share of a check that is done, 0 to 1; what it throws ends the check.
using OnVerified = std::function<void(double)>;

// Checks a segment of which the slots in `dead` (null for none) do not count. Errors: kCorrupt when a mapped
// segment turns out to be damaged.
SegmentReport VerifySegment(const Segment& segment, const Bitset* dead, const VerifyOptions& options = {},
                            const OnVerified& on_verified = {});

// The same of a file, which is read as a whole. Errors: those of ReadSegment.
SegmentReport VerifySegmentFile(const RandomAccessFile& file, const std::string& name,
                                const ExpectedFile& expected, const Bitset* dead,
                                const VerifyOptions& options = {}, const OnVerified& on_verified = {});

}  // namespace segvec
