// A set of slot numbers as bits. Immutable once shared: writers copy, change the copy and publish it.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace segvec {

class Bitset {
 public:
  explicit Bitset(size_t bit_count = 0) : words_((bit_count + 63) / 64) {}

  // False for bits beyond the end.
  bool Test(size_t bit) const {
    const size_t word = bit / 64;
    return word < words_.size() && (words_[word] >> (bit % 64) & 1) != 0;
  }

  // The bits [64 index, 64 index + 64), the first of them lowest; clear beyond the end.
  uint64_t Word(size_t index) const { return index < words_.size() ? words_[index] : 0; }

  // Grows as needed; returns whether the bit was clear.
  bool Set(size_t bit) {
    const size_t word = bit / 64;
    if (word >= words_.size()) words_.resize(word + 1);
    const uint64_t mask = uint64_t{1} << (bit % 64);
    if ((words_[word] & mask) != 0) return false;
    words_[word] |= mask;
    ++set_count_;
    return true;
  }

  // The bits of `words`, lowest first. Zero words at the end are as good as none.
  static Bitset FromWords(std::vector<uint64_t> words) {
    Bitset bitset;
    bitset.words_ = std::move(words);
    for (const uint64_t word : bitset.words_) bitset.set_count_ += static_cast<size_t>(std::popcount(word));
    return bitset;
  }
  std::span<const uint64_t> words() const { return words_; }

  size_t set_count() const { return set_count_; }
  size_t memory_bytes() const { return words_.capacity() * sizeof(uint64_t); }

 private:
  std::vector<uint64_t> words_;
  size_t set_count_ = 0;
};

}  // namespace segvec
