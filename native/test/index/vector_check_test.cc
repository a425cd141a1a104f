#include "index/vector_check.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "reference/distance.h"
#include "support/vectors.h"

namespace segvec {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST_CASE("FirstInvalidComponent: names the first of NaN, infinite and too large ones") {
  const float beyond = std::nextafter(kMaxMagnitude, kInfinity);
  for (const size_t dimension : {1, 5, 16, 33, 1000}) {
    std::vector<float> values(dimension, -kMaxMagnitude);
    CHECK(FirstInvalidComponent(values.data(), dimension) == dimension);
    for (const float bad : {kNan, -kNan, kInfinity, -kInfinity, beyond, -beyond}) {
      for (const size_t position : {size_t{0}, dimension / 2, dimension - 1}) {
        std::vector<float> with_bad = values;
        with_bad[position] = bad;
        CHECK(FirstInvalidComponent(with_bad.data(), dimension) == position);
        with_bad.back() = kNan;
        CHECK(FirstInvalidComponent(with_bad.data(), dimension) == position);
      }
    }
  }
}

TEST_CASE("InverseNorm: is one over the length") {
  const testing::Vectors vectors = testing::RandomVectors(20, 100, 1);
  for (size_t i = 0; i < vectors.count(); ++i) {
    for (const float scale : {1e-6f, 1.0f, 1e12f}) {
      std::vector<float> row = vectors.RowCopy(i);
      for (float& value : row) value *= scale;
      const double product = InverseNorm(row.data(), 100) * reference::Norm(row.data(), 100);
      CHECK(std::abs(product - 1) < 1e-6);
    }
  }
  const std::vector<float> largest(kMaxDimension, kMaxMagnitude);
  CHECK(InverseNorm(largest.data(), kMaxDimension) > 0);
}

TEST_CASE("InverseNorm: is 0 without a direction") {
  const std::vector<float> zeros(10, -0.0f);
  CHECK(InverseNorm(zeros.data(), 10) == 0);
  const std::vector<float> tiny(10, std::numeric_limits<float>::denorm_min());
  CHECK(InverseNorm(tiny.data(), 10) == 0);
}

TEST_CASE("DescribeValue: as JavaScript writes it") {
  CHECK(DescribeValue(kNan) == "NaN");
  CHECK(DescribeValue(kInfinity) == "Infinity");
  CHECK(DescribeValue(-kInfinity) == "-Infinity");
  CHECK(DescribeValue(0x1p58f) == "288230376151711744");
  CHECK(DescribeValue(-2.5f) == "-2.5");
  CHECK(DescribeValue(1e30f) == "1e+30");
}

}  // namespace
}  // namespace segvec
