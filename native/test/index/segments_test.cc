// How an index spreads its vectors over segments.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "index/index.h"
#include "support/errors.h"
#include "support/index_of.h"
#include "support/sanitizers.h"
#include "support/vectors.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

IndexOptions OptionsWith(uint32_t capacity, int segments) {
  IndexOptions options = OptionsFor(8, Metric::kL2, {2, segments});
  options.segment_capacity = capacity;
  return options;
}

TEST_CASE("Segments: a full one is sealed and another begun, whatever the size of the batches") {
  const Vectors vectors = RandomVectors(1000, 8, 1);
  for (const uint32_t capacity : {1u, 7u, 100u}) {
    for (const size_t batch : {size_t{1}, size_t{10}, size_t{333}, size_t{1000}}) {
      for (const int segments : {1, 3}) {
        if (capacity == 1 && batch == 1 && kIsSanitized) continue;
        CAPTURE(capacity);
        CAPTURE(batch);
        CAPTURE(segments);
        const auto index = MakeIndex(OptionsWith(capacity, segments));
        const size_t count = capacity == 1 ? 60 : vectors.count();
        for (size_t begin = 0; begin < count; begin += batch) {
          Add(*index, vectors.Slice(begin, std::min(count, begin + batch)));
        }
        const auto snapshot = index->snapshot();
        CHECK(snapshot->vector_count == count);
        size_t slot_count = 0, growing_count = 0;
        for (size_t i = 0; i < snapshot->views.size(); ++i) {
          const Segment& segment = *snapshot->views[i].segment;
          CHECK(segment.number() == i);
          CHECK(segment.slot_count() == snapshot->views[i].slot_count);
          CHECK(segment.slot_count() <= capacity);
          CHECK(segment.is_sealed() == (segment.slot_count() == capacity));
          slot_count += segment.slot_count();
          growing_count += !segment.is_sealed();
        }
        CHECK(slot_count == count);
        CHECK(growing_count <= static_cast<size_t>(segments));
        for (size_t i = 0; i < count; i += 13) {
          REQUIRE(index->Get(i) == vectors.RowCopy(i));
          REQUIRE(ExactSearch(*index, vectors.row(i), 1).front().id == i);
        }
      }
    }
  }
}

TEST_CASE("Segments: the ids of the segments are those that were added, each once") {
  const auto index = MakeIndex(OptionsWith(500, 4));
  const Vectors vectors = RandomVectors(3000, 8, 2);
  Add(*index, vectors, IdRange(11, 3000, 2));
  std::set<uint64_t> ids;
  const auto snapshot = index->snapshot();
  for (const SegmentView& view : snapshot->views) {
    for (uint32_t slot = 0; slot < view.slot_count; ++slot) {
      const uint64_t id = view.segment->id(slot);
      ids.insert(id);
      REQUIRE(std::equal(view.segment->rows().floats.Row(slot), view.segment->rows().floats.Row(slot) + 8, vectors.row((id - 11) / 2)));
    }
  }
  const Ids expected = IdRange(11, 3000, 2);
  CHECK(ids == std::set<uint64_t>(expected.begin(), expected.end()));
}

TEST_CASE("Segments: a snapshot stays what it was") {
  const auto index = MakeIndex(OptionsWith(700, 2));
  Add(*index, RandomVectors(1500, 8, 3));
  const auto before = index->snapshot();
  const size_t view_count = before->views.size();
  std::vector<uint32_t> slot_counts;
  for (const SegmentView& view : before->views) slot_counts.push_back(view.slot_count);
  Add(*index, RandomVectors(1500, 8, 4));
  CHECK(before->vector_count == 1500);
  REQUIRE(before->views.size() == view_count);
  for (size_t i = 0; i < view_count; ++i) CHECK(before->views[i].slot_count == slot_counts[i]);
  CHECK(index->vector_count() == 3000);
  CHECK(before->FindView(0)->segment->number() == 0);
  CHECK(before->FindView(1000) == nullptr);
}

TEST_CASE("Segments: they live as long as a snapshot holds them") {
  auto index = MakeIndex(OptionsWith(700, 2));
  const Vectors vectors = RandomVectors(1500, 8, 5);
  Add(*index, vectors);
  const auto snapshot = index->snapshot();
  index.reset();
  size_t wrong_count = 0;
  for (const SegmentView& view : snapshot->views) {
    for (uint32_t slot = 0; slot < view.slot_count; ++slot) {
      wrong_count += !std::equal(view.segment->rows().floats.Row(slot), view.segment->rows().floats.Row(slot) + 8, vectors.row(view.segment->id(slot)));
    }
  }
  CHECK(wrong_count == 0);
}

TEST_CASE("Segments: a sealed one gets narrow links, and a snapshot from before goes on with the graph it has") {
  const Vectors vectors = ClusteredVectors(kScanLimit + 300, 8, 20, 6), queries = RandomVectors(40, 8, 7);
  const SearchParameters parameters{10, 50, false};
  for (const bool is_full : {false, true}) {  // sealed because it is full, or to be written
    const auto index = MakeIndex(OptionsWith(kScanLimit + (is_full ? 300 : 800), 1));
    const Searcher searcher(index->options(), nullptr);
    Add(*index, vectors.Slice(0, vectors.count() - 100));
    const auto before = index->snapshot();
    const auto search = [&](const Snapshot& snapshot) {
      return searcher.Search(snapshot, queries.values.data(), queries.count(), parameters, CancelToken());
    };
    const SearchResults expected = search(*before);
    Add(*index, vectors.Slice(vectors.count() - 100, vectors.count()));
    if (!is_full) index->Capture([](const IndexImage::Part&) { return false; }, CancelToken());
    const auto after = index->snapshot();
    REQUIRE(after->views.size() == 1);
    const SegmentView &old_view = before->views[0], &view = after->views[0];
    CHECK(view.segment == old_view.segment);
    CHECK(view.segment->is_sealed());
    CHECK(view.graph == view.segment->graph());
    CHECK(view.graph->link_bytes() == 2);
    CHECK(old_view.graph->link_bytes() == kWideLinkBytes);
    CHECK(old_view.graph->Fingerprint(view.slot_count) == view.graph->Fingerprint(view.slot_count));
    CHECK(view.memory_bytes() < old_view.memory_bytes());
    // The new rows are linked to in both graphs, and only the new snapshot shows them.
    const SearchResults again = search(*before);
    size_t later_count = 0;
    for (const uint64_t id : again.ids) later_count += id >= vectors.count() - 100;
    CHECK(later_count == 0);
    CHECK(again.counts == expected.counts);
    size_t missed_count = 0;
    for (size_t i = 0; i < vectors.count(); i += 7) missed_count += !HasId(Search(*index, vectors.row(i), 5, 64), i);
    CHECK(missed_count == 0);
  }
}

TEST_CASE("Segments: a graph appears when a segment passes the scan limit, and searches go on finding all") {
  const auto index = MakeIndex(OptionsWith(1u << 20, 1));
  const Vectors vectors = ClusteredVectors(kScanLimit + 600, 8, 20, 6);
  const size_t ends[] = {500, kScanLimit - 1, kScanLimit, kScanLimit + 1, kScanLimit + 2, kScanLimit + 600};
  size_t begin = 0;
  for (const size_t end : ends) {
    CAPTURE(end);
    Add(*index, vectors.Slice(begin, end));
    begin = end;
    CHECK(index->snapshot()->views[0].segment->has_graph() == (end > kScanLimit));
    size_t missed_count = 0;
    for (size_t i = 0; i < end; i += 3) missed_count += !HasId(Search(*index, vectors.row(i), 5, 64), i);
    CHECK(missed_count == 0);
  }
}

// Its share of the beam is too narrow, and another segment holds a neighbor that would do if it were not found.
TEST_CASE("Segments: a vector of a segment that is a small part of the index is found") {
  constexpr uint32_t kCapacity = 1440;
  IndexOptions options = OptionsWith(kCapacity, 1);
  options.quantization = Quantization::kNone;
  const auto index = MakeIndex(options);
  const Vectors vectors = RowOfVectors(kCapacity * Sized(40, 4, 2), 8);
  for (size_t i = 0; i < vectors.count(); i += kCapacity / 2) Add(*index, vectors.Slice(i, i + kCapacity / 2));
  size_t missed_count = 0;
  for (size_t i = 0; i < vectors.count(); i += 3) missed_count += Search(*index, vectors.row(i), 1, 64)[0].id != i;
  CHECK(missed_count == 0);
}

TEST_CASE("Segments: a capacity that no memory holds is cut down") {
  IndexOptions options = OptionsFor(4096, Metric::kCosine);
  options.segment_capacity = ~uint32_t{0};
  const auto index = MakeIndex(options);
  Add(*index, RandomVectors(3, 4096, 7));
  CHECK(index->vector_count() == 3);
  CHECK(index->memory_bytes() < (8 << 20));
}

}  // namespace
}  // namespace segvec
