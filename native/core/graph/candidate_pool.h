// The nearest slots a search has met, sorted, at most `capacity` of them; and which of them it has yet to expand.
//
// One sorted array serves as both heaps of the paper's Algorithm 2: a candidate that falls off the end could not have
// become a result. An entry is one word, (order key, slot, expanded), so that a comparison settles distance and tie.
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
  static constexpr uint64_t kExpanded = 1;
  static constexpr uint64_t Entry(uint32_t key, uint32_t slot) { return uint64_t{key} << 32 | uint64_t{slot} << 1; }
  static constexpr uint32_t KeyOf(uint64_t entry) { return static_cast<uint32_t>(entry >> 32); }
  static constexpr uint32_t SlotOf(uint64_t entry) { return static_cast<uint32_t>(entry) >> 1; }

  // REQUIRES: capacity > 0.
  void Begin(size_t capacity) {
    if (entries_.size() <= capacity) entries_.resize(capacity + 1);
    capacity_ = capacity;
    size_ = 0;
    cursor_ = 0;
    bound_ = ~uint64_t{0};
  }

  // Whether an entry would get in: everything does until the pool is full.
  SEGVEC_INLINE bool Accepts(uint64_t entry) const { return entry < bound_; }
  uint64_t bound() const { return bound_; }

  // REQUIRES: Accepts(entry), and its slot is not in the pool.
  SEGVEC_INLINE void Insert(uint64_t entry) {
    const uint64_t* base = entries_.data();
    size_t low = 0;
    for (size_t count = size_; count > 0;) {  // lower bound without unpredictable branches
      const size_t half = (count + 1) / 2;
      low += base[low + half - 1] < entry ? half : 0;
      count -= half;
    }
    uint64_t* at = entries_.data() + low;
    std::memmove(at + 1, at, (size_ - low) * sizeof(uint64_t));
    *at = entry;
    if (size_ < capacity_) ++size_;
    if (size_ == capacity_) bound_ = entries_[size_ - 1] & ~kExpanded;
    if (low < cursor_) cursor_ = low;
  }

  // Marks the nearest entry that has not been expanded and returns its slot; kNil when there is none.
  SEGVEC_INLINE uint32_t TakeNearest() {
    if (cursor_ == size_) return kNil;
    const uint32_t slot = SlotOf(entries_[cursor_]);
    entries_[cursor_] |= kExpanded;
    do {
      ++cursor_;
    } while (cursor_ < size_ && (entries_[cursor_] & kExpanded) != 0);
    return slot;
  }
  // The slot TakeNearest would return.
  SEGVEC_INLINE uint32_t PeekNearest() const { return cursor_ < size_ ? SlotOf(entries_[cursor_]) : kNil; }

  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  uint64_t operator[](size_t rank) const { return entries_[rank]; }
  const uint64_t* begin() const { return entries_.data(); }
  const uint64_t* end() const { return entries_.data() + size_; }

 private:
  std::vector<uint64_t> entries_;
  size_t capacity_ = 0;
  size_t size_ = 0;
  size_t cursor_ = 0;
  uint64_t bound_ = 0;
};

}  // namespace segvec
