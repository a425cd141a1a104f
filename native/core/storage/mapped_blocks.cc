#include "storage/mapped_blocks.h"

#include <algorithm>

#include "base/error.h"
#include "base/thread_pool.h"
#include "storage/checksum.h"

namespace segvec {
namespace {

// Fewer are checked sooner than a thread wakes up.
constexpr size_t kWorthHelp = 16;

}  // namespace

void MappedBlocks::Add(Part part, const Section& section, size_t bytes_per_slot,
                       const SectionReader& reader) {
  Blocks& blocks = parts_[static_cast<size_t>(part)];
  const std::span<const uint64_t> checksums = reader.BlockChecksums(section);
  blocks.section_type = section.type;
  blocks.offset = section.offset;
  blocks.bytes = file_->bytes().subspan(section.offset, section.size);
  blocks.bytes_per_slot = bytes_per_slot;
  blocks.checksums.assign(checksums.begin(), checksums.end());
  blocks.is_checked = std::vector<std::atomic<uint8_t>>(checksums.size());
  unchecked_count_ += checksums.size();
}

template <class Body>
void MappedBlocks::ForUnchecked(const Blocks& blocks, uint32_t begin, uint32_t end, const Body& body) {
  if (blocks.checksums.empty()) return;
  const size_t first = begin * blocks.bytes_per_slot / kBlockBytes;
  const size_t last = (end * blocks.bytes_per_slot - 1) / kBlockBytes;
  for (size_t index = first; index <= last; ++index) {
    if (blocks.is_checked[index].load(std::memory_order_relaxed) == 0) body(index);
  }
}

void MappedBlocks::Check(Part part, uint32_t begin, uint32_t end) const {
  const Blocks& blocks = parts_[static_cast<size_t>(part)];
  ForUnchecked(blocks, begin, end, [&](size_t index) { CheckBlock(blocks, index); });
}

void MappedBlocks::Check(Part part, std::span<const uint32_t> slots) const {
  const Blocks& blocks = parts_[static_cast<size_t>(part)];
  std::vector<size_t> unchecked;
  for (const uint32_t slot : slots) {
    ForUnchecked(blocks, slot, slot + 1, [&](size_t index) { unchecked.push_back(index); });
  }
  std::ranges::sort(unchecked);
  const auto repeated = std::ranges::unique(unchecked);
  unchecked.erase(repeated.begin(), repeated.end());
  ThreadPool::Shared().ParallelForIfIdle(unchecked.size(), unchecked.size() < kWorthHelp ? 1 : threads_,
                                         [&](size_t i) { CheckBlock(blocks, unchecked[i]); });
}

void MappedBlocks::CheckBlock(const Blocks& blocks, size_t index) const {
  const size_t begin = index * kBlockBytes;
  const size_t size = std::min(kBlockBytes, blocks.bytes.size() - begin);
  if (Checksum(blocks.bytes.subspan(begin, size)) != blocks.checksums[index]) {
    throw DamageAt(name_, blocks.offset + begin, "section '" + SectionName(blocks.section_type) + "'",
                   "the checksum of a block of 64 KiB is wrong");
  }
  // Of several threads that met at the block one counts it.
  unchecked_count_.fetch_sub(size_t{1} - blocks.is_checked[index].exchange(1), std::memory_order_release);
}

}  // namespace segvec
