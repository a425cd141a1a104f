// The slots a search has seen. Cleared in no time: each word carries the number of the search that wrote it.
//
// Shape: one 64-bit word and one 16-bit tag per 64 slots, 1.25 bits a slot, so that it stays in the first caches.
// Thread safety: one search at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "distance/target.h"

namespace segvec {

class VisitedSet {
 public:
  // Starts an empty set for slots below `slot_count`.
  void Begin(size_t slot_count) {
    slot_count_ = slot_count;
    if (words_.size() * 64 < slot_count) {
      // The words last: should either fail, the next search tries again.
      tags_.resize((slot_count + 63) / 64);
      words_.resize(tags_.size());
    }
    if (++tag_ == 0) {
      std::fill(tags_.begin(), tags_.end(), uint16_t{0});
      tag_ = 1;
    }
  }

  // The set as a loop over many slots holds it, which then need not read it anew for each. Valid until the next Begin().
  class Marks {
   public:
    // As VisitedSet::Insert. No branch depends on the set: whether a slot was seen cannot be predicted.
    SEGVEC_INLINE bool Insert(uint32_t slot) const {
      if (slot >= slot_count_) [[unlikely]] return false;
      const size_t index = slot / 64;
      const uint64_t word = words_[index] & (tags_[index] == tag_ ? ~uint64_t{0} : 0);
      tags_[index] = tag_;
      words_[index] = word | uint64_t{1} << (slot % 64);
      return (word >> (slot % 64) & 1) == 0;
    }

   private:
    friend class VisitedSet;
    Marks(uint64_t* words, uint16_t* tags, size_t slot_count, uint16_t tag)
        : words_(words), tags_(tags), slot_count_(slot_count), tag_(tag) {}

    uint64_t* words_;
    uint16_t* tags_;
    size_t slot_count_;
    uint16_t tag_;
  };
  SEGVEC_INLINE Marks marks() { return {words_.data(), tags_.data(), slot_count_, tag_}; }

  // Adds `slot`; returns whether it was new. A slot beyond the set counts as seen, so that no link, however
  // wrong, leads anywhere.
  SEGVEC_INLINE bool Insert(uint32_t slot) { return marks().Insert(slot); }

  size_t memory_bytes() const { return words_.capacity() * sizeof(uint64_t) + tags_.capacity() * sizeof(uint16_t); }

 private:
  std::vector<uint64_t> words_;
  std::vector<uint16_t> tags_;
  size_t slot_count_ = 0;
  uint16_t tag_ = 0;
};

}  // namespace segvec
