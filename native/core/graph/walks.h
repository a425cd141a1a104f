// Which searches for single slots a change of the graph can lead elsewhere.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bitset.h"

namespace segvec {

// Searches for single slots, each with the slots whose links it read.
class Walks {
 public:
  void Add(uint32_t slot, const std::vector<uint32_t>& read) {
    if (read.empty()) return;
    walks_.push_back(slot);
    walks_.push_back(static_cast<uint32_t>(read.size()));
    walks_.insert(walks_.end(), read.begin(), read.end());
  }
  // Appends what the searches were for that read the links of any in `changed`.
  void AppendThrough(const Bitset& changed, std::vector<uint32_t>& slots) const {
    for (size_t at = 0; at < walks_.size(); at += 2 + walks_[at + 1]) {
      const auto read = walks_.begin() + static_cast<std::ptrdiff_t>(at) + 2;
      if (std::any_of(read, read + walks_[at + 1], [&](uint32_t slot) { return changed.Test(slot); })) {
        slots.push_back(walks_[at]);
      }
    }
  }

 private:
  std::vector<uint32_t> walks_;  // slot, number of those read, and these
};

}  // namespace segvec
