#include "storage/recall_measurement.h"

#include <utility>

#include "graph/graph.h"

namespace segvec {
namespace {

// NaN is within nothing.
bool IsWithin(double value, double least, double most) { return least <= value && value <= most; }

constexpr uint64_t kMostVectors = uint64_t{1} << 62;
constexpr double kMostBeams = 4294967296.0;  // one for each segment

}  // namespace

std::string Violation(const RecallMeasurement& measurement) {
  const SearchShape& shape = measurement.shape;
  if (shape.vector_count > kMostVectors || shape.slot_count > kMostVectors) {
    return "a recall of " + std::to_string(shape.vector_count) + " vectors in " + std::to_string(shape.slot_count) + " slots";
  }
  if (!IsWithin(shape.beam_factor, 0, kMostBeams)) return "a recall of no number of segments";
  if (measurement.curves.empty()) return "a recall without a curve";
  uint32_t k_before = 0;
  for (const RecallCurve& curve : measurement.curves) {
    const std::string which = "the recall of " + std::to_string(curve.k);
    if (curve.k <= k_before || curve.k > kMaxSlots) return which + " is not in ascending order";
    if (curve.points.empty()) return which + " has no points";
    k_before = curve.k;
    uint32_t ef_before = 0;
    double recall_before = 0;
    for (const RecallPoint& point : curve.points) {
      if (point.ef <= ef_before || point.ef > kMaxSlots) return which + " has no ascending ef";
      if (!IsWithin(point.recall, recall_before, 1)) return which + " falls, or is none";
      if (!IsWithin(point.standard_error, 0, 1)) return which + " has an error that is none";
      ef_before = point.ef;
      recall_before = point.recall;
    }
  }
  return "";
}

void Put(ByteWriter& out, const RecallMeasurement& measurement) {
  out.Put(measurement.shape.vector_count);
  out.Put(measurement.shape.slot_count);
  out.Put(measurement.shape.beam_factor);
  out.Put(measurement.sample_count);
  out.Put(static_cast<uint32_t>(measurement.curves.size()));
  for (const RecallCurve& curve : measurement.curves) {
    out.Put(curve.k);
    out.Put(uint32_t{curve.ends_with_scan});
    out.Put(static_cast<uint32_t>(curve.points.size()));
    for (const RecallPoint& point : curve.points) {
      out.Put(point.ef);
      out.Put(point.recall);
      out.Put(point.standard_error);
    }
  }
}

RecallMeasurement GetRecallMeasurement(ByteReader& in) {
  RecallMeasurement measurement;
  measurement.shape.vector_count = in.Get<uint64_t>();
  measurement.shape.slot_count = in.Get<uint64_t>();
  measurement.shape.beam_factor = in.Get<double>();
  measurement.sample_count = in.Get<uint32_t>();
  // The lists grow with what is there, not with the counts.
  const auto curve_count = in.Get<uint32_t>();
  while (measurement.curves.size() < curve_count && !in.ended_early()) {
    RecallCurve curve{};
    curve.k = in.Get<uint32_t>();
    curve.ends_with_scan = in.Get<uint32_t>() != 0;
    const auto point_count = in.Get<uint32_t>();
    while (curve.points.size() < point_count && !in.ended_early()) {
      RecallPoint point{};
      point.ef = in.Get<uint32_t>();
      point.recall = in.Get<double>();
      point.standard_error = in.Get<double>();
      curve.points.push_back(point);
    }
    measurement.curves.push_back(std::move(curve));
  }
  return measurement;
}

}  // namespace segvec
