// Where each id lives: id -> (segment number, slot). Open addressing, in shards so that neither a lookup nor the growth
// of one shard holds anybody up for long. A table that is nearly empty shrinks.
//
// Thread safety: all methods may be called from any thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>
#include <optional>
#include <vector>

#include "base/random.h"

namespace segvec {

struct Location {
  uint32_t segment;
  uint32_t slot;

  friend bool operator==(const Location&, const Location&) = default;
};

class IdMap {
 public:
  // Returns whether the id was new; an id that is already there keeps its location.
  bool Insert(uint64_t id, Location location) {
    Shard& shard = ShardOf(id);
    std::lock_guard lock(shard.mutex);
    if ((shard.count + 1) * 4 > shard.entries.size() * 3) {
      Resize(shard, std::max(kMinSize, shard.entries.size() * 2));
    }
    Entry& entry = Find(shard, id);
    if (entry.segment != kFree) return false;
    entry = {id, location.segment, location.slot};
    ++shard.count;
    return true;
  }

  // Gives an id another location. Needs no memory. REQUIRES: the id is there.
  void Move(uint64_t id, Location location) {
    Shard& shard = ShardOf(id);
    std::lock_guard lock(shard.mutex);
    Find(shard, id) = {id, location.segment, location.slot};
  }

  std::optional<Location> Find(uint64_t id) const {
    const Shard& shard = ShardOf(id);
    std::lock_guard lock(shard.mutex);
    if (shard.entries.empty()) return std::nullopt;
    const Entry& entry = Find(const_cast<Shard&>(shard), id);
    if (entry.segment == kFree) return std::nullopt;
    return Location{entry.segment, entry.slot};
  }

  // Forgets an id, if it is there. Cannot fail.
  void Erase(uint64_t id) {
    Shard& shard = ShardOf(id);
    std::lock_guard lock(shard.mutex);
    if (shard.entries.empty()) return;
    Entry* hole = &Find(shard, id);
    if (hole->segment == kFree) return;
    --shard.count;
    // Close the gap: move back every entry behind it that may not stay beyond a free place.
    const size_t mask = shard.entries.size() - 1;
    size_t free_index = static_cast<size_t>(hole - shard.entries.data());
    for (size_t i = (free_index + 1) & mask; shard.entries[i].segment != kFree; i = (i + 1) & mask) {
      const size_t home = HomeOf(shard.entries[i].id, mask);
      if (((i - home) & mask) < ((i - free_index) & mask)) continue;
      shard.entries[free_index] = shard.entries[i];
      free_index = i;
    }
    shard.entries[free_index].segment = kFree;
    if (shard.entries.size() <= kMinSize || shard.count * kSparseShare > shard.entries.size()) return;
    try {
      Resize(shard, shard.entries.size() / 2);
    } catch (const std::bad_alloc&) {
      // The larger table serves as well.
    }
  }

  // Forgets all ids. Cannot fail.
  void Clear() {
    for (Shard& shard : shards_) {
      std::vector<Entry> old;
      std::lock_guard lock(shard.mutex);
      shard.entries.swap(old);
      shard.count = 0;
    }
  }

  size_t memory_bytes() const {
    size_t bytes = 0;
    for (const Shard& shard : shards_) {
      std::lock_guard lock(shard.mutex);
      bytes += shard.entries.size() * sizeof(Entry);
    }
    return bytes;
  }

 private:
  static constexpr size_t kShardCount = 64;
  static constexpr size_t kMinSize = 8;           // entries of the smallest table
  static constexpr size_t kSparseShare = 8;       // a table with fewer than one entry in so many is halved
  static constexpr uint32_t kFree = 0xFFFFFFFFu;  // no segment has this number

  struct Entry {
    uint64_t id = 0;
    uint32_t segment = kFree;
    uint32_t slot = 0;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::vector<Entry> entries;  // a power of two
    size_t count = 0;
  };

  static size_t HomeOf(uint64_t id, size_t mask) { return (Mix(id) >> 6) & mask; }
  Shard& ShardOf(uint64_t id) { return shards_[Mix(id) % kShardCount]; }
  const Shard& ShardOf(uint64_t id) const { return shards_[Mix(id) % kShardCount]; }

  // The id's entry, or the free one where it belongs. REQUIRES: a free entry exists.
  static Entry& Find(Shard& shard, uint64_t id) {
    const size_t mask = shard.entries.size() - 1;
    size_t i = HomeOf(id, mask);
    while (shard.entries[i].segment != kFree && shard.entries[i].id != id) i = (i + 1) & mask;
    return shard.entries[i];
  }

  // REQUIRES: `size` is a power of two with room for the shard's entries and a free one.
  static void Resize(Shard& shard, size_t size) {
    std::vector<Entry> old(size);
    old.swap(shard.entries);
    for (const Entry& entry : old) {
      if (entry.segment != kFree) Find(shard, entry.id) = entry;
    }
  }

  Shard shards_[kShardCount];
};

}  // namespace segvec
