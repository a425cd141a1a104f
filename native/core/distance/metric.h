// How near two vectors are. Smaller is nearer for every metric.
#pragma once

namespace segvec {

enum class Metric {
  kL2,      // sum (a_i - b_i)^2
  kCosine,  // 1 - a.b / (|a| |b|)
  kIp,      // 1 - a.b
};

inline constexpr int kMetricCount = 3;
inline constexpr int kMaxDimension = 4096;

// Larger components are refused: up to here no sum over kMaxDimension terms overflows a float, so that distances are
// always finite and comparable. 4096 * (2 * 1e17)^2 = 1.6e38 < 3.4e38.
inline constexpr float kMaxMagnitude = 1e17f;

}  // namespace segvec
