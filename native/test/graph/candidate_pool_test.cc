#include "graph/candidate_pool.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "reference/sorted_pool.h"
#include "support/sanitizers.h"
#include "support/vectors.h"

namespace segvec {
namespace {

using testing::Dice;

std::optional<uint32_t> PeekedSlot(const CandidatePool& pool) {
  const uint32_t slot = pool.PeekNearest();
  return slot == kNil ? std::nullopt : std::optional(slot);
}

std::optional<uint32_t> TakenSlot(CandidatePool& pool) {
  const uint64_t entry = pool.TakeNearest();
  return entry == CandidatePool::kNone ? std::nullopt : std::optional(CandidatePool::SlotOf(entry));
}

// Inserts where the search loops would: behind all keys that are smaller. Returns whether the rank came out right.
bool Insert(CandidatePool& pool, uint64_t entry) {
  const auto smaller = static_cast<size_t>(
      std::count_if(pool.keys(), pool.keys() + pool.size(),
                    [&](uint32_t key) { return key < CandidatePool::KeyOf(entry); }));
  const size_t rank = pool.InsertAt(smaller, entry);
  return rank < pool.size() && CandidatePool::SlotOf(pool[rank]) == CandidatePool::SlotOf(entry);
}

// The loops read whole blocks of keys: those behind the last must be larger than any.
bool IsPadded(const CandidatePool& pool) {
  const size_t end = (pool.size() + CandidatePool::kRankBlock - 1) / CandidatePool::kRankBlock * CandidatePool::kRankBlock;
  return std::all_of(pool.keys() + pool.size(), pool.keys() + end, [](uint32_t key) { return key == 0xFFFFFFFFu; });
}

bool AreEqual(const CandidatePool& pool, const reference::SortedPool& expected) {
  if (pool.size() != expected.candidates().size()) return false;
  if (!IsPadded(pool)) return false;
  for (size_t i = 0; i < pool.size(); ++i) {
    const reference::Candidate& candidate = expected.candidates()[i];
    if (pool.keys()[i] != candidate.key) return false;
    if (CandidatePool::KeyOf(pool[i]) != candidate.key || CandidatePool::SlotOf(pool[i]) != candidate.slot) return false;
    if (((pool[i] & CandidatePool::kExpanded) != 0) != candidate.is_expanded) return false;
  }
  return true;
}

TEST_CASE("CandidatePool: an entry keeps its key and slot, and orders by both") {
  const uint64_t entry = CandidatePool::Entry(0xFFFFFFFFu, kMaxSlots - 1);
  CHECK(CandidatePool::KeyOf(entry) == 0xFFFFFFFFu);
  CHECK(CandidatePool::SlotOf(entry) == kMaxSlots - 1);
  CHECK((entry & CandidatePool::kExpanded) == 0);
  CHECK(CandidatePool::Entry(1, 9) < CandidatePool::Entry(2, 0));
  CHECK(CandidatePool::Entry(1, 0) < CandidatePool::Entry(1, 1));
}

TEST_CASE("CandidatePool: does what a sorted vector does") {
  Dice dice(1);
  CandidatePool pool;
  for (size_t round = 0; round < testing::Sized(400, 60); ++round) {
    const size_t capacity = 1 + dice.Below(round % 4 == 0 ? 200 : 12);
    const uint32_t key_range = 1 + static_cast<uint32_t>(dice.Below(round % 3 == 0 ? 4 : 1'000'000));
    CAPTURE(round);
    CAPTURE(capacity);
    pool.Begin(capacity);
    reference::SortedPool expected(capacity);
    REQUIRE(pool.capacity() == capacity);
    std::vector<uint32_t> slots;
    for (uint32_t slot = 0; slot < 300; ++slot) slots.push_back(slot * 7'000'000);
    dice.Shuffle(slots);
    bool is_equal = true;
    for (const uint32_t slot : slots) {
      const auto key = static_cast<uint32_t>(dice.Below(key_range));
      const uint64_t entry = CandidatePool::Entry(key, slot);
      is_equal = is_equal && pool.Accepts(entry) == expected.Accepts(key, slot);
      if (pool.Accepts(entry)) {
        is_equal = is_equal && Insert(pool, entry);
        expected.Insert(key, slot);
      }
      if (dice.Below(3) == 0) {
        is_equal = is_equal && PeekedSlot(pool) == expected.PeekNearest();
        is_equal = is_equal && TakenSlot(pool) == expected.TakeNearest();
      }
      is_equal = is_equal && AreEqual(pool, expected);
    }
    while (expected.PeekNearest()) is_equal = is_equal && TakenSlot(pool) == expected.TakeNearest();
    is_equal = is_equal && pool.TakeNearest() == CandidatePool::kNone && pool.PeekNearest() == kNil;
    REQUIRE(is_equal);
  }
}

}  // namespace
}  // namespace segvec
