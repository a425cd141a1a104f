// What a recall costs: which beam reaches it, as measured on the index's own vectors (see calibrate.h).
//
// Thread safety: immutable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "index/snapshot.h"

namespace segvec {

struct RecallPoint {
  uint32_t ef;
  double recall;          // mean over the sample
  double standard_error;  // of that mean
};

// Recall@k at growing beams: ascending ef, recall never falling.
struct RecallCurve {
  size_t k;
  std::vector<RecallPoint> points;
  bool ends_with_scan = false;  // the last point is the beam from which on everything is scanned: one less may find far less
};

// How many vectors there are to search, and how many segments' worth of work that is: each gets a beam of ef
// times the square root of its share.
struct SearchShape {
  explicit SearchShape(const Snapshot& snapshot);

  size_t vector_count;
  size_t slot_count = 0;   // of the segments with a graph, dead slots too: a beam is the wider, the more of them are dead
  double beam_factor = 0;  // the sum of those square roots over the segments with a graph; 0: all are scanned
};

class Calibration {
 public:
  Calibration(SearchShape shape, size_t sample_count, std::vector<RecallCurve> curves)
      : shape_(shape), sample_count_(sample_count), curves_(std::move(curves)) {}

  const SearchShape& shape() const { return shape_; }
  size_t sample_count() const { return sample_count_; }
  const std::vector<RecallCurve>& curves() const { return curves_; }

  // Whether the index is still much as it was measured.
  bool IsFresh(const SearchShape& now) const { return IsWithin(now, 1.2); }
  // Whether it is so different that EfFor is no more than a guess.
  bool IsOutdated(const SearchShape& now) const { return !IsWithin(now, 2); }

  // The narrowest beam that reaches the recall. One that was measured for fewer vectors is widened with their
  // logarithm, as the work of a search grows. REQUIRES: 0 < recall < 1; k > 0.
  uint32_t EfFor(size_t k, double recall, const SearchShape& now) const;

 private:
  bool IsWithin(const SearchShape& now, double factor) const;

  SearchShape shape_;
  size_t sample_count_;
  std::vector<RecallCurve> curves_;  // ascending k
};

// A beam that is wide enough on all data we know, for an index that has not been calibrated.
uint32_t CautiousEf(size_t k, double recall);

}  // namespace segvec
