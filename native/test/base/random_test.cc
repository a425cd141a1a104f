#include "base/random.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace segvec {
namespace {

// The first numbers of the published generator for the states 0 and 1234567.
TEST_CASE("Mix: is the step of SplitMix64") {
  constexpr uint64_t kStep = 0x9E3779B97F4A7C15u;
  CHECK(Mix(0) == 0xE220A8397B1DCDAFu);
  CHECK(Mix(kStep) == 0x6E789E6AA1B965F4u);
  CHECK(Mix(2 * kStep) == 0x06C45D188009454Fu);
  CHECK(Mix(1234567) == 6457827717110365317u);
  CHECK(Mix(1234567 + kStep) == 3203168211198807973u);
}

TEST_CASE("Random: the same seed gives the same numbers, another one others") {
  Random first(5), same(5), other(6);
  size_t equal_count = 0;
  for (int i = 0; i < 1000; ++i) {
    const uint64_t word = first.Next();
    REQUIRE(word == same.Next());
    equal_count += word == other.Next();
  }
  CHECK(equal_count == 0);
}

TEST_CASE("Random: Below stays below and reaches everything evenly") {
  Random random(3);
  for (const uint64_t bound : {1, 2, 3, 10}) {
    std::vector<size_t> counts(bound);
    const size_t draws = 20000;
    for (size_t i = 0; i < draws; ++i) {
      const uint64_t value = random.Below(bound);
      REQUIRE(value < bound);
      ++counts[value];
    }
    // The seed is fixed, so this cannot fail by chance; 8 standard deviations of a binomial count.
    for (const size_t count : counts) {
      const double expected = static_cast<double>(draws) / static_cast<double>(bound);
      CHECK(std::abs(static_cast<double>(count) - expected) <= 8 * std::sqrt(expected));
    }
  }
  for (int i = 0; i < 1000; ++i) REQUIRE(random.Below(uint64_t{1} << 32) < uint64_t{1} << 32);
}

TEST_CASE("RandomPermutation: holds every number once") {
  for (const size_t count : {0, 1, 2, 3, 100, 12345}) {
    std::vector<uint32_t> order = RandomPermutation(count, 42);
    REQUIRE(order.size() == count);
    std::sort(order.begin(), order.end());
    std::vector<uint32_t> expected(count);
    std::iota(expected.begin(), expected.end(), 0u);
    CHECK(order == expected);
  }
}

TEST_CASE("RandomPermutation: follows from its seed") {
  CHECK(RandomPermutation(1000, 1) == RandomPermutation(1000, 1));
  CHECK(RandomPermutation(1000, 1) != RandomPermutation(1000, 2));
}

TEST_CASE("RandomPermutation: every order of three is about as likely") {
  std::vector<size_t> counts(27);
  for (uint64_t seed = 0; seed < 6000; ++seed) {
    const std::vector<uint32_t> order = RandomPermutation(3, seed);
    ++counts[order[0] * 9 + order[1] * 3 + order[2]];
  }
  size_t order_count = 0;
  for (const size_t count : counts) {
    if (count == 0) continue;
    ++order_count;
    CHECK(count > 800);
    CHECK(count < 1200);
  }
  CHECK(order_count == 6);
}

}  // namespace
}  // namespace segvec
