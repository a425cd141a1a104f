// The nearest slots a search has met, sorted, at most `capacity` of them; and which of them it has yet to expand.
//
// One sorted array serves as both heaps of the paper's Algorithm 2: a candidate that falls off the end could not have
// become a result. An entry is one word, (order key, slot, expanded), so that a comparison settles distance and tie; it is
// kept in two halves, so that finding a rank reads 32 bits an entry.
// Thread safety: one search at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "distance/target.h"
#include "graph/graph.h"

namespace segvec {

class CandidatePool {
 public:
  static constexpr size_t kRankBlock = 16;
  static constexpr uint64_t kExpanded = 1;
  static constexpr uint64_t Entry(uint32_t key, uint32_t slot) { return uint64_t{key} << 32 | uint64_t{slot} << 1; }
  static constexpr uint32_t KeyOf(uint64_t entry) { return static_cast<uint32_t>(entry >> 32); }
  static constexpr uint32_t SlotOf(uint64_t entry) { return static_cast<uint32_t>(entry) >> 1; }

  // REQUIRES: capacity > 0.
  void Begin(size_t capacity) {
    if (keys_.size() < capacity + 1 + kRankBlock) {
      // The keys last: should either fail, the next search tries again.
      slots_.resize(capacity + 1 + kRankBlock);
      keys_.resize(capacity + 1 + kRankBlock);
    }
    std::memset(keys_.data(), 0xFF, (capacity + 1 + kRankBlock) * sizeof(uint32_t));
    capacity_ = capacity;
    size_ = 0;
    cursor_ = 0;
    bound_ = ~uint64_t{0};
  }

  // Whether an entry would get in: everything does until the pool is full.
  SEGVEC_INLINE bool Accepts(uint64_t entry) const { return entry < bound_; }
  uint64_t bound() const { return bound_; }

  // Puts an entry in, given how many keys are smaller than its own (see Insert in greedy_search.inl); returns its rank.
  // REQUIRES: Accepts(entry), and its slot is not in the pool.
  SEGVEC_INLINE size_t InsertAt(size_t rank, uint64_t entry) {
    const uint32_t key = KeyOf(entry), tagged_slot = static_cast<uint32_t>(entry);
    uint32_t* keys = keys_.data();
    uint32_t* slots = slots_.data();
    while (rank < size_ && keys[rank] == key && slots[rank] < tagged_slot) ++rank;
    ShiftUp(keys, rank, size_);
    ShiftUp(slots, rank, size_);
    keys[rank] = key;
    slots[rank] = tagged_slot;
    if (size_ < capacity_) {
      ++size_;
    } else {
      keys[size_] = 0xFFFFFFFFu;
    }
    if (size_ == capacity_) bound_ = Word(size_ - 1) & ~kExpanded;
    if (rank < cursor_) cursor_ = rank;
    return rank;
  }

  static constexpr uint64_t kNone = ~uint64_t{0};

  // Marks the nearest entry that has not been expanded and returns it; kNone when there is none.
  SEGVEC_INLINE uint64_t TakeNearest() {
    if (cursor_ == size_) return kNone;
    const uint64_t nearest = Word(cursor_);
    slots_[cursor_] |= static_cast<uint32_t>(kExpanded);
    do {
      ++cursor_;
    } while (cursor_ < size_ && (slots_[cursor_] & kExpanded) != 0);
    return nearest;
  }
  // The slot TakeNearest would return; kNil when there is none.
  SEGVEC_INLINE uint32_t PeekNearest() const { return cursor_ < size_ ? slots_[cursor_] >> 1 : kNil; }
  // The rank of that slot.
  SEGVEC_INLINE size_t cursor() const { return cursor_; }

  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  // The keys in order, then infinite ones up to the next multiple of kRankBlock.
  const uint32_t* keys() const { return keys_.data(); }
  // The entry of a rank, for KeyOf and SlotOf.
  uint64_t operator[](size_t rank) const { return Word(rank); }

  size_t memory_bytes() const { return (keys_.capacity() + slots_.capacity()) * sizeof(uint32_t); }

 private:
  // Moves [rank, size) one place up. Whole blocks, so that no call and no loop over single elements is needed; what is
  // moved beyond the end is unused.
  static SEGVEC_INLINE void ShiftUp(uint32_t* values, size_t rank, size_t size) {
    struct Block {
      uint32_t values[kRankBlock];
    };
    const auto load = [&](size_t at) {
      Block block;
      std::memcpy(&block, values + at, sizeof block);
      return block;
    };
    const Block first = load(rank);
    for (size_t end = size; end > rank + kRankBlock; end -= kRankBlock) {
      const Block block = load(end - kRankBlock);
      std::memcpy(values + end - kRankBlock + 1, &block, sizeof block);
    }
    std::memcpy(values + rank + 1, &first, sizeof first);
  }

  SEGVEC_INLINE uint64_t Word(size_t rank) const { return uint64_t{keys_[rank]} << 32 | slots_[rank]; }

  std::vector<uint32_t> keys_;   // sorted, then kRankBlock infinite ones at least
  std::vector<uint32_t> slots_;  // slot << 1 | expanded, then kRankBlock unused ones
  size_t capacity_ = 0;
  size_t size_ = 0;
  size_t cursor_ = 0;
  uint64_t bound_ = 0;
};

}  // namespace segvec
