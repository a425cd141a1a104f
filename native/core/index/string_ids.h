// Gives each string id a number, so that all else deals with 64-bit ids only, and remembers the strings' own order.
//
// Thread safety: all methods may be called from any thread.
// Invariant: a number keeps its text until Release, and never gets another one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "base/random.h"
#include "graph/nearest.h"

namespace segvec {

// Numbers count up from 0, and this one cannot have been reached, but by a file that somebody has made up.
inline constexpr uint64_t kMostStringNumber = uint64_t{1} << 48;

class StringIds : public IdOrder {
 public:
  // Orders strings by their UTF-8 bytes, which is the order of their code points.
  bool Less(uint64_t a, uint64_t b) const override { return Text(a) < Text(b); }

  // The number of `text`, and whether it is a new one. Throws kInvalidId when none is left, std::bad_alloc.
  std::pair<uint64_t, bool> Intern(std::string_view text) {
    const size_t index = ShardOf(text);
    Shard& shard = shards_[index];
    std::lock_guard lock(shard.mutex);
    if (const auto found = shard.numbers.find(text); found != shard.numbers.end()) return {found->second, false};
    const uint64_t number = shard.next * kShardCount + index;
    if (number > kMostStringNumber) throw Error(ErrorCode::kInvalidId, "no numbers are left for new string ids");
    const auto added = shard.texts.emplace(number, text).first;
    try {
      shard.numbers.emplace(added->second, number);
    } catch (...) {
      shard.texts.erase(added);
      throw;
    }
    ++shard.next;
    shard.text_bytes += text.size();
    return {number, true};
  }

  // Gives a text the number that it had in another life; returns whether both were free, and fit each other.
  bool Restore(uint64_t number, std::string_view text) {
    if (number % kShardCount != ShardOf(text)) return false;
    Shard& shard = shards_[ShardOf(text)];
    std::lock_guard lock(shard.mutex);
    const auto [added, is_new] = shard.texts.emplace(number, text);
    if (!is_new) return false;
    if (!shard.numbers.emplace(added->second, number).second) {
      shard.texts.erase(added);
      return false;
    }
    shard.next = std::max(shard.next, number / kShardCount + 1);
    shard.text_bytes += text.size();
    return true;
  }

  // New texts get numbers above this one from now on.
  void SkipBeyond(uint64_t number) {
    for (Shard& shard : shards_) {
      std::lock_guard lock(shard.mutex);
      shard.next = std::max(shard.next, number / kShardCount + 1);
    }
  }

  std::optional<uint64_t> Find(std::string_view text) const {
    const Shard& shard = shards_[ShardOf(text)];
    std::lock_guard lock(shard.mutex);
    const auto found = shard.numbers.find(text);
    return found == shard.numbers.end() ? std::nullopt : std::optional(found->second);
  }

  // REQUIRES: `number` came from Intern and has not been released.
  std::string Text(uint64_t number) const {
    const Shard& shard = shards_[number % kShardCount];
    std::lock_guard lock(shard.mutex);
    return shard.texts.find(number)->second;
  }

  // From now on the text has no number, and would get a new one; the number still has its text. Cannot fail.
  // REQUIRES: `number` came from Intern and has not been released.
  void Forget(uint64_t number) {
    Shard& shard = shards_[number % kShardCount];
    std::lock_guard lock(shard.mutex);
    Forget(shard, number, shard.texts.find(number)->second);
  }

  // Takes a number out of use, its text too unless that has another number by now. Cannot fail.
  // REQUIRES: `number` came from Intern and has not been released.
  void Release(uint64_t number) {
    Shard& shard = shards_[number % kShardCount];
    std::lock_guard lock(shard.mutex);
    const auto at = shard.texts.find(number);
    Forget(shard, number, at->second);
    shard.text_bytes -= at->second.size();
    shard.texts.erase(at);
    ShrinkIfSparse(shard.texts);
  }

  size_t memory_bytes() const {
    size_t bytes = 0;
    for (const Shard& shard : shards_) {
      std::lock_guard lock(shard.mutex);
      bytes += shard.text_bytes + shard.texts.size() * kTextNodeBytes +
               shard.numbers.size() * kNumberNodeBytes +
               (shard.texts.bucket_count() + shard.numbers.bucket_count()) * sizeof(void*);
    }
    return bytes;
  }

 private:
  static constexpr size_t kShardCount = 64;
  // Hash nodes: what they hold, a link, and for the texts a cached hash.
  static constexpr size_t kTextNodeBytes = sizeof(void*) + sizeof(uint64_t) + sizeof(std::string);
  static constexpr size_t kNumberNodeBytes = 2 * sizeof(void*) + sizeof(std::string_view) + sizeof(uint64_t);
  static constexpr size_t kSparseShare = 8;

  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<uint64_t, std::string> texts;  // its elements never move, so the other map may point to them
    std::unordered_map<std::string_view, uint64_t> numbers;
    uint64_t next = 0;  // numbers are not used again: a lookup under way may still hold an old one
    size_t text_bytes = 0;
  };

  // FNV-1a (RFC 9923), mixed: the shard of a text is part of its number, which is on disk.
  static size_t ShardOf(std::string_view text) {
    uint64_t hash = 0xcbf29ce484222325;
    for (const char character : text) hash = (hash ^ static_cast<unsigned char>(character)) * 0x100000001b3;
    return Mix(hash) % kShardCount;
  }

  static void Forget(Shard& shard, uint64_t number, const std::string& text) {
    const auto at = shard.numbers.find(text);
    if (at == shard.numbers.end() || at->second != number) return;
    shard.numbers.erase(at);
    ShrinkIfSparse(shard.numbers);
  }

  template <class Map>
  static void ShrinkIfSparse(Map& map) {
    constexpr size_t kFewBuckets = 64;
    if (map.bucket_count() <= kFewBuckets || map.size() * kSparseShare > map.bucket_count()) return;
    try {
      map.rehash(2 * map.size());
    } catch (const std::bad_alloc&) {
      // The larger table serves as well.
    }
  }

  Shard shards_[kShardCount];
};

}  // namespace segvec
