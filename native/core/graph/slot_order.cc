#include "graph/slot_order.h"

#include <utility>

namespace segvec {
namespace {

// Slots that are met between two calls of poll.
constexpr size_t kSlotsPerPoll = 4096;

class DepthFirstWalk {
 public:
  DepthFirstWalk(const Graph& graph, uint32_t slot_count, const std::function<void()>& poll)
      : graph_(graph), slot_count_(slot_count), poll_(poll), is_met_(slot_count) {
    order_.reserve(slot_count);
  }

  void From(uint32_t start) {
    for (Meet(start); !path_.empty();) {
      Step& last = path_.back();
      const uint32_t next = last.at < graph_.RowCapacity(0) ? graph_.LinkAt(last.slot, 0, last.at) : kNil;
      ++last.at;
      if (next == kNil) {
        path_.pop_back();
      } else if (next < slot_count_) {
        Meet(next);
      }
    }
  }

  std::vector<uint32_t>&& order() { return std::move(order_); }

 private:
  struct Step {
    uint32_t slot;
    uint32_t at;  // the place in its row that is looked at next
  };

  void Meet(uint32_t slot) {
    if (is_met_[slot]) return;
    if (order_.size() % kSlotsPerPoll == 0) poll_();
    is_met_[slot] = true;
    order_.push_back(slot);
    path_.push_back({slot, 0});
  }

  const Graph& graph_;
  const uint32_t slot_count_;
  const std::function<void()>& poll_;
  std::vector<bool> is_met_;
  std::vector<uint32_t> order_;
  std::vector<Step> path_;  // from the start to what was met last
};

}  // namespace

std::vector<uint32_t> DepthFirstOrder(const Graph& graph, uint32_t slot_count, const std::function<void()>& poll) {
  DepthFirstWalk walk(graph, slot_count, poll);
  walk.From(graph.entry().slot);
  for (uint32_t slot = 0; slot < slot_count; ++slot) walk.From(slot);
  return walk.order();
}

}  // namespace segvec
