#include "graph/graph.h"

#include <algorithm>
#include <utility>

#include "base/random.h"

namespace segvec {
namespace {

size_t PadToLine(size_t links) { return (links + kLinksPerLine - 1) / kLinksPerLine * kLinksPerLine; }

}  // namespace

// A slot has 1 / (M - 1) upper rows on average; a quarter more and a little is never missed in practice.
Graph::Graph(uint32_t capacity, uint32_t M)
    : capacity_(capacity),
      M_(M),
      stride0_(RowStride(M, 0)),
      upper_stride_(RowStride(M, 1)),
      upper_row_capacity_(capacity / (M - 1) + capacity / (4 * (M - 1)) + 1024),
      links0_(capacity * stride0_),
      upper_links_(upper_row_capacity_ * upper_stride_),
      in_degrees_(capacity),
      levels_(capacity),
      upper_starts_(StartCount(capacity)) {}

Graph::Graph(uint32_t slot_count, uint32_t M, Parts&& parts)
    : capacity_(slot_count),
      M_(M),
      stride0_(RowStride(M, 0)),
      upper_stride_(RowStride(M, 1)),
      upper_row_capacity_(0),
      links0_(std::move(parts.links)),
      upper_links_(std::move(parts.upper_links)),
      levels_(std::move(parts.levels)),
      upper_starts_(StartCount(slot_count)) {
  upper_starts_.Commit(StartCount(slot_count));
  for (uint32_t slot = 0; slot < slot_count; ++slot) {
    if (slot % kSlotsPerStart == 0) upper_starts_[slot / kSlotsPerStart] = static_cast<uint32_t>(upper_row_count_);
    upper_row_count_ += levels_[slot];
  }
  upper_row_capacity_ = upper_row_count_;
  SetEntry(parts.entry);
}

size_t Graph::RowStride(uint32_t M, uint32_t level) { return PadToLine(level == 0 ? 2 * M : M); }

void Graph::Commit(uint32_t slot_count) {
  links0_.Commit(slot_count * stride0_);
  in_degrees_.Commit(slot_count);
  levels_.Commit(slot_count);
  upper_starts_.Commit(StartCount(slot_count));
  const size_t upper_rows = std::min<size_t>(upper_row_capacity_, slot_count / (M_ - 1) + slot_count / (4 * (M_ - 1)) + 1024);
  upper_links_.Commit(upper_rows * upper_stride_);
}

uint32_t Graph::AddRows(uint32_t slot, uint32_t level) {
  const size_t committed_rows = upper_links_.committed_bytes() / (upper_stride_ * sizeof(uint32_t));
  const size_t free_rows = std::min(upper_row_capacity_, committed_rows) - upper_row_count_;
  level = static_cast<uint32_t>(std::min<size_t>(level, free_rows));
  in_degrees_[slot] = 0;
  levels_[slot] = static_cast<uint8_t>(level);
  if (slot % kSlotsPerStart == 0) upper_starts_[slot / kSlotsPerStart] = static_cast<uint32_t>(upper_row_count_);
  upper_row_count_ += level;
  for (uint32_t l = 0; l <= level; ++l) {
    uint32_t* links = Links(slot, l);
    std::fill(links, links + (l == 0 ? stride0_ : upper_stride_), kNil);
  }
  return level;
}

void Graph::FreeLinkCounts() { in_degrees_ = GrowableArray<uint16_t>(); }

void Graph::Trim(uint32_t slot_count) {
  links0_.Trim(slot_count * stride0_);
  in_degrees_.Trim(slot_count);
  upper_starts_.Trim(StartCount(slot_count));
  levels_.Trim(slot_count);
  upper_links_.Trim(upper_row_count_ * upper_stride_);
}

size_t Graph::memory_bytes() const {
  return links0_.committed_bytes() + upper_links_.committed_bytes() + in_degrees_.committed_bytes() +
         levels_.committed_bytes() + upper_starts_.committed_bytes();
}

uint64_t Graph::Fingerprint(uint32_t slot_count) const {
  const Entry start = entry();
  uint64_t hash = Mix(uint64_t{start.level} << 32 | start.slot);
  const auto add = [&hash](const auto* values, size_t count) {
    for (size_t i = 0; i < count; ++i) hash = Mix(hash ^ values[i]);
  };
  if (start.slot == kNil) return hash;
  add(links0_.data(), slot_count * stride0_);
  add(levels_.data(), slot_count);
  add(upper_links_.data(), upper_row_count_ * upper_stride_);
  return hash;
}

}  // namespace segvec
