// Distances in double precision, one component after another.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "distance/metric.h"

namespace segvec::reference {

inline double SquaredDifference(const float* a, const float* b, size_t dimension) {
  double sum = 0;
  for (size_t i = 0; i < dimension; ++i) sum += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
  return sum;
}

inline double Product(const float* a, const float* b, size_t dimension) {
  double sum = 0;
  for (size_t i = 0; i < dimension; ++i) sum += double{a[i]} * b[i];
  return sum;
}

// The sum of the terms' magnitudes: what the rounding error of a float sum is measured against.
inline double ProductMagnitude(const float* a, const float* b, size_t dimension) {
  double sum = 0;
  for (size_t i = 0; i < dimension; ++i) sum += std::fabs(double{a[i]} * b[i]);
  return sum;
}

inline int64_t CodeProduct(const int8_t* query, const uint8_t* codes, size_t count) {
  int64_t sum = 0;
  for (size_t i = 0; i < count; ++i) sum += int64_t{query[i]} * codes[i];
  return sum;
}

// The integer distance between two rows of codes: what quantize/scalar_quantizer.h says it means.
inline int64_t CodeDistance(Metric metric, const uint8_t* a, const uint8_t* b, size_t count) {
  int64_t sum = 0;
  for (size_t i = 0; i < count; ++i) {
    const int64_t x = a[i], y = b[i];
    sum += metric == Metric::kIp ? -(x - 128) * (y - 128) : (x - y) * (x - y);
  }
  return sum;
}

inline double Norm(const float* a, size_t dimension) { return std::sqrt(Product(a, a, dimension)); }

inline double Distance(Metric metric, const float* a, const float* b, size_t dimension) {
  switch (metric) {
    case Metric::kL2: return SquaredDifference(a, b, dimension);
    case Metric::kCosine: return 1 - Product(a, b, dimension) / (Norm(a, dimension) * Norm(b, dimension));
    case Metric::kIp: return 1 - Product(a, b, dimension);
  }
  return NAN;
}

// How far the sum of a kernel may be from the true one, relative to the sum of its terms' magnitudes: n terms go into 32
// partial sums and those are added in a tree of 5 steps; a term itself is rounded up to 3 times. Each rounding is off by
// at most 2^-24 (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 4.2).
inline double SumTolerance(size_t dimension) {
  return (static_cast<double>(dimension) / 32 + 1 + 5 + 3) * 0x1p-24;
}

// The same for a distance, which is made of a sum with up to 4 roundings more.
inline double Tolerance(Metric metric, const float* a, const float* b, size_t dimension) {
  const double relative = SumTolerance(dimension) + 4 * 0x1p-24;
  switch (metric) {
    case Metric::kL2: return relative * SquaredDifference(a, b, dimension);
    case Metric::kCosine:
      return relative * (1 + ProductMagnitude(a, b, dimension) / (Norm(a, dimension) * Norm(b, dimension)));
    case Metric::kIp: return relative * (1 + ProductMagnitude(a, b, dimension));
  }
  return 0;
}

}  // namespace segvec::reference
