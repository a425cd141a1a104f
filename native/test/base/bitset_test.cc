#include "base/bitset.h"

#include <doctest/doctest.h>

#include <set>

#include "support/vectors.h"

namespace segvec {
namespace {

using testing::Dice;

TEST_CASE("Bitset: an empty one holds nothing and answers for any bit") {
  const Bitset bits;
  CHECK(bits.set_count() == 0);
  CHECK_FALSE(bits.Test(0));
  CHECK_FALSE(bits.Test(~size_t{0}));
}

TEST_CASE("Bitset: behaves as a set of numbers, growing as needed") {
  Dice dice(1);
  for (const size_t range : {1, 63, 64, 65, 1000}) {
    Bitset bits(range / 2);
    std::set<size_t> expected;
    size_t wrong_count = 0;
    for (int i = 0; i < 2000; ++i) {
      const size_t bit = dice.Below(range);
      wrong_count += bits.Set(bit) != expected.insert(bit).second;
      const size_t other = dice.Below(range * 2);
      wrong_count += bits.Test(other) != (expected.count(other) == 1);
      wrong_count += bits.set_count() != expected.size();
    }
    CHECK(wrong_count == 0);
  }
}

TEST_CASE("Bitset: a copy does not see later changes") {
  Bitset bits(100);
  bits.Set(7);
  Bitset copy = bits;
  copy.Set(8);
  CHECK_FALSE(bits.Test(8));
  CHECK(copy.Test(7));
  CHECK(bits.set_count() == 1);
  CHECK(copy.set_count() == 2);
  CHECK(copy.memory_bytes() >= 100 / 8);
}

}  // namespace
}  // namespace segvec
