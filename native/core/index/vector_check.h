// What makes a vector fit to be stored or searched for.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdio>
#include <string>

#include "distance/metric.h"

namespace segvec {

// The first component that distances cannot be measured with (NaN, infinite, beyond kMaxMagnitude); `dimension` when
// there is none.
inline size_t FirstInvalidComponent(const float* values, size_t dimension) {
  size_t invalid_count = 0;
  for (size_t i = 0; i < dimension; ++i) invalid_count += !(std::fabs(values[i]) <= kMaxMagnitude);
  if (invalid_count == 0) return dimension;
  size_t i = 0;
  while (std::fabs(values[i]) <= kMaxMagnitude) ++i;
  return i;
}

// Shorter vectors are refused under cosine: the products of their components would be lost to underflow.
inline constexpr double kMinLength = 1e-15;

// 1 / |values|; 0 when the vector is too short to have a direction.
inline float InverseNorm(const float* values, size_t dimension) {
  double sum = 0;
  for (size_t i = 0; i < dimension; ++i) sum += static_cast<double>(values[i]) * values[i];
  const double length = std::sqrt(sum);
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
