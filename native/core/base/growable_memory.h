// Memory that grows in place: address space is reserved once, pages are committed as they are needed.
//
// Shape: `reserved_bytes` of address space, of which the first `committed_bytes` may be touched; fresh bytes are zero.
// Thread safety: one writer commits; others may read committed bytes, and ask how many there are, meanwhile, because
//                nothing ever moves.
//                Memory that somebody else owns can stand in for it: it is only read, and counts as none of ours.
// Cost: what lies beyond the first 2 MiB is advised to use huge pages, which makes random access 1.15-1.45x faster
//       (shared notes, measured); the first 2 MiB are not, so that a small index stays small, unless all of the memory
//       will be filled anyway.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace segvec {

class GrowableMemory {
 public:
  enum class Use { kGrows, kFillsAtOnce };

  GrowableMemory() = default;
  // Throws kOutOfMemory when the address space cannot be had, or too many mappings are ours already (mappings.h).
  explicit GrowableMemory(size_t reserved_bytes, Use use = Use::kGrows);
  // Memory that `owner` keeps. Never written to, never grown.
  GrowableMemory(const std::byte* data, std::shared_ptr<const void> owner)
      : data_(const_cast<std::byte*>(data)), owner_(std::move(owner)) {}
  ~GrowableMemory();
  GrowableMemory(GrowableMemory&& other) noexcept { Swap(other); }
  GrowableMemory& operator=(GrowableMemory&& other) noexcept {
    Swap(other);
    return *this;
  }

  // Makes the first `bytes` usable; throws kOutOfMemory, leaving things as they were. Never shrinks.
  void Commit(size_t bytes);
  // Gives back the pages beyond the first `bytes`; nothing beyond them may be touched again.
  void Trim(size_t bytes);

  std::byte* data() const { return data_; }
  size_t committed_bytes() const { return committed_.load(std::memory_order_relaxed); }
  size_t reserved_bytes() const { return reserved_; }

 private:
  size_t MappingCount(size_t committed) const;
  void Swap(GrowableMemory& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(reserved_, other.reserved_);
    std::swap(small_, other.small_);
    owner_.swap(other.owner_);
    committed_.store(other.committed_.exchange(committed_bytes(), std::memory_order_relaxed),
                     std::memory_order_relaxed);
  }

  std::byte* data_ = nullptr;
  size_t reserved_ = 0;
  size_t small_ = 0;  // so much at the front is left to small pages
  std::atomic<size_t> committed_{0};
  std::shared_ptr<const void> owner_;
};

// An array of T in growable memory, addressed by element.
template <class T>
class GrowableArray {
 public:
  GrowableArray() = default;
  explicit GrowableArray(size_t reserved_count, GrowableMemory::Use use = GrowableMemory::Use::kGrows)
      : memory_(BytesOf(reserved_count), use) {}
  // An array that `owner` keeps; only to be read.
  GrowableArray(const T* values, std::shared_ptr<const void> owner)
      : memory_(reinterpret_cast<const std::byte*>(values), std::move(owner)) {}

  void Commit(size_t count) { memory_.Commit(BytesOf(count)); }
  void Trim(size_t count) { memory_.Trim(count * sizeof(T)); }

  T* data() const { return reinterpret_cast<T*>(memory_.data()); }
  T& operator[](size_t index) const { return data()[index]; }
  size_t committed_bytes() const { return memory_.committed_bytes(); }

 private:
  // A count whose bytes overflow asks for more than there can be, and is refused as such.
  static constexpr size_t BytesOf(size_t count) {
    return count > SIZE_MAX / sizeof(T) ? SIZE_MAX : count * sizeof(T);
  }

  GrowableMemory memory_;
};

}  // namespace segvec
