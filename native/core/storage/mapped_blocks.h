// The blocks of a mapped segment file that are checked when they are first read.
//
// Thread safety: all methods may be called from any thread; two that meet at a block both check it.
// Cost: a block is checked once, at the speed of memory; after that a bit is tested.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "segment/read_guard.h"
#include "storage/env.h"
#include "storage/section_reader.h"

namespace segvec {

class MappedBlocks : public ReadGuard {
 public:
  // Up to `threads` threads check many slots side by side.
  MappedBlocks(std::shared_ptr<const MappedFile> file, std::string name, int threads)
      : file_(std::move(file)), name_(std::move(name)), threads_(threads) {}

  // REQUIRES: section.is_in_blocks, and `reader` reads the mapped file. To be called before the first
  // Check().
  void Add(Part part, const Section& section, size_t bytes_per_slot, const SectionReader& reader);

  void Check(Part part, uint32_t begin, uint32_t end) const override;
  void Check(Part part, std::span<const uint32_t> slots) const override;
  bool is_done() const override { return unchecked_count_.load(std::memory_order_acquire) == 0; }

 private:
  struct Blocks {
    uint32_t section_type = 0;
    uint64_t offset = 0;  // of the section in the file
    std::span<const std::byte> bytes;
    size_t bytes_per_slot = 0;
    std::vector<uint64_t> checksums;  // empty when the part was checked at once
    mutable std::vector<std::atomic<uint8_t>> is_checked;
  };

  // Calls body(index) for each block that the slots [begin, end) lie in and that has not been checked.
  template <class Body>
  static void ForUnchecked(const Blocks& blocks, uint32_t begin, uint32_t end, const Body& body);
  void CheckBlock(const Blocks& blocks, size_t index) const;

  const std::shared_ptr<const MappedFile> file_;
  const std::string name_;
  const int threads_;
  Blocks parts_[3];
  mutable std::atomic<size_t> unchecked_count_{0};
};

}  // namespace segvec
