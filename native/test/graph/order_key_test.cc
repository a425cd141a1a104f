#include "graph/order_key.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "support/sanitizers.h"
#include "support/vectors.h"

namespace segvec {
namespace {

using Limits = std::numeric_limits<float>;

TEST_CASE("OrderKey: ascends with the distance and is read back as it") {
  const std::vector<float> ascending = {-Limits::infinity(),
                                        -Limits::max(),
                                        -1.5f,
                                        -1,
                                        -Limits::min(),
                                        -Limits::denorm_min(),
                                        -0.0f,
                                        0.0f,
                                        Limits::denorm_min(),
                                        Limits::min(),
                                        0.5f,
                                        1,
                                        std::nextafter(1.0f, 2.0f),
                                        1e17f,
                                        Limits::max(),
                                        Limits::infinity()};
  for (size_t i = 0; i < ascending.size(); ++i) {
    CHECK(std::bit_cast<uint32_t>(DistanceOfKey(OrderKey(ascending[i]))) == std::bit_cast<uint32_t>(ascending[i]));
    if (i > 0) CHECK(OrderKey(ascending[i - 1]) < OrderKey(ascending[i]));
  }
}

TEST_CASE("OrderKey: holds for any two floats") {
  testing::Dice dice(1);
  size_t wrong_count = 0;
  float previous = 0;
  for (size_t i = 0; i < testing::Sized(1'000'000, 100'000); ++i) {
    const float distance = std::bit_cast<float>(static_cast<uint32_t>(dice.Word()));
    if (std::isnan(distance)) continue;
    wrong_count += std::bit_cast<uint32_t>(DistanceOfKey(OrderKey(distance))) != std::bit_cast<uint32_t>(distance);
    if (distance != previous) wrong_count += (distance < previous) != (OrderKey(distance) < OrderKey(previous));
    previous = distance;
  }
  CHECK(wrong_count == 0);
}

}  // namespace
}  // namespace segvec
