#include "segment/islands.h"

#include <algorithm>
#include <unordered_set>
#include <vector>

#include "base/random.h"

namespace segvec {
namespace {

// Slots that are looked at between two calls of poll.
constexpr size_t kSlotsPerPoll = 64;

// A link to an island may take the place of another, and make an island elsewhere: how often what nothing leads to is looked
// for.
constexpr int kRounds = 8;

// Rows that are looked at for a free place, from those that a slot links to on. Under ip a few long vectors may be all that the
// others link to: it is not looked for again where none was found.
constexpr size_t kMostHosts = 256;

// Then a walk looks for one that is not far: rows that are full lead to many that were attached before.
constexpr size_t kMostSteps = 64;

class Mainland {
 public:
  // `may_give_way`: whether a link may take the place of another, which may make an island elsewhere.
  Mainland(Graph& graph, uint32_t slot_count, bool may_give_way, const std::function<void()>& poll)
      : graph_(graph), slot_count_(slot_count), may_give_way_(may_give_way), poll_(poll), is_reached_(slot_count) {
    reached_.reserve(slot_count);
    Reach(graph.entry().slot);
  }

  bool Contains(uint32_t slot) const { return is_reached_[slot]; }
  bool is_everything() const { return reached_.size() == slot_count_; }

  // Links to `slot`. Returns false when that cannot be had: no link of `slot` leads out of its island, or
  // there is no free place at all and the full rows it leads to have each given up a link for another island.
  bool Attach(uint32_t slot) {
    const size_t capacity = graph_.RowCapacity(0);
    std::vector<uint32_t> hosts;
    std::unordered_set<uint32_t> seen;
    const auto add_hosts = [&](uint32_t from) {
      const uint32_t* links = graph_.Links(from, 0);
      size_t degree = 0;
      for (; degree < capacity && links[degree] != kNil; ++degree) {
        const uint32_t link = links[degree];
        if (link < slot_count_ && is_reached_[link] && seen.insert(link).second) hosts.push_back(link);
      }
      return degree;
    };
    add_hosts(slot);
    if (hosts.empty()) return false;
    const size_t own_count = hosts.size();
    const bool is_crowded = is_crowded_.contains(hosts[0]);
    for (size_t i = 0; i < (is_crowded ? own_count : std::min(hosts.size(), kMostHosts)); ++i) {
      if (i % kSlotsPerPoll == 0) poll_();
      const size_t degree = is_crowded ? graph_.Degree(hosts[i], 0) : add_hosts(hosts[i]);
      if (degree < capacity) return Link(hosts[i], degree, slot);
    }
    is_crowded_.insert(hosts[0]);
    for (size_t i = 0; may_give_way_ && i < own_count; ++i) {
      if (!has_given_way_.insert(hosts[i]).second) continue;
      graph_.CountLink(graph_.Links(hosts[i], 0)[capacity - 1], -1);
      return Link(hosts[i], capacity - 1, slot);
    }
    uint64_t turn = slot;
    uint32_t host = hosts[0];
    for (size_t step = 0; step < kMostSteps; ++step) {
      const size_t degree = graph_.Degree(host, 0);
      if (degree < capacity) return Link(host, degree, slot);
      turn = Mix(turn);
      const uint32_t next = graph_.Links(host, 0)[turn % degree];
      if (next < slot_count_ && is_reached_[next]) host = next;
    }
    return AttachAnywhere(slot);
  }

  // A path, at least. Returns false where no row has a free place.
  bool AttachAnywhere(uint32_t slot) {
    for (; next_host_ < reached_.size(); ++next_host_) {
      const size_t degree = graph_.Degree(reached_[next_host_], 0);
      if (degree < graph_.RowCapacity(0)) return Link(reached_[next_host_], degree, slot);
    }
    return false;
  }

  // Takes in a slot that has been linked to, and all that it leads to.
  void Reach(uint32_t slot) {
    size_t next = reached_.size();
    is_reached_[slot] = true;
    reached_.push_back(slot);
    for (; next < reached_.size(); ++next) {
      if (next % kSlotsPerPoll == 0) poll_();
      const uint32_t* links = graph_.Links(reached_[next], 0);
      for (size_t i = 0; i < graph_.RowCapacity(0) && links[i] != kNil; ++i) {
        if (links[i] >= slot_count_ || is_reached_[links[i]]) continue;
        is_reached_[links[i]] = true;
        reached_.push_back(links[i]);
      }
    }
  }

 private:
  bool Link(uint32_t host, size_t place, uint32_t slot) {
    graph_.CountLink(slot, 1);
    StoreLink(graph_.Links(host, 0)[place], slot);
    return true;
  }

  Graph& graph_;
  const uint32_t slot_count_;
  const bool may_give_way_;
  const std::function<void()>& poll_;
  std::vector<bool> is_reached_;
  std::vector<uint32_t> reached_;
  std::unordered_set<uint32_t> is_crowded_;  // slots around which no row has a free place
  std::unordered_set<uint32_t> has_given_way_;
  size_t next_host_ = 0;  // of those reached, the first that may have a free place
};

}  // namespace

void AttachIslands(Graph& graph, uint32_t slot_count, const std::function<void()>& poll) {
  for (int round = 0; round < kRounds; ++round) {
    Mainland mainland(graph, slot_count, round + 1 < kRounds, poll);
    if (mainland.is_everything()) return;
    bool has_attached = false;
    for (uint32_t slot = 0; slot < slot_count; ++slot) {
      if (mainland.Contains(slot) || !mainland.Attach(slot)) continue;
      has_attached = true;
      mainland.Reach(slot);
    }
    if (has_attached) continue;
    // What is left leads to nothing else: another round would find the same.
    for (uint32_t slot = 0; slot < slot_count; ++slot) {
      if (!mainland.Contains(slot) && mainland.AttachAnywhere(slot)) mainland.Reach(slot);
    }
    return;
  }
}

}  // namespace segvec
