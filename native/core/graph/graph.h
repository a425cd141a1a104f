// The links of one segment: a hierarchy of neighbor lists (HNSW, Malkov and Yashunin, arXiv 1603.09320).
//
// Shape: level 0 has a row of 2M links per slot, each upper level a row of M links for the slots that reach it. While the graph
//        is being built a link takes 4 bytes, rows are padded to whole cache lines and end at the first kNil, and every slot has a
//        count of the links to it. A finished one may be Narrowed(): rows without padding, of links that take as few bytes as tell its
//        slots apart, all of whose bits are set in the one that ends a row.
// Thread safety: one writer; readers may walk the graph meanwhile. A link is stored (release) only after everything
//        about its target is in place, and read with acquire.
// Invariant: a row never moves; a link points to a slot whose own row has been written.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/growable_memory.h"
#include "distance/target.h"
#include "graph/links.h"

namespace segvec {

inline constexpr uint32_t kMaxSlots = 1u << 31;  // candidate_pool.h keeps a flag in the highest bit's place
inline constexpr uint32_t kMaxLevel = 15;
inline constexpr uint32_t kMinM = 2, kMaxM = 128;
inline constexpr size_t kLineBytes = 64;  // of the cache
inline constexpr uint32_t kMaxEfConstruction = 4096;

class Graph {
 public:
  struct Entry {
    uint32_t slot = kNil;  // kNil: the graph is empty
    uint32_t level = 0;
  };

  // A finished graph as plain data. Upper rows are in the order of their slots, and of the levels of a slot.
  struct Parts {
    GrowableArray<uint8_t> levels;              // per slot
    uint32_t link_bytes = kWideLinkBytes;       // or NarrowLinkBytes(slots)
    GrowableArray<uint8_t> links, upper_links;  // rows of RowBytes()
    Entry entry;
  };

  Graph(uint32_t capacity, uint32_t M);
  // REQUIRES: levels of at most kMaxLevel, a row for each slot and level, an entry that is a slot.
  Graph(uint32_t slot_count, uint32_t M, Parts&& parts);

  // What a row takes in memory.
  static size_t RowBytes(uint32_t M, uint32_t level, uint32_t link_bytes);

  // The same graph with narrow links, without counts of them, and without room for more slots; null where links cannot be narrower.
  // `poll` is called now and then. REQUIRES: nobody writes meanwhile. Throws kOutOfMemory.
  std::unique_ptr<Graph> Narrowed(uint32_t slot_count, const std::function<void()>& poll) const;

  // The same graph over the same slots under other numbers, in which more can be linked: order[slot] is the present number of a slot.
  // `poll` is called now and then. REQUIRES: links are wide; nobody writes meanwhile; all slots are in `order`. Throws kOutOfMemory.
  std::unique_ptr<Graph> Renumbered(const std::vector<uint32_t>& order, const std::function<void()>& poll) const;

  // Makes room for the slots below `slot_count`. Throws kOutOfMemory.
  void Commit(uint32_t slot_count);
  // Prepares the empty rows of `slot` up to `level`; returns the level it got, lower only when the room for upper
  // rows is used up. REQUIRES: Commit(slot + 1); slots get their rows in their order.
  uint32_t AddRows(uint32_t slot, uint32_t level);
  // The upper rows in use; AddRows calls can be taken back by restoring it. REQUIRES: nothing links to them yet.
  size_t upper_row_count() const { return upper_row_count_; }
  void RestoreUpperRowCount(size_t count) { upper_row_count_ = count; }
  void FreeLinkCounts();
  void Trim(uint32_t slot_count);

  uint32_t M() const { return M_; }
  // The highest level that `slot` has a row on.
  uint32_t LevelOf(uint32_t slot) const { return levels_[slot]; }
  uint32_t RowCapacity(uint32_t level) const { return level == 0 ? 2 * M_ : M_; }
  uint32_t link_bytes() const { return link_bytes_; }
  size_t RowBytes(uint32_t level) const { return level == 0 ? row_bytes_ : upper_row_bytes_; }
  // Where a row begins.
  const uint8_t* Row(uint32_t slot, uint32_t level) const {
    if (level == 0) return links_.data() + size_t{slot} * row_bytes_;
    return upper_links_.data() + (UpperStart(slot) + level - 1) * upper_row_bytes_;
  }
  // Calls body(slot) for each link of a row, which may be changed meanwhile.
  template <class Body>
  SEGVEC_INLINE void ForLinks(uint32_t slot, uint32_t level, const Body& body) const {
    const uint8_t* row = Row(slot, level);
    const size_t capacity = RowCapacity(level);
    switch (link_bytes_) {
      case 2: return segvec::ForLinks<2>(row, capacity, body);
      case 3: return segvec::ForLinks<3>(row, capacity, body);
      default: return segvec::ForLinks<kWideLinkBytes>(row, capacity, body);
    }
  }

  // A link of a row, which may be changed meanwhile; kNil behind the last. REQUIRES: `i` is below RowCapacity().
  uint32_t LinkAt(uint32_t slot, uint32_t level, size_t i) const {
    return WithLinkBytes(link_bytes_, [&]<uint32_t kBytes>() {
      const uint32_t link = ReadLink<kBytes>(Row(slot, level), i);
      return link == kNilOf<kBytes> ? kNil : link;
    });
  }

  // A row to write to. REQUIRES: links are wide.
  uint32_t* Links(uint32_t slot, uint32_t level) {
    return reinterpret_cast<uint32_t*>(const_cast<uint8_t*>(Row(slot, level)));
  }
  const uint32_t* Links(uint32_t slot, uint32_t level) const {
    return reinterpret_cast<const uint32_t*>(Row(slot, level));
  }

  // The links of a row. REQUIRES: links are wide; no other thread changes it.
  size_t Degree(uint32_t slot, uint32_t level) const {
    const uint32_t* links = Links(slot, level);
    return static_cast<size_t>(std::find(links, links + RowCapacity(level), kNil) - links);
  }

  // Links to `slot` on level 0. While building only; workers may count at the same time.
  uint16_t in_degree(uint32_t slot) const { return in_degrees_[slot]; }
  void CountLink(uint32_t slot, int change) {
    AddTo(in_degrees_[slot], static_cast<uint16_t>(change));
  }

  Entry entry() const {
    const uint64_t packed = entry_.load(std::memory_order_acquire);
    return {static_cast<uint32_t>(packed), static_cast<uint32_t>(packed >> 32)};
  }
  void SetEntry(Entry entry) {
    entry_.store(uint64_t{entry.level} << 32 | entry.slot, std::memory_order_release);
  }

  size_t memory_bytes() const;
  // A hash over everything a reader can see, for the tests that builds repeat byte for byte.
  uint64_t Fingerprint(uint32_t slot_count) const;

 private:
  // Few slots have upper rows, so that a start for each would be 4 bytes a vector for nearly nothing.
  static constexpr uint32_t kSlotsPerStart = 8;

  // The first upper row of `slot`, if it has one: that many have the slots before it.
  size_t UpperStart(uint32_t slot) const {
    size_t start = upper_starts_[slot / kSlotsPerStart];
    for (uint32_t before = slot - slot % kSlotsPerStart; before < slot; ++before) start += levels_[before];
    return start;
  }
  static size_t StartCount(uint32_t slot_count) { return (size_t{slot_count} + kSlotsPerStart - 1) / kSlotsPerStart; }

  uint32_t capacity_, M_;
  uint32_t link_bytes_ = kWideLinkBytes;
  size_t row_bytes_, upper_row_bytes_;
  size_t upper_row_capacity_;
  size_t upper_row_count_ = 0;
  GrowableArray<uint8_t> links_;          // row_bytes_ per slot
  GrowableArray<uint8_t> upper_links_;    // upper_row_bytes_ per row
  GrowableArray<uint16_t> in_degrees_;    // per slot
  GrowableArray<uint8_t> levels_;         // per slot
  GrowableArray<uint32_t> upper_starts_;  // UpperStart() of every kSlotsPerStart-th slot
  std::atomic<uint64_t> entry_{kNil};
};

}  // namespace segvec
