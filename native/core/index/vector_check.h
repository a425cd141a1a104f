// What makes a vector fit to be stored or searched for.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

#include "distance/metric.h"

namespace segvec {

// The first component that distances cannot be measured with (NaN, infinite, beyond kMaxMagnitude); `dimension` when
// there is none.
inline size_t FirstInvalidComponent(const float* values, size_t dimension) {
  uint32_t invalid_count = 0;  // as wide as a float, so that it is counted four at a time
  for (size_t i = 0; i < dimension; ++i) invalid_count += !(std::fabs(values[i]) <= kMaxMagnitude);
  if (invalid_count == 0) return dimension;
  size_t i = 0;
  while (std::fabs(values[i]) <= kMaxMagnitude) ++i;
  return i;
}

// Shorter vectors are refused under cosine: the products of their components would be lost to underflow.
inline constexpr double kMinLength = 1e-15;

// 1 / |values|; 0 when the vector is too short to have a direction. Eight sums, none of which waits for another.
inline float InverseNorm(const float* values, size_t dimension) {
  constexpr size_t kSums = 8;
  double sums[kSums] = {};
  const auto add = [&](size_t i, size_t sum) { sums[sum] += static_cast<double>(values[i]) * values[i]; };
  const size_t whole = dimension - dimension % kSums;
  for (size_t i = 0; i < whole; i += kSums) {
    for (size_t sum = 0; sum < kSums; ++sum) add(i + sum, sum);
  }
  for (size_t i = whole; i < dimension; ++i) add(i, i - whole);
  for (size_t width = kSums / 2; width > 0; width /= 2) {
    for (size_t sum = 0; sum < width; ++sum) sums[sum] += sums[sum + width];
  }
  const double length = std::sqrt(sums[0]);
  return length < kMinLength ? 0.0f : static_cast<float>(1 / length);
}

inline std::string DescribeValue(float value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  char text[32];
  const bool is_short = value == std::trunc(value) && std::fabs(value) < 1e21f;
  std::snprintf(text, sizeof text, is_short ? "%.0f" : "%g", static_cast<double>(value));
  return text;
}

}  // namespace segvec
