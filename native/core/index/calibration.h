// What a recall costs: which beam reaches it, as measured on the index's own vectors (see calibrate.h).
//
// Thread safety: immutable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "index/snapshot.h"
#include "storage/recall_measurement.h"

namespace segvec {

SearchShape SearchShapeOf(const Snapshot& snapshot);

class Calibration {
 public:
  explicit Calibration(RecallMeasurement measured) : measured_(std::move(measured)) {}

  const RecallMeasurement& measured() const { return measured_; }

  // Whether the index is still much as it was measured.
  bool IsFresh(const SearchShape& now) const { return IsWithin(now, 1.2); }
  // Whether it is so different that EfFor is no more than a guess.
  bool IsOutdated(const SearchShape& now) const { return !IsWithin(now, 2); }

  // The narrowest beam that reaches the recall. One that was measured for fewer vectors is widened with their
  // logarithm, as the work of a search grows. REQUIRES: 0 < recall < 1; k > 0.
  uint32_t EfFor(size_t k, double recall, const SearchShape& now) const;

 private:
  bool IsWithin(const SearchShape& now, double factor) const;

  const RecallMeasurement measured_;
};

// A beam that is wide enough on all data we know, for an index that has not been calibrated.
uint32_t CautiousEf(size_t k, double recall);

}  // namespace segvec
