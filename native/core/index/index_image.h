// What an index consists of at one moment, ready to be stored, or as it was read back: sealed segments,
// tombstones, the texts of string ids, and the counters without which the index would go on differently.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "index/calibration.h"
#include "index/snapshot.h"
#include "storage/string_id_file.h"

namespace segvec {

struct IndexImage {
  struct Part {
    SegmentView view;  // of a sealed segment, all of whose slots are in the view; it has a graph exactly when that has one
    std::shared_ptr<const StringIdTable>
        strings;  // of its live slots; null where ids are numbers, and in what Capture() was told is stored
  };
  std::vector<Part> parts;  // ascending segment number
  uint64_t next_id = 0;
  uint64_t add_count = 0;
  uint32_t next_segment_number = 0;
  uint64_t change_count = 0;  // the last of them is in the parts
  std::shared_ptr<const Calibration> calibration;  // null where there is none
  uint64_t first_log = 0;     // the first log file that may hold later ones; IndexDirectory knows
};

}  // namespace segvec
