#include "graph/walks.h"

#include <doctest/doctest.h>

#include <vector>

namespace segvec {
namespace {

std::vector<uint32_t> Through(const Walks& walks, const std::vector<uint32_t>& changed) {
  Bitset bits(100);
  for (const uint32_t slot : changed) bits.Set(slot);
  std::vector<uint32_t> slots;
  walks.AppendThrough(bits, slots);
  return slots;
}

TEST_CASE("Walks: those that read a changed row, in the order in which they were made") {
  Walks walks;
  CHECK(Through(walks, {0, 1, 2}).empty());
  walks.Add(7, {1, 2, 3});
  walks.Add(3, {});  // another slot's number, and it read nothing
  walks.Add(5, {9, 2});
  walks.Add(7, {40});  // made again
  CHECK(Through(walks, {}).empty());
  CHECK(Through(walks, {7, 5}).empty());  // what they were for is not what they read
  CHECK(Through(walks, {2}) == std::vector<uint32_t>{7, 5});
  CHECK(Through(walks, {9, 1}) == std::vector<uint32_t>{7, 5});
  CHECK(Through(walks, {40, 3}) == std::vector<uint32_t>{7, 7});
}

}  // namespace
}  // namespace segvec
