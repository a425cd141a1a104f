#include "graph/loops.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/bitset.h"
#include "graph/order_key.h"
#include "reference/brute_force.h"
#include "support/graph_of.h"
#include "support/names.h"
#include "support/sanitizers.h"
#include "support/vectors.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

GraphParameters ParametersOf(Metric metric, uint32_t M) {
  GraphParameters parameters;
  parameters.metric = metric;
  parameters.M = M;
  parameters.ef_construction = 80;
  parameters.set = SelectedInstructionSet();
  return parameters;
}

struct Found {
  float distance;
  uint64_t slot;
};

// Nothing when the search gave up in favour of a scan.
std::optional<std::vector<Found>> SearchUnlessDear(const BuiltGraph& built, const float* query, uint32_t ef,
                                                   uint32_t slot_limit, const Visibility& visibility) {
  SearchContext context;
  const PaddedRows::Query padded(built.padded, query);
  if (!built.loops().search(built.rows(), built.graph, padded.query, slot_limit, ef, visibility, context)) {
    CHECK(2 * context.distance_count > visibility.live_count());
    return std::nullopt;
  }
  std::vector<Found> found;
  for (size_t rank = 0; rank < context.pool.size(); ++rank) {
    if (!visibility.Contains(CandidatePool::SlotOf(context.pool[rank]))) continue;
    found.push_back({DistanceOfKey(CandidatePool::KeyOf(context.pool[rank])), CandidatePool::SlotOf(context.pool[rank])});
  }
  CHECK(context.distance_count >= found.size());
  return found;
}

// REQUIRES: all slots below the limit are visible.
std::vector<Found> Search(const BuiltGraph& built, const float* query, uint32_t ef, uint32_t slot_limit,
                          const Visibility& visibility) {
  return SearchUnlessDear(built, query, ef, slot_limit, visibility).value();
}

TEST_CASE("Search: results ascend, are distinct and carry true distances") {
  const size_t count = Sized(2000, 400);
  for (const Metric metric : kMetrics) {
    CAPTURE(Name(metric));
    const auto built = BuildGraph(ClusteredVectors(count, 20, 30, 1), ParametersOf(metric, 16));
    for (const uint32_t ef : {1u, 2u, 10u, 100u, static_cast<uint32_t>(count) + 5}) {
      const Vectors query = RandomVectors(1, 20, ef);
      const auto found = Search(*built, query.row(0), ef, built->count(), {built->count(), nullptr});
      CHECK(found.size() <= ef);
      if (metric != Metric::kIp) CHECK(found.size() == std::min<size_t>(ef, count));
      std::set<uint64_t> slots;
      for (size_t i = 0; i < found.size(); ++i) {
        slots.insert(found[i].slot);
        REQUIRE(found[i].slot < count);
        const float* row = built->vectors.row(found[i].slot);
        CHECK(std::abs(found[i].distance - reference::Distance(metric, query.row(0), row, 20)) <=
              reference::Tolerance(metric, query.row(0), row, 20));
        if (i > 0) CHECK(found[i - 1].distance <= found[i].distance);
      }
      CHECK(slots.size() == found.size());
    }
  }
}

TEST_CASE("Search: finds the same however many bytes links take") {
  const size_t count = Sized(2000, 400);
  const auto slot_count = static_cast<uint32_t>(count);
  for (const Metric metric : kMetrics) {
    for (const Element element : {Element::kFloat, Element::kCode}) {
      GraphParameters parameters = ParametersOf(metric, 5);
      parameters.element = element;
      const auto built = BuildGraph(ClusteredVectors(count, 20, 30, 3), parameters);
      Bitset dead;
      for (size_t slot = 0; slot < count; slot += 3) dead.Set(slot);
      for (const uint32_t link_bytes : {2u, 3u, kWideLinkBytes}) {
        const auto copy = CopyOf(built->graph, slot_count, link_bytes);
        for (const InstructionSet set : AvailableInstructionSets()) {
          CAPTURE(Name(set));
          CAPTURE(link_bytes);
          const Loops& loops = LoopsFor(metric, element, set);
          SearchContext expected, found;
          BuildContext context;
          size_t wrong_count = 0;
          for (uint32_t slot = 0; slot < slot_count; slot += 97) {
            const PaddedRows::Query query(built->padded, built->vectors.row(slot));
            for (const Bitset* some : {static_cast<const Bitset*>(nullptr), static_cast<const Bitset*>(&dead)}) {
              loops.search(built->rows(), built->graph, query.query, slot_count, 20, {slot_count, some}, expected);
              loops.search(built->rows(), *copy, query.query, slot_count, 20, {slot_count, some}, found);
              wrong_count += expected.pool.size() != found.pool.size();
              for (size_t rank = 0; rank < std::min(expected.pool.size(), found.pool.size()); ++rank) {
                wrong_count += expected.pool[rank] != found.pool[rank];
              }
            }
            GraphWithout of_built, of_copy;
            loops.leave_out(built->rows(), built->graph, slot, slot_count, context, of_built);
            loops.leave_out(built->rows(), *copy, slot, slot_count, context, of_copy);
            wrong_count += of_built.hosts != of_copy.hosts || of_built.links != of_copy.links;
          }
          CHECK(expected.distance_count == found.distance_count);
          CHECK(wrong_count == 0);
        }
      }
    }
  }
}

TEST_CASE("Search: on codes the order is that of the integer distances") {
  const size_t count = Sized(1500, 400);
  for (const Metric metric : kMetrics) {
    CAPTURE(Name(metric));
    GraphParameters parameters = ParametersOf(metric, 16);
    parameters.element = Element::kCode;
    const auto built = BuildGraph(ClusteredVectors(count, 70, 30, 2), parameters);
    for (const InstructionSet set : AvailableInstructionSets()) {
      CAPTURE(Name(set));
      SearchContext context;
      const PaddedRows::Query query(built->padded, built->vectors.row(7));
      LoopsFor(metric, Element::kCode, set)
          .search(built->rows(), built->graph, query.query, built->count(), 50, {built->count(), nullptr}, context);
      REQUIRE(context.pool.size() == 50);
      const CodeQuery& codes = query.query.codes;
      const int factor = metric == Metric::kIp ? 1 : 2;
      int64_t previous = INT64_MIN;
      for (size_t rank = 0; rank < 50; ++rank) {
        const uint32_t slot = CandidatePool::SlotOf(context.pool[rank]);
        const CodeRows rows = built->rows().codes;
        const int64_t distance = codes.constant + int64_t{rows.corrections[slot]} -
                                 factor * reference::CodeProduct(codes.values, rows.Row(slot), rows.block_count * 64);
        CHECK(int64_t{CandidatePool::KeyOf(context.pool[rank])} - (int64_t{1} << 31) == distance);
        CHECK(distance >= previous);
        previous = distance;
      }
    }
  }
}

TEST_CASE("Rerank: measures the floats of the slots it is given") {
  const Vectors vectors = RandomVectors(100, 37, 3);
  for (const InstructionSet set : AvailableInstructionSets()) {
    for (const Metric metric : kMetrics) {
      const PaddedRows padded(vectors, metric);
      const PaddedRows::Query query(padded, vectors.row(99));
      for (const size_t count : {0, 1, 4, 7, 64}) {
        std::vector<uint32_t> slots, keys(count + 1, 7);
        for (size_t i = 0; i < count; ++i) slots.push_back(static_cast<uint32_t>(i * 31 % 100));
        LoopsFor(metric, Element::kFloat, set)
            .rerank(padded.rows().floats, query.query.floats, slots.data(), count, keys.data());
        for (size_t i = 0; i < count; ++i) {
          const float* row = vectors.row(slots[i]);
          CHECK(std::abs(DistanceOfKey(keys[i]) - reference::Distance(metric, vectors.row(99), row, 37)) <=
                reference::Tolerance(metric, vectors.row(99), row, 37));
        }
        CHECK(keys[count] == 7);
      }
    }
  }
}

TEST_CASE("Search: with a beam over everything it is exact") {
  const size_t count = Sized(1000, 300);
  for (const Metric metric : {Metric::kL2, Metric::kIp}) {
    const auto built = BuildGraph(WholeVectors(count, 12, 9, 2), ParametersOf(metric, 32));
    const Vectors query = WholeVectors(1, 12, 9, 3);
    const auto found = Search(*built, query.row(0), built->count(), built->count(), {built->count(), nullptr});
    const auto expected = reference::Ranking(metric, built->vectors, {}, query.row(0));
    REQUIRE(found.size() == count);
    for (size_t i = 0; i < count; ++i) {
      REQUIRE(found[i].slot == expected[i].id);
      REQUIRE(double{found[i].distance} == expected[i].distance);
    }
  }
}

TEST_CASE("Search: returns visible slots only, and finds them behind invisible ones") {
  const auto count = static_cast<uint32_t>(Sized(2000, 400));
  const auto built = BuildGraph(ClusteredVectors(count, 16, 20, 4), ParametersOf(Metric::kL2, 16));
  size_t finished_count = 0;
  for (const uint32_t dead_percent : {0u, 1u, 50u, 95u, 100u}) {
    for (const uint32_t slot_count : {count, count - 1, count / 2, count / 10, 0u}) {
      CAPTURE(dead_percent);
      CAPTURE(slot_count);
      Dice dice(dead_percent);
      Bitset dead;
      for (uint32_t slot = 0; slot < count; ++slot) {
        if (dice.Below(100) < dead_percent) dead.Set(slot);
      }
      const Visibility visibility{slot_count, dead_percent == 0 ? nullptr : &dead};
      Vectors visible{16, {}};
      std::vector<uint64_t> slots;
      for (uint32_t slot = 0; slot < slot_count; ++slot) {
        if (dead.Test(slot)) continue;
        CHECK(visibility.Contains(slot));
        visible.Append(built->vectors.RowCopy(slot));
        slots.push_back(slot);
      }
      const Vectors query = ClusteredVectors(1, 16, 20, 4);
      for (const uint32_t ef : {8u, 50u}) {
        const auto found = SearchUnlessDear(*built, query.row(0), ef, count, visibility);
        if (!found) continue;
        ++finished_count;
        const auto expected = reference::Nearest(Metric::kL2, visible, slots, query.row(0), ef * 3 / 4);
        REQUIRE(found->size() >= expected.size());
        size_t hit_count = 0;
        for (const Found& hit : *found) {
          hit_count += std::any_of(expected.begin(), expected.end(),
                                   [&](const reference::Neighbor& neighbor) { return neighbor.id == hit.slot; });
        }
        CHECK(hit_count * 10 >= expected.size() * 9);
      }
    }
  }
  CHECK(finished_count >= 8);
}

// Readers may meet links to slots that were added after they began. Nothing beyond their limit is looked at.
TEST_CASE("Search: does not follow links beyond the slot limit") {
  const auto count = static_cast<uint32_t>(Sized(1000, 300));
  const auto built = BuildGraph(RandomVectors(count, 8, 5), ParametersOf(Metric::kL2, 16));
  const Vectors query = RandomVectors(1, 8, 6);
  const uint32_t entry = built->graph.entry().slot;
  for (const uint32_t slot_limit : {entry + 1, std::max(entry + 1, count / 2), count - 1}) {
    const auto found = Search(*built, query.row(0), 20, slot_limit, {slot_limit, nullptr});
    CHECK_FALSE(found.empty());
    for (const Found& hit : found) CHECK(hit.slot < slot_limit);
  }
}

TEST_CASE("Search: a wrong link leads nowhere") {
  const uint32_t count = 300;
  const auto built = BuildGraph(RandomVectors(count, 8, 7), ParametersOf(Metric::kL2, 8));
  Dice dice(1);
  for (uint32_t slot = 0; slot < count; ++slot) {
    for (uint32_t level = 0; level <= built->levels[slot]; ++level) {
      uint32_t* row = built->graph.Links(slot, level);
      for (size_t i = 0; i < built->graph.RowCapacity(level) && row[i] != kNil; ++i) {
        // Upper levels have no check of their own that a target reaches them: only the range can be wrong there.
        if (dice.Below(4) == 0) row[i] = count + static_cast<uint32_t>(dice.Below(kMaxSlots));
      }
    }
  }
  const Vectors query = RandomVectors(1, 8, 8);
  for (const Found& hit : Search(*built, query.row(0), 50, count, {count, nullptr})) CHECK(hit.slot < count);
}

TEST_CASE("Scan: offers exactly the visible slots of a range, under their ids") {
  const uint32_t count = 500;
  for (const InstructionSet set : AvailableInstructionSets()) {
    for (const Metric metric : {Metric::kL2, Metric::kIp}) {
      const Vectors vectors = WholeVectors(count, 10, 5, 9);
      const PaddedRows padded(vectors, metric);
      std::vector<uint64_t> ids;
      for (uint64_t slot = 0; slot < count; ++slot) ids.push_back(~slot * 77);
      Bitset dead;
      for (uint32_t slot = 0; slot < count; slot += 7) dead.Set(slot);
      const Vectors query = WholeVectors(1, 10, 5, 10);
      const PaddedRows::Query padded_query(padded, query.row(0));
      for (const auto& [begin, end] : {std::pair{0u, count}, {1u, 2u}, {3u, 6u}, {13u, 13u}, {100u, 401u}}) {
        for (const Bitset* hidden : {static_cast<const Bitset*>(nullptr), static_cast<const Bitset*>(&dead)}) {
          Nearest nearest;
          nearest.Begin(60);
          LoopsFor(metric, Element::kFloat, set)
              .scan(padded.rows().floats, ids.data(), padded_query.query.floats, begin, end, {end, hidden}, nearest);
          Vectors visible{10, {}};
          std::vector<uint64_t> visible_ids;
          for (uint32_t slot = begin; slot < end; ++slot) {
            if (hidden != nullptr && hidden->Test(slot)) continue;
            visible.Append(vectors.RowCopy(slot));
            visible_ids.push_back(ids[slot]);
          }
          const auto expected = reference::Nearest(metric, visible, visible_ids, query.row(0), 60);
          const std::vector<Hit>& hits = nearest.Finish();
          REQUIRE(hits.size() == expected.size());
          for (size_t i = 0; i < hits.size(); ++i) {
            REQUIRE(hits[i].id == expected[i].id);
            REQUIRE(double{DistanceOfKey(hits[i].key)} == expected[i].distance);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace segvec
