// Where each id lives, and where it lived before the change that is under way.
//
// A change of the index takes three steps: ids get their new locations here, a snapshot that shows these is
// published, the change is settled. A lookup may come between any two of them and still has to answer from
// one snapshot or the other; so an id that moves has both locations until the change is settled, and a lookup
// tries both:
//
//   for (;;) {
//     count = settled_count(); snapshot = the present one
//     the first of Find(id) and FindFormer(id) that the snapshot shows is the answer
//     if neither is: settled_count() == count ? not there : try again, a change was settled meanwhile
//   }
//
// Thread safety: Find(), FindFormer(), settled_count() and memory_bytes() from any thread; the rest by one at
// a time. Invariant: between two changes the ids are those that the present snapshot shows.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "index/id_map.h"

namespace segvec {

class IdPlaces {
 public:
  std::optional<Location> Find(uint64_t id) const { return present_.Find(id); }
  std::optional<Location> FindFormer(uint64_t id) const { return former_.Find(id); }
  uint64_t settled_count() const { return settled_count_.load(std::memory_order_acquire); }

  // Makes room for `count` ids in all. Throws std::bad_alloc.
  void Reserve(size_t count) { present_.Reserve(count); }

  // Returns whether the id was new; an id that is already there keeps its location. Throws std::bad_alloc.
  bool Insert(uint64_t id, Location location) { return present_.Insert(id, location); }

  // Gives an id another location. Throws std::bad_alloc. REQUIRES: it is at `from` and has not moved in this
  // change.
  void Move(uint64_t id, Location from, Location to) {
    former_.Insert(id, from);
    present_.Move(id, to);
  }

  // Gives an id another location than the change under way gave it, which nobody has seen. Needs no memory.
  void MoveUnseen(uint64_t id, Location to) { present_.Move(id, to); }

  // Forgets an id that the present snapshot does not show. Cannot fail.
  void Erase(uint64_t id) { present_.Erase(id); }

  // Ends a change whose snapshot has been published. Cannot fail.
  void Settle() {
    // Before the former locations go: a lookup that misses one must see that it has to try again.
    settled_count_.fetch_add(1, std::memory_order_release);
    former_.Clear();
  }

  // Ends a change that was given up: `ids` are those inserted or moved in it. Cannot fail.
  void TakeBack(const std::vector<uint64_t>& ids) {
    for (const uint64_t id : ids) {
      if (const std::optional<Location> former = former_.Find(id)) {
        present_.Move(id, *former);
      } else {
        present_.Erase(id);
      }
    }
    Settle();
  }

  // Forgets all ids. Cannot fail. REQUIRES: no change is under way.
  void Clear() { present_.Clear(); }

  size_t memory_bytes() const { return present_.memory_bytes() + former_.memory_bytes(); }

 private:
  IdMap present_;
  IdMap former_;  // of the ids that move in the change under way
  std::atomic<uint64_t> settled_count_{0};
};

}  // namespace segvec
