// Numbers of string ids whose rows were removed, until no snapshot shows those rows any more: a search that
// runs on an older snapshot still needs their texts.
//
// Thread safety: one thread at a time; snapshots may end on any other meanwhile.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "index/snapshot.h"

namespace segvec {

class RetiredIds {
 public:
  // `numbers` are shown by `last` and snapshots before it, but by none after it. REQUIRES: called for every
  // snapshot that is replaced, in their order.
  void Add(const std::shared_ptr<const Snapshot>& last, std::vector<uint64_t> numbers) {
    retired_.push_back({last, std::move(numbers)});
  }

  // Calls release(number) for every number that no snapshot shows any more.
  template <class Release>
  void Collect(Release&& release) {
    for (; !retired_.empty() && retired_.front().last.expired(); retired_.pop_front()) {
      for (const uint64_t number : retired_.front().numbers) release(number);
    }
  }

 private:
  struct Retired {
    std::weak_ptr<const Snapshot> last;
    std::vector<uint64_t> numbers;
  };
  std::deque<Retired> retired_;
};

}  // namespace segvec
