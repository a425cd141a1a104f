// What was measured of the recall that beams reach (index/calibrate.h), as plain data that a manifest can hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "storage/byte_io.h"

namespace segvec {

struct RecallPoint {
  uint32_t ef;
  double recall;          // mean over the sample
  double standard_error;  // of that mean
  friend bool operator==(const RecallPoint&, const RecallPoint&) = default;
};

// Recall@k at growing beams: ascending ef, recall never falling.
struct RecallCurve {
  uint32_t k;
  std::vector<RecallPoint> points;
  bool ends_with_scan = false;  // the last point is the beam from which on everything is scanned: one less may find far less
  friend bool operator==(const RecallCurve&, const RecallCurve&) = default;
};

// How many vectors there are to search, and how many segments' worth of work that is: each gets a beam of ef
// times the square root of its share.
struct SearchShape {
  uint64_t vector_count = 0;
  uint64_t slot_count = 0;  // of the segments with a graph, dead slots too: a beam is the wider, the more of them are dead
  double beam_factor = 0;   // the sum of those square roots over the segments with a graph; 0: all are scanned
  friend bool operator==(const SearchShape&, const SearchShape&) = default;
};

struct RecallMeasurement {
  SearchShape shape;
  uint32_t sample_count = 0;  // vectors that were searched for
  std::vector<RecallCurve> curves;  // ascending k, one at least
  friend bool operator==(const RecallMeasurement&, const RecallMeasurement&) = default;
};

// What is wrong with a measurement; empty when nothing is.
std::string Violation(const RecallMeasurement& measurement);

void Put(ByteWriter& out, const RecallMeasurement& measurement);

// Reads on to the end of what was put. What is missing or too much is zero or left: ask the reader, then Violation().
RecallMeasurement GetRecallMeasurement(ByteReader& in);

}  // namespace segvec
