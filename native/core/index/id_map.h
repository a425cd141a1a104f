// Where each id lives: id -> (segment number, slot). Open addressing, in shards so that neither a lookup nor the growth
// of one shard holds anybody up for long. A table that is nearly empty shrinks.
//
// Thread safety: all methods may be called from any thread.
#pragma once

#include <algorithm>
#include <cmath>
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
    if ((shard.count + 1) * kFullOf > shard.entries.size() * kFull) {
      Resize(shard, std::max(kMinSize, shard.entries.size() + shard.entries.size() / 4));
    }
    Entry& entry = Find(shard, id);
    if (entry.segment != kFree) return false;
    entry = {id, location.segment, location.slot};
    ++shard.count;
    return true;
  }

  // Makes room for `count` ids in all, so that no table, or hardly one, grows while they are inserted. Throws
  // std::bad_alloc.
  void Reserve(size_t count) {
    const double mean = static_cast<double>(count) / kShardCount;
    // Three standard deviations above what a shard gets on average.
    const double most = mean + 3 * std::sqrt(mean);
    const auto size = static_cast<size_t>(most * kFullOf / kFull) + 1;
    for (Shard& shard : shards_) {
      std::lock_guard lock(shard.mutex);
      if (count > 0 && size > shard.entries.size()) Resize(shard, std::max(kMinSize, size));
    }
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
    const size_t size = shard.entries.size();
    const auto distance = [&](size_t from, size_t to) { return to >= from ? to - from : to + size - from; };
    size_t free_index = static_cast<size_t>(hole - shard.entries.data());
    for (size_t i = Next(free_index, size); shard.entries[i].segment != kFree; i = Next(i, size)) {
      if (distance(HomeOf(shard.entries[i].id, size), i) < distance(free_index, i)) continue;
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
  static constexpr size_t kFull = 4, kFullOf = 5;  // a table fuller than this grows, by a quarter: 22 bytes an id on average
  static constexpr size_t kSparseShare = 8;       // a table with fewer than one entry in so many is halved
  static constexpr uint32_t kFree = 0xFFFFFFFFu;  // no segment has this number

  struct Entry {
    uint64_t id = 0;
    uint32_t segment = kFree;
    uint32_t slot = 0;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::vector<Entry> entries;
    size_t count = 0;
  };

  // The upper half of the mixed id, as a fraction of 2^32, of the table's size; the shard takes from the lower half.
  static size_t HomeOf(uint64_t id, size_t size) { return static_cast<size_t>((Mix(id) >> 32) * size >> 32); }
  static size_t Next(size_t i, size_t size) { return i + 1 == size ? 0 : i + 1; }
  Shard& ShardOf(uint64_t id) { return shards_[Mix(id) % kShardCount]; }
  const Shard& ShardOf(uint64_t id) const { return shards_[Mix(id) % kShardCount]; }

  // The id's entry, or the free one where it belongs. REQUIRES: a free entry exists.
  static Entry& Find(Shard& shard, uint64_t id) {
    const size_t size = shard.entries.size();
    size_t i = HomeOf(id, size);
    while (shard.entries[i].segment != kFree && shard.entries[i].id != id) i = Next(i, size);
    return shard.entries[i];
  }

  // REQUIRES: `size` < 2^32, with room for the shard's entries and a free one.
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
