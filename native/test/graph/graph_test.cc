#include "graph/graph.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

#include "support/abort_after.h"
#include "support/errors.h"
#include "support/graph_of.h"

namespace segvec {
namespace {

using testing::LinksOf;

bool IsEmptyRow(const Graph& graph, uint32_t slot, uint32_t level) {
  const uint32_t* row = graph.Links(slot, level);
  return std::all_of(row, row + graph.RowCapacity(level), [](uint32_t link) { return link == kNil; });
}

TEST_CASE("Graph: begins without an entry") {
  const Graph graph(10, 4);
  CHECK(graph.entry().slot == kNil);
  CHECK(graph.M() == 4);
  CHECK(graph.RowCapacity(0) == 8);
  CHECK(graph.RowCapacity(1) == 4);
}

TEST_CASE("Graph: the entry is stored as one") {
  Graph graph(10, 4);
  graph.SetEntry({kMaxSlots - 1, kMaxLevel});
  CHECK(graph.entry().slot == kMaxSlots - 1);
  CHECK(graph.entry().level == kMaxLevel);
}

TEST_CASE("Graph: rows start empty, lie apart and never move") {
  for (const uint32_t M : {kMinM, 3u, 16u, 17u, kMaxM}) {
    CAPTURE(M);
    constexpr uint32_t kSlots = 300;
    Graph graph(kSlots, M);
    std::vector<uint32_t*> rows;
    for (uint32_t slot = 0; slot < kSlots; ++slot) {
      graph.Commit(slot + 1);
      const uint32_t level = slot % 3;
      REQUIRE(graph.AddRows(slot, level) == level);
      for (uint32_t l = 0; l <= level; ++l) {
        REQUIRE(IsEmptyRow(graph, slot, l));
        uint32_t* row = graph.Links(slot, l);
        std::fill(row, row + graph.RowCapacity(l), slot * 10 + l);
        rows.push_back(row);
      }
    }
    size_t next_row = 0, wrong_count = 0;
    for (uint32_t slot = 0; slot < kSlots; ++slot) {
      for (uint32_t l = 0; l <= slot % 3; ++l) {
        uint32_t* row = graph.Links(slot, l);
        wrong_count += row != rows[next_row++];
        for (size_t i = 0; i < graph.RowCapacity(l); ++i) wrong_count += row[i] != slot * 10 + l;
      }
    }
    CHECK(wrong_count == 0);
  }
}

TEST_CASE("Graph: a level is lowered only when the room for upper rows is used up") {
  constexpr uint32_t kSlots = 2000, kM = 16;
  Graph graph(kSlots, kM);
  graph.Commit(kSlots);
  size_t upper_rows = 0;
  uint32_t lowered_count = 0;
  for (uint32_t slot = 0; slot < kSlots; ++slot) {
    const uint32_t level = graph.AddRows(slot, kMaxLevel);
    REQUIRE(level <= kMaxLevel);
    // What a normal build needs is never refused: 1 / (M - 1) rows a slot, and some more.
    if (upper_rows + kMaxLevel <= kSlots / (kM - 1) + 1024) REQUIRE(level == kMaxLevel);
    upper_rows += level;
    lowered_count += level < kMaxLevel;
    for (uint32_t l = 0; l <= level; ++l) REQUIRE(IsEmptyRow(graph, slot, l));
  }
  CHECK(lowered_count > 0);
}

TEST_CASE("Graph: rows that were added can be taken back") {
  Graph graph(100, 4);
  graph.Commit(100);
  graph.AddRows(0, 1);
  graph.Links(0, 1)[0] = 77;
  const size_t count = graph.upper_row_count();
  graph.AddRows(1, 3);
  graph.Links(1, 3)[0] = 5;
  CHECK(graph.upper_row_count() == count + 3);
  graph.RestoreUpperRowCount(count);
  CHECK(graph.AddRows(1, 2) == 2);
  for (uint32_t level = 0; level <= 2; ++level) CHECK(IsEmptyRow(graph, 1, level));
  CHECK(graph.Links(0, 1)[0] == 77);
}

TEST_CASE("Graph: batches of rows that are taken back and added with other levels have rows of their own") {
  constexpr uint32_t kSlots = 100, kBatch = 5;
  Graph graph(kSlots, 4);
  graph.Commit(kSlots);
  for (uint32_t begin = 0; begin < kSlots; begin += kBatch) {
    const size_t count = graph.upper_row_count();
    for (uint32_t slot = begin; slot < begin + kBatch; ++slot) graph.AddRows(slot, slot * 7 % 4);
    graph.RestoreUpperRowCount(count);
    for (uint32_t slot = begin; slot < begin + kBatch; ++slot) {
      for (uint32_t level = graph.AddRows(slot, slot * 5 % 3); level > 0; --level) {
        graph.Links(slot, level)[0] = slot * 10 + level;
      }
    }
  }
  for (uint32_t slot = 0; slot < kSlots; ++slot) {
    CHECK(graph.LevelOf(slot) == slot * 5 % 3);
    for (uint32_t level = graph.LevelOf(slot); level > 0; --level) CHECK(graph.Links(slot, level)[0] == slot * 10 + level);
  }
}

TEST_CASE("Graph: counts the links to a slot from several threads") {
  Graph graph(10, 4);
  graph.Commit(10);
  for (uint32_t slot = 0; slot < 10; ++slot) graph.AddRows(slot, 0);
  std::vector<std::thread> counters;
  for (int thread = 0; thread < 3; ++thread) {
    counters.emplace_back([&] {
      for (int i = 0; i < 3000; ++i) graph.CountLink(3, i % 3 == 2 ? -1 : 1);
    });
  }
  for (std::thread& counter : counters) counter.join();
  CHECK(graph.in_degree(3) == 3000);
  CHECK(graph.in_degree(2) == 0);
  graph.AddRows(3, 0);
  CHECK(graph.in_degree(3) == 0);
}

TEST_CASE("Graph: more slots than its capacity are out of memory") {
  Graph graph(100, 16);
  CHECK(testing::ErrorCodeOf([&] { graph.Commit(1'000'000); }) == "OUT_OF_MEMORY");
  CHECK_NOTHROW(graph.Commit(100));
}

TEST_CASE("Graph: freeing the counts of links and trimming give memory back and keep the links") {
  constexpr uint32_t kCapacity = 100'000, kUsed = 20'000;
  Graph graph(kCapacity, 16);
  graph.Commit(kCapacity);
  for (uint32_t slot = 0; slot < kUsed; ++slot) {
    graph.AddRows(slot, slot % 16 == 0 ? 1 : 0);
    graph.Links(slot, 0)[0] = slot + 1;
    if (slot % 16 == 0) graph.Links(slot, 1)[0] = slot + 2;
  }
  graph.SetEntry({0, 1});
  const uint64_t fingerprint = graph.Fingerprint(kUsed);
  const size_t before = graph.memory_bytes();
  graph.FreeLinkCounts();
  const size_t without_counts = graph.memory_bytes();
  CHECK(without_counts <= before - kCapacity * sizeof(uint16_t));
  graph.Trim(kUsed);
  CHECK(graph.memory_bytes() < without_counts / 2);
  CHECK(graph.Fingerprint(kUsed) == fingerprint);
  size_t wrong_count = 0;
  for (uint32_t slot = 0; slot < kUsed; ++slot) {
    wrong_count += LinksOf(graph, slot, 0) != std::vector{slot + 1};
    if (slot % 16 == 0) wrong_count += LinksOf(graph, slot, 1) != std::vector{slot + 2};
  }
  CHECK(wrong_count == 0);
}

TEST_CASE("Graph: links take no more bytes than their slots need, and one number for the end of a row") {
  CHECK(NarrowLinkBytes(0) == 2);
  CHECK(NarrowLinkBytes(0xFFFF) == 2);
  CHECK(NarrowLinkBytes(0x10000) == 3);
  CHECK(NarrowLinkBytes(0xFFFFFF) == 3);
  CHECK(NarrowLinkBytes(0x1000000) == kWideLinkBytes);
  CHECK(NarrowLinkBytes(kMaxSlots) == kWideLinkBytes);
  const Graph graph(10, 4);
  CHECK(graph.Narrowed(0x1000000, [] {}) == nullptr);
}

TEST_CASE("Graph: a narrowed one has the same rows, in less memory") {
  for (const uint32_t slot_count : {1u, 500u, 0xFFFFu, 0x10000u, 70'000u}) {
    for (const uint32_t M : {kMinM, 3u, 16u}) {
      CAPTURE(slot_count);
      CAPTURE(M);
      Graph graph(slot_count + 100, M);
      graph.Commit(slot_count + 100);
      for (uint32_t slot = 0; slot < slot_count; ++slot) {
        graph.AddRows(slot, slot % 50 == 0 ? 2 : 0);
        for (uint32_t level = 0; level <= graph.LevelOf(slot); ++level) {
          // Empty rows, full ones and all between, up to the last slot there is.
          const uint32_t degree = (slot + level) % (graph.RowCapacity(level) + 1);
          for (uint32_t i = 0; i < degree; ++i) graph.Links(slot, level)[i] = slot_count - 1 - (slot * 7 + i) % slot_count;
        }
      }
      graph.SetEntry({0, 2});
      uint32_t poll_count = 0;
      const auto narrowed = graph.Narrowed(slot_count, [&] { ++poll_count; });
      CHECK(poll_count > slot_count / 10'000);
      REQUIRE(narrowed != nullptr);
      CHECK(narrowed->link_bytes() == (slot_count < 0x10000 ? 2 : 3));
      CHECK(narrowed->RowBytes(0) == 2 * M * narrowed->link_bytes());
      CHECK(narrowed->entry().slot == 0);
      CHECK(narrowed->entry().level == 2);
      CHECK(narrowed->upper_row_count() == graph.upper_row_count());
      CHECK(narrowed->Fingerprint(slot_count) == graph.Fingerprint(slot_count));
      if (slot_count > 10'000) CHECK(narrowed->memory_bytes() < graph.memory_bytes());
      size_t wrong_count = 0;
      for (uint32_t slot = 0; slot < slot_count; ++slot) {
        wrong_count += narrowed->LevelOf(slot) != graph.LevelOf(slot);
        for (uint32_t level = 0; level <= graph.LevelOf(slot); ++level) {
          wrong_count += LinksOf(*narrowed, slot, level) != LinksOf(graph, slot, level);
        }
      }
      CHECK(wrong_count == 0);
      CHECK(testing::ErrorCodeOf([&] { graph.Narrowed(slot_count, testing::AbortAfter(0)); }) == "ABORTED");
    }
  }
}

TEST_CASE("Graph: the fingerprint sees every link and the entry") {
  Graph graph(10, 4);
  graph.Commit(10);
  for (uint32_t slot = 0; slot < 10; ++slot) graph.AddRows(slot, slot == 3 ? 2 : 0);
  CHECK(graph.Fingerprint(10) == graph.Fingerprint(10));
  graph.SetEntry({3, 2});
  uint64_t previous = graph.Fingerprint(10);
  const auto has_changed = [&] {
    const uint64_t now = graph.Fingerprint(10);
    return std::exchange(previous, now) != now;
  };
  graph.Links(9, 0)[0] = 1;
  CHECK(has_changed());
  graph.Links(3, 2)[0] = 1;
  CHECK(has_changed());
  graph.SetEntry({3, 1});
  CHECK(has_changed());
  graph.SetEntry({4, 1});
  CHECK(has_changed());
}

}  // namespace
}  // namespace segvec
