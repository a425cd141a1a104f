// The candidate pool of a greedy search as a sorted vector that is sorted again after every step.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace segvec::reference {

struct Candidate {
  uint32_t key;
  uint32_t slot;
  bool is_expanded = false;
};

class SortedPool {
 public:
  explicit SortedPool(size_t capacity) : capacity_(capacity) {}

  // A full pool takes only what is nearer than its last.
  bool Accepts(uint32_t key, uint32_t slot) const {
    return candidates_.size() < capacity_ || IsNearer({key, slot}, candidates_.back());
  }

  void Insert(uint32_t key, uint32_t slot) {
    candidates_.push_back({key, slot});
    std::sort(candidates_.begin(), candidates_.end(), IsNearer);
    if (candidates_.size() > capacity_) candidates_.pop_back();
  }

  std::optional<uint32_t> PeekNearest() const {
    for (const Candidate& candidate : candidates_) {
      if (!candidate.is_expanded) return candidate.slot;
    }
    return std::nullopt;
  }

  std::optional<uint32_t> TakeNearest() {
    for (Candidate& candidate : candidates_) {
      if (candidate.is_expanded) continue;
      candidate.is_expanded = true;
      return candidate.slot;
    }
    return std::nullopt;
  }

  const std::vector<Candidate>& candidates() const { return candidates_; }

 private:
  static bool IsNearer(const Candidate& a, const Candidate& b) {
    return a.key != b.key ? a.key < b.key : a.slot < b.slot;
  }

  size_t capacity_;
  std::vector<Candidate> candidates_;
};

}  // namespace segvec::reference
