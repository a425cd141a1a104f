// Gives each string id a number, so that all else deals with 64-bit ids only, and remembers the strings' own order.
//
// Thread safety: all methods may be called from any thread.
// Invariant: a number keeps its string until Release.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "graph/nearest.h"

namespace segvec {

class StringIds : public IdOrder {
 public:
  // Orders strings by their UTF-8 bytes, which is the order of their code points.
  bool Less(uint64_t a, uint64_t b) const override { return Text(a) < Text(b); }

  // The number of `text`, and whether it is a new one.
  std::pair<uint64_t, bool> Intern(std::string_view text) {
    const size_t index = std::hash<std::string_view>()(text) % kShardCount;
    Shard& shard = shards_[index];
    std::lock_guard lock(shard.mutex);
    if (const auto found = shard.numbers.find(text); found != shard.numbers.end()) return {found->second, false};
    shard.texts.emplace_back(text);
    const uint64_t number = (shard.texts.size() - 1) * kShardCount + index;
    try {
      shard.numbers.emplace(shard.texts.back(), number);
    } catch (...) {
      shard.texts.pop_back();
      throw;
    }
    shard.text_bytes += text.size();
    return {number, true};
  }

  std::optional<uint64_t> Find(std::string_view text) const {
    const Shard& shard = shards_[std::hash<std::string_view>()(text) % kShardCount];
    std::lock_guard lock(shard.mutex);
    const auto found = shard.numbers.find(text);
    return found == shard.numbers.end() ? std::nullopt : std::optional(found->second);
  }

  // REQUIRES: `number` came from Intern.
  std::string Text(uint64_t number) const {
    const Shard& shard = shards_[number % kShardCount];
    std::lock_guard lock(shard.mutex);
    return shard.texts[number / kShardCount];
  }

  // Takes back the newest Intern that is left. REQUIRES: calls come in the reverse order of the interning.
  void Release(uint64_t number) {
    Shard& shard = shards_[number % kShardCount];
    std::lock_guard lock(shard.mutex);
    shard.text_bytes -= shard.texts.back().size();
    shard.numbers.erase(shard.texts.back());
    shard.texts.pop_back();
  }

  size_t memory_bytes() const {
    size_t bytes = 0;
    for (const Shard& shard : shards_) {
      std::lock_guard lock(shard.mutex);
      bytes += shard.text_bytes + shard.texts.size() * (sizeof(std::string) + kMapNodeBytes);
    }
    return bytes;
  }

 private:
  static constexpr size_t kShardCount = 64;
  static constexpr size_t kMapNodeBytes = 48;  // a hash node and its bucket

  struct Shard {
    mutable std::mutex mutex;
    std::deque<std::string> texts;  // never moves its elements, so the map may point into them
    std::unordered_map<std::string_view, uint64_t> numbers;
    size_t text_bytes = 0;
  };

  Shard shards_[kShardCount];
};

}  // namespace segvec
