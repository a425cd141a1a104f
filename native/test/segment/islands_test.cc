// Slots that only link to each other are led to again.
#include "segment/islands.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "segment/growing_segment.h"
#include "support/graph_of.h"
#include "support/sanitizers.h"
#include "support/segment_check.h"
#include "support/segment_of.h"
#include "support/vectors.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

void Chain(Graph& graph, const std::vector<std::vector<uint32_t>>& links) {
  graph.Commit(static_cast<uint32_t>(links.size()));
  for (uint32_t slot = 0; slot < links.size(); ++slot) graph.AddRows(slot, 0);
  for (uint32_t slot = 0; slot < links.size(); ++slot) {
    for (size_t i = 0; i < links[slot].size(); ++i) {
      graph.Links(slot, 0)[i] = links[slot][i];
      graph.CountLink(links[slot][i], 1);
    }
  }
  graph.SetEntry({0, 0});
}

// Attaches the islands; returns the slots whose rows got links by that, each as often as it got one.
std::vector<uint32_t> HostsOfNewLinks(Graph& graph, uint32_t slot_count, const std::function<void()>& poll = [] {}) {
  const size_t capacity = graph.RowCapacity(0);
  std::vector<uint32_t> before;
  for (uint32_t slot = 0; slot < slot_count; ++slot) {
    before.insert(before.end(), graph.Links(slot, 0), graph.Links(slot, 0) + capacity);
  }
  AttachIslands(graph, slot_count, poll);
  std::vector<uint32_t> hosts;
  for (uint32_t slot = 0; slot < slot_count; ++slot) {
    for (size_t i = 0; i < capacity; ++i) {
      if (graph.Links(slot, 0)[i] != before[slot * capacity + i]) hosts.push_back(slot);
    }
  }
  return hosts;
}

TEST_CASE("Islands: one link leads to each, in the first free place") {
  Graph graph(9, 2);
  // Rows hold four links. 0 to 5 are the mainland; 6 and 7 only link to each other and to a full row, 8 to a row with room.
  Chain(graph, {{1, 2, 3, 4}, {0, 5}, {0}, {0}, {0}, {1}, {7, 0}, {6}, {1}});
  const std::vector<uint32_t> hosts = HostsOfNewLinks(graph, 9);
  CHECK(ReachableCount(graph, 9) == 9);
  CHECK(hosts == std::vector<uint32_t>{1, 1});
  CHECK(graph.in_degree(6) == 2);
  CHECK(graph.in_degree(8) == 1);
}

TEST_CASE("Islands: those that lead nowhere else are led to from any row with room, in one go") {
  Graph graph(9, 2);
  Chain(graph, {{1, 2, 3, 4}, {0, 2, 3, 4}, {0}, {0}, {0}, {6}, {5}, {8}, {7}});
  size_t poll_count = 0;
  const std::vector<uint32_t> hosts = HostsOfNewLinks(graph, 9, [&] { ++poll_count; });
  CHECK(ReachableCount(graph, 9) == 9);
  CHECK(hosts == std::vector<uint32_t>{2, 2});
  CHECK(poll_count <= 4);  // the mainland is walked through once, and each island
}

TEST_CASE("Islands: where all rows are full a link gives way") {
  Graph graph(7, 2);
  Chain(graph, {{1, 2, 3, 4}, {0, 2, 3, 4}, {0, 1, 3, 4}, {0, 1, 2, 4}, {0, 1, 2, 3}, {0}, {5, 0}});
  const std::vector<uint32_t> hosts = HostsOfNewLinks(graph, 7);
  CHECK(ReachableCount(graph, 7) == 7);
  CHECK(hosts == std::vector<uint32_t>{0, 5});
  CHECK(graph.in_degree(4) == 3);
}

// 0 to 3 link to each other, and 0 on to a chain of full rows, which ends at one with room; the others all link to 0 and 1.
TEST_CASE("Islands: where no row around has room, one farther away does") {
  const uint32_t chain_end = 400, count = 440;
  Graph graph(count, 2);
  std::vector<std::vector<uint32_t>> links{{1, 2, 3, 4}, {0, 2, 3, 4}, {0, 1, 3, 4}, {0, 1, 2, 4}};
  while (links.size() < chain_end) {
    const auto slot = static_cast<uint32_t>(links.size());
    links.push_back({slot + 1, 0, 1, 2});
  }
  links.push_back({0});
  while (links.size() < count) links.push_back({0, 1, 2, 3});
  Chain(graph, links);
  const std::vector<uint32_t> hosts = HostsOfNewLinks(graph, count);
  CHECK(std::count(hosts.begin(), hosts.end(), chain_end) == 3);
  for (uint32_t slot = 0; slot < count; ++slot) {
    const uint32_t* row = graph.Links(slot, 0);
    CHECK(std::is_sorted(row, row + 4, [](uint32_t a, uint32_t b) { return a != kNil && b == kNil; }));
  }
}

// Its first slot is crowded by then, and another that it links to is not.
TEST_CASE("Islands: a slot with room is linked from whatever is around the others") {
  const uint32_t crowd = 400;
  Graph graph(crowd + 4, 2);
  std::vector<std::vector<uint32_t>> links;
  for (uint32_t slot = 0; slot < crowd; ++slot) {
    links.push_back({(slot + 1) % crowd, (slot + 2) % crowd, (slot + 3) % crowd, (slot + 4) % crowd});
  }
  links[crowd / 2 + 100][0] = crowd;  // far from slot 0
  links.push_back({0});               // with room
  links.push_back({0});               // an island, for which slot 0 gives way
  links.push_back({0, crowd});
  links.push_back({0, crowd});
  Chain(graph, links);
  const std::vector<uint32_t> hosts = HostsOfNewLinks(graph, crowd + 4);
  CHECK(ReachableCount(graph, crowd + 4) == crowd + 4);
  CHECK(std::count(hosts.begin(), hosts.end(), crowd) >= 2);
}

TEST_CASE("Islands: of vectors on a ray under ip every slot can be reached") {
  const auto count = static_cast<uint32_t>(Sized(20000, 3000));
  const auto segment = std::make_shared<Segment>(SegmentShape{1, Metric::kIp, 16, count, false}, LoopsOf(Metric::kIp), 3, 42);
  GrowingSegment writer(segment, BuildParameters{60});
  writer.Reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    const float value = static_cast<float>(count - i);
    writer.Append({&value, 1, i});
  }
  writer.Link(2, [] {}, [](uint32_t) {});
  writer.Publish();
  CHECK(Violation(*segment, count) == "");
}

TEST_CASE("Islands: of clustered vectors under ip every slot can be reached, whatever M") {
  const size_t count = Sized(6000, 2500);
  for (const uint32_t M : {4u, 16u}) {
    for (const bool has_codes : {true, false}) {
      CAPTURE(M);
      const Vectors vectors = ClusteredVectors(count, 16, 60, 1);
      const auto segment = std::make_shared<Segment>(
          SegmentShape{16, Metric::kIp, M, static_cast<uint32_t>(count), has_codes}, LoopsOf(Metric::kIp), 3, 42);
      GrowingSegment writer(segment, BuildParameters{60});
      for (const size_t end : {count / 2, count}) {
        const size_t begin = segment->slot_count();
        writer.Reserve(static_cast<uint32_t>(end - begin));
        for (size_t i = begin; i < end; ++i) writer.Append({vectors.row(i), 1, i});
        writer.Link(1, [] {}, [](uint32_t) {});
        writer.Publish();
        CHECK(Violation(*segment, segment->slot_count()) == "");
      }
    }
  }
}

}  // namespace
}  // namespace segvec
