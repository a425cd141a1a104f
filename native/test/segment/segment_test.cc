// A segment through its writer: from a scanned handful of rows to a sealed graph.
#include "segment/segment.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/thread_pool.h"
#include "graph/order_key.h"
#include "index/vector_check.h"
#include "reference/brute_force.h"
#include "segment/growing_segment.h"
#include "support/abort_after.h"
#include "support/errors.h"
#include "support/graph_check.h"
#include "support/graph_of.h"
#include "support/names.h"
#include "support/sanitizers.h"
#include "support/segment_check.h"
#include "support/vectors.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

void Nothing() {}

struct Growth {
  Growth(Metric metric, Element element, size_t dimension, uint32_t capacity, uint32_t number = 0, uint64_t seed = 1,
         bool keeps_vectors = true)
      : segment(std::make_shared<Segment>(SegmentShape{dimension, metric, 16, capacity, element == Element::kCode,
                                                       keeps_vectors},
                                          SegmentLoops{&LoopsFor(metric, Element::kFloat, SelectedInstructionSet()),
                                                       &LoopsFor(metric, Element::kCode, SelectedInstructionSet())},
                                          number, seed)),
        writer(segment, BuildParameters{80}) {
    ThreadPool::Shared().EnsureThreads(4);
  }

  // The id of row i is 1000 + i.
  void Append(const Vectors& vectors, size_t begin, size_t end, int worker_count = 1) {
    AppendUnlinked(vectors, begin, end, worker_count);
    linked_count += Link(worker_count);
    writer.Publish();
  }
  void AppendUnlinked(const Vectors& vectors, size_t begin, size_t end, int worker_count = 1,
                      const std::function<void()>& poll = Nothing) {
    const auto count = static_cast<uint32_t>(end - begin);
    writer.Reserve(count, count);
    writer.AppendAll(count, worker_count, poll, [&](uint32_t i) {
      const float* row = vectors.row(begin + i);
      return GrowingSegment::NewRow{row, InverseNorm(row, vectors.dimension), 1000 + begin + i};
    });
  }
  // Returns how many slots were linked.
  uint32_t Link(int worker_count, const std::function<void()>& poll = Nothing) {
    uint32_t count = 0;
    writer.Link(worker_count, poll, [&](uint32_t batch) { count += batch; });
    return count;
  }

  uint32_t linked_count = 0;

  std::shared_ptr<Segment> segment;
  GrowingSegment writer;
};

// A row as the query of a search.
class Query {
 public:
  Query(Metric metric, const float* row, size_t dimension) : blocks_(PaddedDimension(dimension) / kBlockFloats) {
    std::copy_n(row, dimension, blocks_[0].values);
    if (metric == Metric::kCosine) scale_ = static_cast<float>(1 / reference::Norm(row, dimension));
  }
  FloatQuery get() const { return {blocks_[0].values, scale_}; }

 private:
  struct alignas(64) Block {
    float values[16] = {};
  };
  std::vector<Block> blocks_;
  float scale_ = 1;
};

size_t MemoryOf(const Segment& segment) {
  return segment.memory_bytes() + (segment.has_graph() ? segment.graph()->memory_bytes() : 0);
}

// The hits of a walk; of a scan, where the walk says that it is cheaper.
std::vector<Hit> SearchGraph(const Segment& segment, const FloatQuery& query, uint32_t ef,
                             const Visibility& visibility) {
  SegmentSearchContext context;
  std::vector<Hit> hits;
  const GraphSearchEnd end = segment.SearchGraph(query, ef, ef, ef, visibility, context, hits);
  if (end == GraphSearchEnd::kScanCheaper || end == GraphSearchEnd::kTooFew) {
    CHECK(hits.empty());
    Nearest nearest;
    nearest.Begin(ef);
    segment.Scan(query, 0, visibility.slot_count, visibility, nearest);
    return nearest.Finish();
  }
  if (visibility.dead == nullptr) CHECK(hits.size() <= ef);
  if (hits.size() >= ef) CHECK(end == GraphSearchEnd::kBeamFull);
  return hits;
}

TEST_CASE("Segment: keeps rows, norms and ids as they were appended") {
  for (const Metric metric : kMetrics) {
    const Vectors vectors = RandomVectors(2500, 19, 1);
    Growth growth(metric, Element::kCode, 19, 2500);
    size_t end = 0;
    for (const size_t size : {1, 2, 50, 1000, 700, 747}) {
      growth.Append(vectors, end, end + size);
      end += size;
      CHECK(growth.segment->slot_count() == end);
      CHECK(growth.writer.free_slots() == 2500 - end);
    }
    REQUIRE(end == 2500);
    size_t wrong_count = 0;
    for (uint32_t slot = 0; slot < 2500; ++slot) {
      const float* row = growth.segment->rows().floats.Row(slot);
      wrong_count += !std::equal(row, row + 19, vectors.row(slot));
      wrong_count += !std::all_of(row + 19, row + 32, [](float pad) { return pad == 0; });
      wrong_count += growth.segment->id(slot) != 1000 + slot;
      if (metric == Metric::kCosine) {
        const double norm = reference::Norm(vectors.row(slot), 19);
        wrong_count += std::abs(double{growth.segment->rows().floats.inverse_norms[slot]} * norm - 1) > 1e-6;
      }
      wrong_count += reinterpret_cast<uintptr_t>(row) % 64 != 0;
    }
    CHECK(wrong_count == 0);
  }
}

TEST_CASE("Segment: rows appended by several threads are the same as one after the other, misfits included") {
  Vectors vectors = RandomVectors(3000, 20, 14);
  for (size_t row = 2000; row < 3000; row += 7) vectors.row(row)[row % 20] *= 30;
  for (const Metric metric : kMetrics) {
    for (const bool keeps_vectors : {true, false}) {
      CAPTURE(Name(metric));
      CAPTURE(keeps_vectors);
      std::vector<uint64_t> fingerprints;
      std::vector<uint32_t> misfit_counts;
      for (const int worker_count : {1, 4}) {
        Growth growth(metric, Element::kCode, 20, 3000, 0, 1, keeps_vectors);
        growth.Append(vectors, 0, 2000, worker_count);
        growth.Append(vectors, 2000, 3000, worker_count);
        fingerprints.push_back(growth.segment->Fingerprint());
        misfit_counts.push_back(growth.segment->misfits().count);
      }
      CHECK(fingerprints[0] == fingerprints[1]);
      CHECK(misfit_counts[0] == misfit_counts[1]);
      if (!keeps_vectors) CHECK(misfit_counts[0] > 100);
    }
  }
}

// What is fitted to such rows holds none of them: their differences are lost in the multiplication with 1 / scale.
TEST_CASE("Segment: without vectors, the floats of rows that codes cannot hold are kept from the first graph on") {
  const uint32_t count = kScanLimit + 200;
  const Vectors copies = CopiedVectors(1, count, 64, 16);
  for (const Metric metric : {Metric::kL2, Metric::kCosine}) {
    CAPTURE(Name(metric));
    Growth growth(metric, Element::kCode, 64, count, 0, 1, false);
    growth.Append(copies, 0, kScanLimit);
    growth.Append(copies, kScanLimit, count);
    REQUIRE(growth.segment->has_graph());
    const Segment::Misfits misfits = growth.segment->misfits();
    CHECK(misfits.count == count);
    size_t wrong_count = 0;
    for (uint32_t i = 0; i < misfits.count; ++i) {
      wrong_count += misfits.slots[i] != i;
      const float* kept = misfits.rows + size_t{i} * PaddedDimension(64);
      wrong_count += !std::equal(kept, kept + 64, copies.row(0));
    }
    CHECK(wrong_count == 0);
  }
}

TEST_CASE("Segment: an append that is broken off leaves the segment as it was") {
  const Vectors vectors = RandomVectors(3000, 20, 15);
  for (const int worker_count : {1, 4}) {
    Growth growth(Metric::kL2, Element::kCode, 20, 3000), untouched(Metric::kL2, Element::kCode, 20, 3000);
    growth.Append(vectors, 0, 1500);
    untouched.Append(vectors, 0, 1500);
    CHECK(ErrorCodeOf([&] { growth.AppendUnlinked(vectors, 1500, 3000, worker_count, AbortAfter(3)); }) == "ABORTED");
    CHECK(growth.segment->slot_count() == 1500);
    growth.Append(vectors, 1500, 3000, worker_count);
    untouched.Append(vectors, 1500, 3000);
    CHECK(growth.segment->Fingerprint() == untouched.segment->Fingerprint());
  }
}

TEST_CASE("Segment: lossless codes stay so when the rows that they did not hold are broken off") {
  const Vectors whole = WholeVectors(2000, 20, 100, 18), lossy = RandomVectors(500, 20, 19);
  Growth growth(Metric::kL2, Element::kCode, 20, 4000);
  growth.Append(whole, 0, 2000);
  REQUIRE(growth.segment->is_lossless());
  CHECK(ErrorCodeOf([&] { growth.AppendUnlinked(lossy, 0, 500, 1, AbortAfter(3)); }) == "ABORTED");
  CHECK(growth.segment->is_lossless());
  growth.Append(lossy, 0, 500);
  CHECK_FALSE(growth.segment->is_lossless());
}

TEST_CASE("Segment: rows that are given up before they are linked are gone, with their misfits and their memory") {
  // Fewer misfits than one in a hundred, and so many that codes that were kept beside vectors would be given up.
  for (const auto& [keeps_vectors, step] : {std::pair{true, 100}, {true, 20}, {false, 100}, {false, 20}}) {
    CAPTURE(keeps_vectors);
    CAPTURE(step);
    Vectors vectors = RandomVectors(9000, 20, 21);
    for (size_t row = 2000; row < 9000; row += static_cast<size_t>(step)) vectors.row(row)[row % 20] *= 30;
    Growth growth(Metric::kCosine, Element::kCode, 20, 9000, 0, 1, keeps_vectors);
    Growth untouched(Metric::kCosine, Element::kCode, 20, 9000, 0, 1, keeps_vectors);
    growth.Append(vectors, 0, 2000);
    untouched.Append(vectors, 0, 2000);
    const size_t before = MemoryOf(*growth.segment);
    growth.AppendUnlinked(vectors, 2000, 9000);
    CHECK(MemoryOf(*growth.segment) > before * 3 / 2);
    CHECK((growth.segment->misfits().count > 0) == !keeps_vectors);
    CHECK(ErrorCodeOf([&] { growth.Link(1, AbortAfter(0)); }) == "ABORTED");
    growth.writer.Abandon();
    CHECK(growth.segment->slot_count() == 2000);
    CHECK(growth.segment->misfits().count == 0);
    CHECK(MemoryOf(*growth.segment) <= before);
    CHECK(growth.writer.dead_ranges().empty());
    CHECK(growth.segment->walks_codes());
    growth.Append(vectors, 2000, 4000);
    untouched.Append(vectors, 2000, 4000);
    CHECK(growth.segment->Fingerprint() == untouched.segment->Fingerprint());
    CHECK(growth.segment->misfits().count == untouched.segment->misfits().count);
  }
}

TEST_CASE("Segment: vectors are read while rows behind them come and are given up") {
  Vectors vectors = RandomVectors(4000, 20, 22);
  for (size_t row = 0; row < 4000; row += 10) vectors.row(row)[row % 20] *= 30;
  Growth growth(Metric::kL2, Element::kCode, 20, 4000, 0, 1, false);
  growth.Append(vectors, 0, 2000);
  std::vector<std::vector<float>> before(2000, std::vector<float>(20));
  for (uint32_t slot = 0; slot < 2000; ++slot) growth.segment->CopyVector(slot, before[slot].data());
  std::atomic<bool> is_over{false};
  std::atomic<size_t> wrong_count{0};
  std::thread reader([&] {
    std::vector<float> values(20);
    for (uint32_t slot = 0; !is_over; slot = (slot + 7) % 2000) {
      growth.segment->CopyVector(slot, values.data());
      wrong_count += values != before[slot];
    }
  });
  for (size_t round = 0; round < Sized(200, 20); ++round) {
    growth.AppendUnlinked(vectors, 2000, 2000 + 20 * (round % 100 + 1));
    growth.writer.Abandon();
  }
  is_over = true;
  reader.join();
  CHECK(wrong_count == 0);
  CHECK(growth.segment->slot_count() == 2000);
}

// Whatever breaks linking off, and however often: what is counted in the end are the links that there are.
TEST_CASE("Segment: a graph that was broken off and finished counts its links right") {
  const uint32_t count = kScanLimit + 1500;
  const Vectors vectors = ClusteredVectors(count, 8, 10, 20);
  for (const int workers : {1, 3}) {
    Growth growth(Metric::kL2, Element::kCode, 8, count);
    growth.Append(vectors, 0, kScanLimit);
    growth.AppendUnlinked(vectors, kScanLimit, count);
    for (int polls = 1; polls < 4000; polls = polls * 3 / 2 + 7) {
      ErrorCodeOf([&] { growth.Link(workers, AbortAfter(polls)); });
    }
    growth.Link(workers);
    CHECK(LinkCountViolation(*growth.segment->graph(), count) == "");
  }
}

TEST_CASE("Segment: has no graph up to the scan limit, and then one over all its rows") {
  const Vectors vectors = ClusteredVectors(kScanLimit + 300, 12, 10, 2);
  Growth growth(Metric::kL2, Element::kCode, 12, kScanLimit + 300);
  growth.Append(vectors, 0, 1);
  CHECK_FALSE(growth.segment->has_graph());
  growth.Append(vectors, 1, kScanLimit);
  CHECK_FALSE(growth.segment->has_graph());
  CHECK(growth.Link(1) == 0);
  CHECK(growth.linked_count == 0);
  growth.Append(vectors, kScanLimit, kScanLimit + 1);
  CHECK(growth.linked_count == kScanLimit + 1);
  REQUIRE(growth.segment->has_graph());
  CHECK(ReachableCount(*growth.segment->graph(), kScanLimit + 1) == kScanLimit + 1);
  growth.Append(vectors, kScanLimit + 1, kScanLimit + 300);
  CHECK(ReachableCount(*growth.segment->graph(), kScanLimit + 300) == kScanLimit + 300);
  CHECK(growth.segment->graph()->entry().level >= 1);
}

TEST_CASE("Segment: the graph is not ready before all rows can be found, whenever linking is broken off") {
  const Vectors vectors = ClusteredVectors(kScanLimit + 400, 8, 10, 3);
  for (const Element element : kElements) {
    for (const int workers : {1, 3}) {
      Growth growth(Metric::kL2, element, 8, kScanLimit + 400);
      growth.Append(vectors, 0, kScanLimit);
      growth.AppendUnlinked(vectors, kScanLimit, kScanLimit + 400);
      uint32_t linked_count = 0;
      const int endless = 1'000'000;
      for (const int polls_left : {0, 1, 100, 300, 300, 300, endless}) {
        const auto on_linked = [&](uint32_t count) {
          linked_count += count;
          CHECK_FALSE(growth.segment->has_graph());
        };
        const std::string code = ErrorCodeOf([&] { growth.writer.Link(workers, AbortAfter(polls_left), on_linked); });
        CHECK(growth.segment->has_graph() == (polls_left == endless));
        CHECK(code == std::string(polls_left == endless ? "none" : "ABORTED"));
      }
      CHECK(linked_count == kScanLimit + 400);
      const Graph& graph = *growth.segment->graph();
      CHECK(ReachableCount(graph, kScanLimit + 400) == kScanLimit + 400);
      const std::vector<uint8_t> levels(kScanLimit + 400);
      for (uint32_t slot = 0; slot < levels.size(); ++slot) REQUIRE(RowViolation(graph, levels, slot, 0) == "");
    }
  }
}

TEST_CASE("Segment: scanning and walking the graph find the nearest visible rows") {
  const uint32_t count = 2000;
  const Vectors vectors = ClusteredVectors(count, 16, 20, 4);
  for (const Metric metric : kMetrics) {
    for (const Element element : kElements) {
      CAPTURE(Name(metric));
      CAPTURE(Name(element));
      Growth growth(metric, element, 16, count);
      growth.Append(vectors, 0, count);
      Bitset dead;
      for (uint32_t slot = 0; slot < count; slot += 3) dead.Set(slot);
      size_t hit_count = 0, total_count = 0;
      for (const Visibility visibility :
           {Visibility{count, nullptr}, {count, &dead}, {count / 2, nullptr}, {700, &dead}}) {
        for (size_t q = 0; q < count; q += 200) {
          const Query query(metric, vectors.row(q), 16);
          Vectors visible{16, {}};
          std::vector<uint64_t> ids;
          for (uint32_t slot = 0; slot < visibility.slot_count; ++slot) {
            if (!visibility.Contains(slot)) continue;
            visible.Append(vectors.RowCopy(slot));
            ids.push_back(1000 + slot);
          }
          const auto expected = reference::Nearest(metric, visible, ids, vectors.row(q), 10);
          Nearest nearest;
          nearest.Begin(10);
          growth.segment->Scan(query.get(), 0, visibility.slot_count, visibility, nearest);
          const std::vector<Hit>& scanned = nearest.Finish();
          REQUIRE(scanned.size() == expected.size());
          for (size_t i = 0; i < scanned.size(); ++i) CHECK(scanned[i].id == expected[i].id);
          const auto walked = SearchGraph(*growth.segment, query.get(), 100, visibility);
          REQUIRE(std::is_sorted(walked.begin(), walked.end(),
                                 [](const Hit& a, const Hit& b) { return a.key < b.key; }));
          total_count += expected.size();
          for (const reference::Neighbor& neighbor : expected) {
            hit_count += std::any_of(walked.begin(), walked.end(), [&](const Hit& hit) { return hit.id == neighbor.id; });
          }
          for (const Hit& hit : walked) REQUIRE(visibility.Contains(static_cast<uint32_t>(hit.id - 1000)));
        }
      }
      CHECK(hit_count * 100 >= total_count * 99);
    }
  }
}

TEST_CASE("Segment: of lossy codes as many hits as are asked for are measured on the floats") {
  const uint32_t count = 2000;
  const Vectors vectors = ClusteredVectors(count, 16, 20, 11);
  for (const Metric metric : kMetrics) {
    Growth growth(metric, Element::kCode, 16, count);
    growth.Append(vectors, 0, count);
    CHECK_FALSE(growth.segment->is_lossless());
    const Query query(metric, vectors.row(5), 16);
    for (const size_t rerank_count : {1, 10, 60, 100}) {
      SegmentSearchContext context;
      std::vector<Hit> hits{{1, 2}};  // what is there stays
      growth.segment->SearchGraph(query.get(), 60, 60, rerank_count, {count, nullptr}, context, hits);
      CHECK(hits.size() == 1 + rerank_count);  // beyond the beam, too: it is widened
      CHECK(hits[0].id == 2);
      for (size_t i = 1; i < hits.size(); ++i) {
        const float* row = vectors.row(hits[i].id - 1000);
        CHECK(std::abs(DistanceOfKey(hits[i].key) - reference::Distance(metric, vectors.row(5), row, 16)) <=
              reference::Tolerance(metric, vectors.row(5), row, 16));
        if (i > 1) CHECK(hits[i - 1].key <= hits[i].key);
      }
    }
  }
}

TEST_CASE("Segment: whole numbers are stored without loss, until a row comes that is none") {
  const uint32_t count = 1500;
  for (const Metric metric : {Metric::kL2, Metric::kIp}) {
    CAPTURE(Name(metric));
    Vectors vectors = WholeVectors(count, 24, 100, 12);
    vectors.row(1400)[3] = 0.5f;
    Growth growth(metric, Element::kCode, 24, count);
    growth.Append(vectors, 0, 1300);
    const auto check_distances = [&](const float* row) {
      const Query query(metric, row, 24);
      const auto hits = SearchGraph(*growth.segment, query.get(), 50, {growth.segment->slot_count(), nullptr});
      CHECK(hits.size() == 50);
      for (const Hit& hit : hits) {
        CHECK(double{DistanceOfKey(hit.key)} == reference::Distance(metric, row, vectors.row(hit.id - 1000), 24));
      }
    };
    CHECK(growth.segment->is_lossless());
    check_distances(vectors.row(3));
    Vectors between = vectors.Slice(3, 4);
    between.values[0] += 0.5f;
    check_distances(between.row(0));
    growth.Append(vectors, 1300, 1399);
    CHECK(growth.segment->is_lossless());
    growth.Append(vectors, 1399, count);
    CHECK_FALSE(growth.segment->is_lossless());
    check_distances(vectors.row(3));
    check_distances(vectors.row(1400));
  }
}

// Of vectors on a line, a chosen row holds but the two neighbors, so searches have few ways to go.
TEST_CASE("Segment: a search for a vector finds it with the beam that is promised, even on a line") {
  const size_t count = Sized(1440, 1200, 1100);
  size_t lost_count = 0;
  for (uint32_t number = 0; number < Sized(40, 8, 2); ++number) {
    const Vectors vectors = RowOfVectors(count, 8, number * count);
    Growth growth(Metric::kL2, Element::kFloat, 8, static_cast<uint32_t>(count), number);
    growth.Append(vectors, 0, count);
    for (size_t i = 0; i < count; ++i) {
      const Query query(Metric::kL2, vectors.row(i), 8);
      lost_count += SearchGraph(*growth.segment, query.get(), kSelfSearchEf, {static_cast<uint32_t>(count), nullptr})[0].id != 1000 + i;
    }
  }
  CHECK(lost_count == 0);
}

TEST_CASE("Segment: sealing changes nothing that can be seen and gives memory back") {
  const uint32_t count = 3000;
  const Vectors vectors = RandomVectors(count, 24, 5);
  for (const Metric metric : kMetrics) {
    for (const Element element : kElements) {
      Growth growth(metric, element, 24, 50'000);
      growth.Append(vectors, 0, count);
      const uint64_t fingerprint = growth.segment->Fingerprint();
      const size_t memory = MemoryOf(*growth.segment);
      const Query query(metric, vectors.row(7), 24);
      const auto before = SearchGraph(*growth.segment, query.get(), 50, {count, nullptr});
      growth.writer.Seal(growth.writer.NarrowedGraph([] {}));
      CHECK(growth.segment->is_sealed());
      CHECK(MemoryOf(*growth.segment) < memory);
      CHECK(growth.segment->Fingerprint() == fingerprint);
      const auto after = SearchGraph(*growth.segment, query.get(), 50, {count, nullptr});
      REQUIRE(before.size() == after.size());
      for (size_t i = 0; i < before.size(); ++i) CHECK(before[i].id == after[i].id);
      for (uint32_t slot = 0; slot < count; ++slot) {
        REQUIRE(std::equal(vectors.row(slot), vectors.row(slot) + 24, growth.segment->rows().floats.Row(slot)));
      }
    }
  }
}

TEST_CASE("Segment: renumbering changes nothing but the numbers, and more can be added") {
  const uint32_t count = static_cast<uint32_t>(Sized(2400, 1400)), more = 300;
  for (const Metric metric : kMetrics) {
    for (const bool keeps_vectors : {true, false}) {
      CAPTURE(Name(metric));
      CAPTURE(keeps_vectors);
      Vectors vectors = ClusteredVectors(count + more, 20, 30, 9);
      // Misfits under these codes, whose floats are kept. Rows with the largest values come first, so that they are what codes are fitted to.
      for (size_t i = count; i < count + 3; ++i) vectors.row(i)[i % 20] = 3;
      Growth growth(metric, Element::kCode, 20, count + more, 0, 1, keeps_vectors), twin(metric, Element::kCode, 20, count + more, 0, 1, keeps_vectors);
      CHECK(growth.writer.is_new());
      growth.AppendUnlinked(vectors, 0, count);
      twin.AppendUnlinked(vectors, 0, count);
      growth.Link(1);
      twin.Link(1);
      const auto row_at = [&](uint32_t i) {
        return GrowingSegment::NewRow{vectors.row(i), InverseNorm(vectors.row(i), 20), 1000 + i};
      };
      const uint32_t misfit_count = growth.segment->misfits().count;
      const std::vector<uint32_t> order = growth.writer.Renumber(2, Nothing, row_at);
      CHECK(growth.segment->misfits().count == misfit_count);
      CHECK(growth.segment->is_lossless() == twin.segment->is_lossless());
      REQUIRE(order.size() == count);
      size_t wrong_count = 0, moved_count = 0;
      for (uint32_t slot = 0; slot < count; ++slot) {
        moved_count += order[slot] != slot;
        wrong_count += growth.segment->id(slot) != 1000 + order[slot];
        float values[20], expected[20];
        growth.segment->CopyVector(slot, values);
        twin.segment->CopyVector(order[slot], expected);
        wrong_count += !std::equal(values, values + 20, expected);
      }
      CHECK(wrong_count == 0);
      CHECK(moved_count > count / 2);
      for (size_t i = 0; i < count; i += 31) {
        const Query query(metric, vectors.row(i), 20);
        const auto hits = SearchGraph(*growth.segment, query.get(), 40, {count, nullptr});
        const auto expected = SearchGraph(*twin.segment, query.get(), 40, {count, nullptr});
        REQUIRE(hits.size() == expected.size());
        for (size_t rank = 0; rank < hits.size(); ++rank) wrong_count += hits[rank].id != expected[rank].id || hits[rank].key != expected[rank].key;
      }
      CHECK(wrong_count == 0);
      growth.writer.Publish();
      CHECK_FALSE(growth.writer.is_new());
      growth.Append(vectors, count, count + more);
      CHECK(Violation(*growth.segment, count + more) == "");
      for (size_t i = 0; i < count + more; i += 7) {
        const Query query(metric, vectors.row(i), 20);
        const auto hits = SearchGraph(*growth.segment, query.get(), 40, {count + more, nullptr});
        wrong_count += metric != Metric::kIp && std::ranges::none_of(hits, [&](const Hit& hit) { return hit.id == 1000 + i; });
      }
      CHECK(wrong_count == 0);

      Growth aborted(metric, Element::kCode, 20, count + more, 0, 1, keeps_vectors);
      aborted.AppendUnlinked(vectors, 0, count);
      aborted.Link(1);
      CHECK(ErrorCodeOf([&] { aborted.writer.Renumber(2, AbortAfter(1), row_at); }) == "ABORTED");
      aborted.writer.Abandon();
    }
  }
}

TEST_CASE("Segment: one without a graph can be sealed") {
  const Vectors vectors = RandomVectors(10, 3, 6);
  Growth growth(Metric::kCosine, Element::kCode, 3, 10);
  growth.Append(vectors, 0, 10);
  CHECK(growth.writer.NarrowedGraph([] {}) == nullptr);
  growth.writer.Seal(nullptr);
  CHECK(growth.segment->is_sealed());
  CHECK_FALSE(growth.segment->has_graph());
  CHECK(growth.segment->id(9) == 1009);
}

TEST_CASE("Segment: the fingerprint follows from rows, ids, number, seed and steps, not from the number of workers") {
  const Vectors vectors = RandomVectors(2500, 10, 7);
  for (const Element element : kElements) {
    const auto fingerprint = [&](uint32_t number, uint64_t seed, size_t step, int workers) {
      Growth growth(Metric::kL2, element, 10, 3000, number, seed);
      for (size_t begin = 0; begin < 2500; begin += step) {
        growth.Append(vectors, begin, std::min<size_t>(2500, begin + step), workers);
      }
      return growth.segment->Fingerprint();
    };
    const uint64_t expected = fingerprint(3, 1, 2500, 1);
    CHECK(fingerprint(3, 1, 2500, 1) == expected);
    for (const int workers : {2, 3, 8}) CHECK(fingerprint(3, 1, 2500, workers) == expected);
    CHECK(fingerprint(3, 1, 700, 1) == fingerprint(3, 1, 700, 4));
    CHECK(fingerprint(4, 1, 2500, 1) != expected);
    CHECK(fingerprint(3, 2, 2500, 1) != expected);
  }
}

TEST_CASE("Segment: growing past what is reserved is out of memory and changes nothing") {
  const Vectors vectors = RandomVectors(1200, 4, 8);
  Growth growth(Metric::kL2, Element::kCode, 4, 1200);
  growth.Append(vectors, 0, 1100);
  const uint64_t fingerprint = growth.segment->Fingerprint();
  CHECK(ErrorCodeOf([&] { growth.writer.Reserve(1u << 30); }) == "OUT_OF_MEMORY");
  CHECK(growth.segment->Fingerprint() == fingerprint);
  growth.Append(vectors, 1100, 1200);
  CHECK(growth.segment->slot_count() == 1200);
}

TEST_CASE("Segment: levels thin out by a factor of M") {
  const uint32_t count = static_cast<uint32_t>(Sized(20'000, 3000));
  Growth growth(Metric::kL2, Element::kFloat, 1, count);
  growth.Append(LineVectors(count, 9), 0, count);
  // Walk level 1 from the entry: about one slot in 16 is on it.
  const Graph& graph = *growth.segment->graph();
  std::vector<bool> is_seen(count);
  std::vector<uint32_t> open{graph.entry().slot};
  is_seen[open[0]] = true;
  size_t upper_count = 0;
  while (!open.empty()) {
    const uint32_t slot = open.back();
    open.pop_back();
    ++upper_count;
    for (const uint32_t link : LinksOf(graph, slot, 1)) {
      if (is_seen[link]) continue;
      is_seen[link] = true;
      open.push_back(link);
    }
  }
  const double expected = count / 16.0;
  CHECK(std::abs(static_cast<double>(upper_count) - expected) <= 6 * std::sqrt(expected));
}

// What searches for published rows see while two threads at a time link more.
TEST_CASE("Segment: readers walk the graph while it grows") {
  const auto count = static_cast<uint32_t>(Sized(5000, 2200, 2000));
  const uint32_t published = 1500;
  const Vectors vectors = ClusteredVectors(count, 16, 30, 10);
  for (const Metric metric : {Metric::kL2, Metric::kCosine}) {
    for (const Element element : kElements) {
      CAPTURE(Name(metric));
      CAPTURE(Name(element));
      Growth growth(metric, element, 16, count);
      growth.Append(vectors, 0, published);
      std::atomic<bool> is_done{false};
      std::atomic<size_t> wrong_count{0}, missing_count{0};
      std::vector<std::thread> readers;
      for (uint32_t reader = 0; reader < 2; ++reader) {
        readers.emplace_back([&, reader] {
          for (uint32_t row = reader; !is_done || row < 100; row += 2) {
            const uint32_t wanted = row % published;
            const Query query(metric, vectors.row(wanted), 16);
            const auto hits = SearchGraph(*growth.segment, query.get(), 40, {published, nullptr});
            bool is_found = false;
            for (const Hit& hit : hits) {
              is_found = is_found || hit.id == 1000 + wanted;
              if (hit.id < 1000 || hit.id >= 1000 + published) {
                ++wrong_count;
                continue;
              }
              const float* found = vectors.row(hit.id - 1000);
              const double distance = reference::Distance(metric, vectors.row(wanted), found, 16);
              wrong_count += !(std::abs(DistanceOfKey(hit.key) - distance) <=
                               reference::Tolerance(metric, vectors.row(wanted), found, 16));
            }
            missing_count += !is_found;
          }
        });
      }
      for (uint32_t begin = published; begin < count; begin += 700) {
        growth.Append(vectors, begin, std::min(count, begin + 700), 2);
      }
      is_done = true;
      for (std::thread& reader : readers) reader.join();
      CHECK(wrong_count.load() == 0);
      CHECK(missing_count.load() == 0);
      CHECK(ReachableCount(*growth.segment->graph(), count) == count);
    }
  }
}

}  // namespace
}  // namespace segvec
