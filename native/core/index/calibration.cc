#include "index/calibration.h"

#include <algorithm>
#include <cmath>

namespace segvec {
namespace {

// Those of double have been replaced in glibc 2.29, and what was built with the new ones does not load where only the old ones are.
double Log(double value) { return std::log1p(value - 1); }
double Exp(double value) { return std::expm1(value) + 1; }

// The measured recall is lowered by so many of its standard errors, because it may have come out too high by
// chance.
constexpr double kMargin = 1;

// At twice the beam about a quarter of the misses is left (SIFT, LSA, Fashion-MNIST); where none was
// measured, a sixteenth is assumed.
constexpr double kMostImprovement = 16;

// The logarithm of the beam that a curve reaches the recall with; between two points the logarithms of beam
// and misses are nearly on a line.
double LogEfOf(const RecallCurve& curve, double recall) {
  const double wanted = 1 - recall;
  double misses_before = 1, log_ef_before = 0;
  double slope = 2;  // by which power of the beam misses have fallen last
  for (size_t i = 0; i < curve.points.size(); ++i) {
    const RecallPoint& point = curve.points[i];
    const double log_ef = Log(static_cast<double>(point.ef));
    const double measured = 1 - (point.recall - kMargin * point.standard_error);
    // From the beam on at which all is scanned nothing is missed, and right below as much as the walks before let expect.
    const bool is_scan = curve.ends_with_scan && i + 1 == curve.points.size();
    const double fewest = i == 0 || is_scan ? 0 : misses_before / kMostImprovement;
    const double misses = std::clamp(measured, fewest, misses_before);
    if (misses <= wanted) {
      if (i == 0 || misses == misses_before) return log_ef;
      if (is_scan) {
        return slope > 0 ? std::min(log_ef, log_ef_before + Log(misses_before / wanted) / slope) : log_ef;
      }
      const double way = Log(misses_before / wanted) / Log(misses_before / misses);
      return log_ef_before + (log_ef - log_ef_before) * way;
    }
    if (i > 0) slope = std::min(2.0, Log(misses_before / misses) / (log_ef - log_ef_before));
    misses_before = misses;
    log_ef_before = log_ef;
  }
  // Beyond what was measured: misses fall with the square of the beam.
  return log_ef_before + Log(misses_before / wanted) / 2;
}

// The beam up to which the curve is level, as a logarithm: of lossy codes at least 5k / 4 hits are measured on the floats, so
// that narrower beams are as wide as that. A smaller k does not have it so wide. 0 where the curve rises at once.
double LogLevelEfOf(const RecallCurve& curve) {
  size_t last = 0;
  while (last + 1 < curve.points.size() && curve.points[last + 1].recall == curve.points[0].recall) ++last;
  // Level to somewhere between this point and the next, which is at twice the beam.
  return last == 0 ? 0 : Log(2.0 * curve.points[last].ef * curve.points[last].ef) / 2;
}

uint32_t RoundUp(double ef, size_t k) {
  return static_cast<uint32_t>(std::clamp(std::ceil(ef - 1e-6),
                                          static_cast<double>(std::min<size_t>(k, kMaxSlots)),
                                          static_cast<double>(kMaxSlots)));
}

}  // namespace

SearchShape SearchShapeOf(const Snapshot& snapshot) {
  SearchShape shape{snapshot.vector_count};
  for (const SegmentView& view : snapshot.views) {
    if (!view.graph) continue;
    shape.slot_count += view.slot_count;
    shape.beam_factor += std::sqrt(static_cast<double>(view.live_count()) /
                                   static_cast<double>(std::max<size_t>(snapshot.vector_count, 1)));
  }
  return shape;
}

bool Calibration::IsWithin(const SearchShape& now, double factor) const {
  const auto is_near = [factor](double a, double b) { return a <= b * factor && b <= a * factor; };
  const SearchShape& shape = measured_.shape;
  return is_near(static_cast<double>(now.vector_count), static_cast<double>(shape.vector_count)) &&
         is_near(static_cast<double>(now.slot_count), static_cast<double>(shape.slot_count)) &&
         is_near(now.beam_factor, shape.beam_factor);
}

uint32_t Calibration::EfFor(size_t k, double recall, const SearchShape& now) const {
  const auto log_k = [](size_t of) { return Log(static_cast<double>(of)); };
  const std::vector<RecallCurve>& curves = measured_.curves;
  // From curve to curve until k is passed, on lines between the logarithms of k and beam.
  double log_ef = LogEfOf(curves.front(), recall);
  size_t k_before = curves.front().k;
  for (size_t at = 1; at < curves.size() && k > k_before; ++at) {
    double log_ef_here = std::max(log_ef, LogEfOf(curves[at], recall));
    if (k < curves[at].k) log_ef_here = std::max(log_ef_here, LogLevelEfOf(curves[at]));
    const double way =
        (log_k(std::min<size_t>(k, curves[at].k)) - log_k(k_before)) / (log_k(curves[at].k) - log_k(k_before));
    log_ef += (log_ef_here - log_ef) * way;
    k_before = curves[at].k;
  }
  if (k > k_before) log_ef += log_k(k) - log_k(k_before);
  double ef = Exp(log_ef);
  const uint64_t then = measured_.shape.vector_count;
  if (now.vector_count > then) ef *= log_k(now.vector_count) / log_k(then);
  return RoundUp(ef, k);
}

uint32_t CautiousEf(size_t k, double recall) {
  return RoundUp(4 * static_cast<double>(std::max<size_t>(k, 10)) / std::sqrt(1 - recall), k);
}

}  // namespace segvec
