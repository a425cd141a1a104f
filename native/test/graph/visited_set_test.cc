#include "graph/visited_set.h"

#include <doctest/doctest.h>

#include <set>

#include "support/sanitizers.h"
#include "support/vectors.h"

namespace segvec {
namespace {

using testing::Dice;

TEST_CASE("VisitedSet: behaves as a set of slots that Begin empties") {
  Dice dice(1);
  VisitedSet visited;
  size_t wrong_count = 0;
  for (int search = 0; search < 200; ++search) {
    const size_t slot_count = 1 + dice.Below(3000);
    visited.Begin(slot_count);
    std::set<uint32_t> expected;
    for (int i = 0; i < 300; ++i) {
      const auto slot = static_cast<uint32_t>(dice.Below(slot_count));
      wrong_count += visited.Insert(slot) != expected.insert(slot).second;
    }
  }
  CHECK(wrong_count == 0);
}

TEST_CASE("VisitedSet: slots beyond the set count as seen") {
  VisitedSet visited;
  visited.Begin(100);
  for (const uint32_t slot : {100u, 101u, 127u, 128u, 1u << 20, 0x80000000u, 0xFFFFFFFFu}) CHECK_FALSE(visited.Insert(slot));
  CHECK(visited.Insert(99));
  visited.Begin(1000);
  CHECK(visited.Insert(100));
  visited.Begin(10);
  CHECK_FALSE(visited.Insert(100));
  visited.Begin(0);
  CHECK_FALSE(visited.Insert(0));
}

// The tag of a search has 16 bits. Slots that were seen 65,535 or 65,536 searches ago must not appear as seen.
TEST_CASE("VisitedSet: stays empty at Begin when the tags wrap around") {
  VisitedSet visited;
  visited.Begin(640);
  for (uint32_t slot = 0; slot < 640; ++slot) visited.Insert(slot);
  size_t wrong_count = 0;
  for (uint32_t search = 0; search < 140'000; ++search) {
    visited.Begin(640);
    // Each group of 64 slots is looked at in only one of ten searches and so keeps old tags.
    const uint32_t group = search % 10 * 64;
    wrong_count += !visited.Insert(group + search % 64);
    wrong_count += visited.Insert(group + search % 64);
  }
  // Some that were not touched from the first search on.
  VisitedSet idle;
  idle.Begin(128);
  for (uint32_t slot = 64; slot < 128; ++slot) idle.Insert(slot);
  for (uint32_t search = 1; search < 200'000; ++search) {
    idle.Begin(128);
    if (search < 65'530 || search > 65'545) continue;
    wrong_count += !idle.Insert(search % 64);
    if (search % 5 == 0) wrong_count += !idle.Insert(64 + search % 64);
  }
  CHECK(wrong_count == 0);
}

TEST_CASE("VisitedSet: grows in the middle of its life") {
  VisitedSet visited;
  for (size_t slot_count = 1; slot_count < 100'000; slot_count = slot_count * 3 + 1) {
    visited.Begin(slot_count);
    CHECK(visited.Insert(static_cast<uint32_t>(slot_count - 1)));
    CHECK_FALSE(visited.Insert(static_cast<uint32_t>(slot_count - 1)));
  }
  CHECK(visited.memory_bytes() >= 100'000 / 8 / 3);
}

}  // namespace
}  // namespace segvec
