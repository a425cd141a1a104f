// The order in which slots lie best in memory.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "graph/slot_order.h"
#include "support/abort_after.h"
#include "support/errors.h"
#include "support/graph_of.h"
#include "support/sanitizers.h"
#include "support/vectors.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

const auto kNoPoll = [] {};

// A graph with these rows on level 0, which begins at `entry`.
std::unique_ptr<Graph> GraphOf(const std::vector<std::vector<uint32_t>>& rows, uint32_t entry) {
  const auto slot_count = static_cast<uint32_t>(rows.size());
  auto graph = std::make_unique<Graph>(slot_count, 4);
  graph->Commit(slot_count);
  for (uint32_t slot = 0; slot < slot_count; ++slot) {
    graph->AddRows(slot, 0);
    std::copy(rows[slot].begin(), rows[slot].end(), graph->Links(slot, 0));
  }
  graph->SetEntry({entry, 0});
  return graph;
}

TEST_CASE("SlotOrder: depth first from the entry along each row, then what is left") {
  const auto graph = GraphOf({{1}, {2, 0}, {5, 4}, {1, 2}, {}, {2}, {7}, {6}}, 3);
  CHECK(DepthFirstOrder(*graph, 8, kNoPoll) == std::vector<uint32_t>{3, 1, 2, 5, 4, 0, 6, 7});
  // Links to what is not among the slots are passed over.
  const auto entry = GraphOf({{1}, {2, 3}, {3, 0}, {0}}, 0);
  CHECK(DepthFirstOrder(*entry, 3, kNoPoll) == std::vector<uint32_t>{0, 1, 2});
}

TEST_CASE("SlotOrder: every slot once, linked ones near each other, however many bytes links take") {
  const auto count = static_cast<uint32_t>(Sized(4000, 800));
  const auto built = BuildGraph(ClusteredVectors(count, 12, 40, 3), {Metric::kL2, Element::kFloat, 8, 60, SelectedInstructionSet(), 1, 1, 1});
  const std::vector<uint32_t> order = DepthFirstOrder(built->graph, count, kNoPoll);
  std::vector<uint32_t> sorted = order;
  std::sort(sorted.begin(), sorted.end());
  bool has_all = sorted.size() == count;
  for (uint32_t slot = 0; has_all && slot < count; ++slot) has_all = sorted[slot] == slot;
  REQUIRE(has_all);
  CHECK(order[0] == built->graph.entry().slot);
  for (const uint32_t link_bytes : {2u, 3u}) CHECK(DepthFirstOrder(*CopyOf(built->graph, count, link_bytes), count, kNoPoll) == order);

  std::vector<uint32_t> places(count);
  for (uint32_t place = 0; place < count; ++place) places[order[place]] = place;
  constexpr int kNear = 16;
  size_t near_as_built = 0, near_ordered = 0;  // links that lead so near
  for (int slot = 0; slot < static_cast<int>(count); ++slot) {
    for (const uint32_t link : LinksOf(built->graph, static_cast<uint32_t>(slot), 0)) {
      near_as_built += std::abs(slot - static_cast<int>(link)) <= kNear;
      near_ordered += std::abs(static_cast<int>(places[static_cast<size_t>(slot)]) - static_cast<int>(places[link])) <= kNear;
    }
  }
  CHECK(near_ordered > 5 * near_as_built);
}

TEST_CASE("SlotOrder: a long path takes no stack") {
  const uint32_t count = 200'000;
  Graph graph(count, 2);
  graph.Commit(count);
  for (uint32_t slot = 0; slot < count; ++slot) {
    graph.AddRows(slot, 0);
    graph.Links(slot, 0)[0] = (slot + 1) % count;
  }
  graph.SetEntry({7, 0});
  const std::vector<uint32_t> order = DepthFirstOrder(graph, count, kNoPoll);
  CHECK(order.front() == 7);
  CHECK(order.back() == 6);
  CHECK(ErrorCodeOf([&] { DepthFirstOrder(graph, count, AbortAfter(10)); }) == "ABORTED");
}

TEST_CASE("SlotOrder: a renumbered graph is the same under other numbers, and can be added to") {
  const auto count = static_cast<uint32_t>(Sized(3000, 700));
  const auto built = BuildGraph(ClusteredVectors(count, 12, 40, 5), {Metric::kL2, Element::kFloat, 6, 60, SelectedInstructionSet(), 1, 1, 1});
  const Graph& graph = built->graph;
  const std::vector<uint32_t> order = DepthFirstOrder(graph, count, kNoPoll);
  const auto renumbered = graph.Renumbered(order, kNoPoll);
  std::vector<uint32_t> numbers(count);
  for (uint32_t slot = 0; slot < count; ++slot) numbers[order[slot]] = slot;
  size_t wrong_count = 0;
  for (uint32_t slot = 0; slot < count; ++slot) {
    wrong_count += renumbered->LevelOf(slot) != graph.LevelOf(order[slot]);
    wrong_count += renumbered->in_degree(slot) != graph.in_degree(order[slot]);
    for (uint32_t level = 0; level <= graph.LevelOf(order[slot]); ++level) {
      std::vector<uint32_t> links = LinksOf(graph, order[slot], level);
      for (uint32_t& link : links) link = numbers[link];
      wrong_count += links != LinksOf(*renumbered, slot, level);
    }
  }
  CHECK(wrong_count == 0);
  CHECK(renumbered->entry().slot == numbers[graph.entry().slot]);
  CHECK(renumbered->entry().level == graph.entry().level);
  CHECK(renumbered->upper_row_count() == graph.upper_row_count());
  renumbered->Commit(count);
  CHECK(ErrorCodeOf([&] { graph.Renumbered(order, AbortAfter(0)); }) == "ABORTED");
}

}  // namespace
}  // namespace segvec
