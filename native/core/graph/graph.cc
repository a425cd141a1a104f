#include "graph/graph.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/random.h"

namespace segvec {
namespace {

// Rows that are copied between two calls of poll.
constexpr uint32_t kRowsPerPoll = 4096;

size_t PadToLine(size_t bytes) { return (bytes + kLineBytes - 1) / kLineBytes * kLineBytes; }

}  // namespace

// A slot has 1 / (M - 1) upper rows on average; a quarter more and a little is never missed in practice.
Graph::Graph(uint32_t capacity, uint32_t M)
    : capacity_(capacity),
      M_(M),
      row_bytes_(RowBytes(M, 0, kWideLinkBytes)),
      upper_row_bytes_(RowBytes(M, 1, kWideLinkBytes)),
      upper_row_capacity_(capacity / (M - 1) + capacity / (4 * (M - 1)) + 1024),
      links_(capacity * row_bytes_),
      upper_links_(upper_row_capacity_ * upper_row_bytes_),
      in_degrees_(capacity),
      levels_(capacity),
      upper_starts_(StartCount(capacity)) {}

Graph::Graph(uint32_t slot_count, uint32_t M, Parts&& parts)
    : capacity_(slot_count),
      M_(M),
      link_bytes_(parts.link_bytes),
      row_bytes_(RowBytes(M, 0, link_bytes_)),
      upper_row_bytes_(RowBytes(M, 1, link_bytes_)),
      upper_row_capacity_(0),
      links_(std::move(parts.links)),
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

size_t Graph::RowBytes(uint32_t M, uint32_t level, uint32_t link_bytes) {
  const size_t bytes = size_t{level == 0 ? 2 * M : M} * link_bytes;
  return link_bytes == kWideLinkBytes ? PadToLine(bytes) : bytes;
}

std::unique_ptr<Graph> Graph::Narrowed(uint32_t slot_count, const std::function<void()>& poll) const {
  Parts parts;
  parts.entry = entry();
  parts.link_bytes = NarrowLinkBytes(slot_count);
  if (parts.link_bytes == kWideLinkBytes) return nullptr;
  const auto make = [](GrowableArray<uint8_t>& array, size_t size) {
    array = GrowableArray<uint8_t>(size, GrowableMemory::Use::kFillsAtOnce);
    array.Commit(size);
  };
  make(parts.levels, slot_count);
  make(parts.links, slot_count * RowBytes(M_, 0, parts.link_bytes));
  make(parts.upper_links, upper_row_count_ * RowBytes(M_, 1, parts.link_bytes));
  uint8_t *row = parts.links.data(), *upper_row = parts.upper_links.data();
  // Both kinds end a row with bits that are all set, so that the lower bytes of each link are all there is to it.
  const auto narrow = [&](const uint32_t* links, uint32_t level, uint8_t* to) {
    for (size_t i = 0; i < RowCapacity(level); ++i, to += parts.link_bytes) std::memcpy(to, &links[i], parts.link_bytes);
    return to;
  };
  for (uint32_t slot = 0; slot < slot_count; ++slot) {
    if (slot % kRowsPerPoll == 0) poll();
    parts.levels[slot] = levels_[slot];
    row = narrow(Links(slot, 0), 0, row);
    for (uint32_t level = 1; level <= levels_[slot]; ++level) upper_row = narrow(Links(slot, level), level, upper_row);
  }
  return std::make_unique<Graph>(slot_count, M_, std::move(parts));
}

std::unique_ptr<Graph> Graph::Renumbered(const std::vector<uint32_t>& order, const std::function<void()>& poll) const {
  const auto slot_count = static_cast<uint32_t>(order.size());
  auto graph = std::make_unique<Graph>(capacity_, M_);
  graph->Commit(slot_count);
  std::vector<uint32_t> numbers(slot_count);
  for (uint32_t slot = 0; slot < slot_count; ++slot) {
    numbers[order[slot]] = slot;
    graph->AddRows(slot, levels_[order[slot]]);
    graph->in_degrees_[slot] = in_degrees_[order[slot]];
  }
  for (uint32_t slot = 0; slot < slot_count; ++slot) {
    if (slot % kRowsPerPoll == 0) poll();
    for (uint32_t level = 0; level <= graph->levels_[slot]; ++level) {
      uint32_t* to = graph->Links(slot, level);
      ForLinks(order[slot], level, [&](uint32_t link) { *to++ = numbers[link]; });
    }
  }
  graph->SetEntry({numbers[entry().slot], entry().level});
  return graph;
}

void Graph::Commit(uint32_t slot_count) {
  links_.Commit(slot_count * row_bytes_);
  in_degrees_.Commit(slot_count);
  levels_.Commit(slot_count);
  upper_starts_.Commit(StartCount(slot_count));
  const size_t upper_rows = std::min<size_t>(upper_row_capacity_, slot_count / (M_ - 1) + slot_count / (4 * (M_ - 1)) + 1024);
  upper_links_.Commit(upper_rows * upper_row_bytes_);
}

uint32_t Graph::AddRows(uint32_t slot, uint32_t level) {
  const size_t committed_rows = upper_links_.committed_bytes() / upper_row_bytes_;
  const size_t free_rows = std::min(upper_row_capacity_, committed_rows) - upper_row_count_;
  level = static_cast<uint32_t>(std::min<size_t>(level, free_rows));
  in_degrees_[slot] = 0;
  levels_[slot] = static_cast<uint8_t>(level);
  if (slot % kSlotsPerStart == 0) upper_starts_[slot / kSlotsPerStart] = static_cast<uint32_t>(upper_row_count_);
  upper_row_count_ += level;
  for (uint32_t l = 0; l <= level; ++l) {
    uint32_t* links = Links(slot, l);
    std::fill(links, links + RowBytes(l) / sizeof(uint32_t), kNil);
  }
  return level;
}

void Graph::FreeLinkCounts() { in_degrees_ = GrowableArray<uint16_t>(); }

void Graph::Trim(uint32_t slot_count) {
  links_.Trim(slot_count * row_bytes_);
  in_degrees_.Trim(slot_count);
  upper_starts_.Trim(StartCount(slot_count));
  levels_.Trim(slot_count);
  upper_links_.Trim(upper_row_count_ * upper_row_bytes_);
}

size_t Graph::memory_bytes() const {
  return links_.committed_bytes() + upper_links_.committed_bytes() + in_degrees_.committed_bytes() +
         levels_.committed_bytes() + upper_starts_.committed_bytes();
}

uint64_t Graph::Fingerprint(uint32_t slot_count) const {
  const Entry start = entry();
  uint64_t hash = Mix(uint64_t{start.level} << 32 | start.slot);
  if (start.slot == kNil) return hash;
  for (uint32_t slot = 0; slot < slot_count; ++slot) {
    for (uint32_t level = 0; level <= levels_[slot]; ++level) {
      hash = Mix(hash ^ level);
      ForLinks(slot, level, [&hash](uint32_t link) { hash = Mix(hash ^ link); });
    }
  }
  return hash;
}

}  // namespace segvec
