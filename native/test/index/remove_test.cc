// What a remove does to an index, and what it leaves alone.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "index/index.h"
#include "support/errors.h"
#include "support/index_of.h"
#include "support/names.h"
#include "support/sanitizers.h"
#include "support/vectors.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

TEST_CASE("Remove: what is removed is nowhere any more, the rest is where it was") {
  for (const Metric metric : kMetrics) {
    for (const size_t count : {3, 900, 2500}) {
      CAPTURE(Name(metric));
      CAPTURE(count);
      const auto index = MakeIndex(OptionsFor(8, metric, {2, 2}));
      const Vectors vectors = RandomVectors(count, 8, 1);
      Add(*index, vectors);
      const Ids removed = IdRange(1, count / 3, 3);
      CHECK(Remove(*index, removed) == removed.size());
      const std::set<uint64_t> gone(removed.begin(), removed.end());
      CHECK(index->vector_count() == count - removed.size());
      for (uint64_t id = 0; id < count; ++id) {
        REQUIRE(index->Has(id) == (gone.count(id) == 0));
        REQUIRE(index->Get(id) == (gone.count(id) == 0 ? std::optional(vectors.RowCopy(id)) : std::nullopt));
      }
      for (const bool is_exact : {false, true}) {
        const SearchResults all = index->Search(vectors.row(1), 1, {count, 64, is_exact}, CancelToken());
        CHECK(all.k == count - removed.size());
        CHECK(all.counts[0] == count - removed.size());
        CHECK(std::none_of(all.ids.begin(), all.ids.end(), [&](uint64_t id) { return gone.count(id) == 1; }));
      }
    }
  }
}

TEST_CASE("Remove: ids that are not there, and ids that are given twice, count for nothing") {
  const auto index = MakeIndex(OptionsFor(4, Metric::kL2));
  CHECK(Remove(*index, Ids{1, 2, 3}) == 0);
  CHECK(Remove(*index, Ids{}) == 0);
  Add(*index, RandomVectors(5, 4, 1));
  const auto before = index->snapshot();
  CHECK(Remove(*index, Ids{5, 6, ~uint64_t{0}}) == 0);
  CHECK(index->snapshot() == before);
  CHECK(Remove(*index, Ids{2, 9, 2, 2}) == 1);
  CHECK(Remove(*index, Ids{2}) == 0);
  CHECK(index->vector_count() == 4);
}

TEST_CASE("Remove: a removed id can be added again, automatic ids go on counting") {
  const auto index = MakeIndex(OptionsFor(4, Metric::kL2));
  const Vectors first = RandomVectors(10, 4, 1), second = RandomVectors(2, 4, 2);
  CHECK(Add(*index, first) == IdRange(0, 10));
  CHECK(Remove(*index, Ids{8, 9}) == 2);
  CHECK(Add(*index, second) == Ids{10, 11});
  Add(*index, second, Ids{9, 8});
  CHECK(index->Get(9) == second.RowCopy(0));
  CHECK(index->Get(8) == second.RowCopy(1));
  CHECK(ErrorCodeOf([&] { Add(*index, second, Ids{9, 20}); }) == "DUPLICATE_ID");
  CHECK(index->vector_count() == 12);
}

TEST_CASE("Remove: everything, and life afterwards") {
  for (const size_t count : {1, 700, 3000}) {
    IndexOptions options = OptionsFor(8, Metric::kCosine, {2, 1});
    options.segment_capacity = 1200;
    const auto index = MakeIndex(options);
    const Vectors vectors = RandomVectors(count, 8, 1);
    Add(*index, vectors);
    CHECK(Remove(*index, IdRange(0, count)) == count);
    CHECK(index->vector_count() == 0);
    for (const bool is_exact : {false, true}) {
      CHECK(index->Search(vectors.row(0), 1, {10, 64, is_exact}, CancelToken()).k == 0);
    }
    Add(*index, vectors, IdRange(0, count));
    CHECK(index->vector_count() == count);
    CHECK(MissedSelfCount(*index, vectors, 100, count / 100 + 1) == 0);
  }
}

TEST_CASE("Remove: a snapshot goes on showing what it showed") {
  const auto index = MakeIndex(OptionsFor(4, Metric::kL2));
  Add(*index, RandomVectors(100, 4, 1));
  const auto before = index->snapshot();
  Remove(*index, IdRange(0, 60));
  Upsert(*index, RandomVectors(10, 4, 2), IdRange(60, 10));
  CHECK(before->vector_count == 100);
  for (uint32_t slot = 0; slot < 100; ++slot) CHECK(before->views[0].visibility().Contains(slot));
  const auto after = index->snapshot();
  CHECK(after->vector_count == 40);
  CHECK(after->views[0].live_count() == 40);
  CHECK(after->views[0].slot_count == 110);
}

TEST_CASE("Remove: string ids go, come back, and keep their texts while a snapshot shows them") {
  IndexOptions options = OptionsFor(4, Metric::kL2);
  options.id_type = IdType::kString;
  const auto index = MakeIndex(options);
  const Vectors vectors = RandomVectors(4, 4, 1);
  Add(*index, vectors, Texts{"a", "b", "c", "d"});
  const uint64_t number = *index->string_ids().Find("b");
  auto held = index->snapshot();
  CHECK(Remove(*index, Texts{"b", "x", "d", "b"}) == 2);
  CHECK(index->vector_count() == 2);
  CHECK_FALSE(index->string_ids().Find("b").has_value());
  CHECK(index->string_ids().Text(number) == "b");
  Add(*index, vectors.Slice(2, 3), Texts{"b"});
  const SearchResults results = index->Search(vectors.row(2), 1, {10, 64, false}, CancelToken());
  CHECK(results.k == 3);
  CHECK(results.texts == Texts{"b", "c", "a"});
  Vectors twice = vectors.Slice(2, 3);
  twice.Append(vectors.RowCopy(2));
  const SearchResults both = index->Search(twice.row(0), 2, {2, 64, false}, CancelToken());
  CHECK(both.texts == Texts{"b", "c"});
  CHECK(both.text_places == std::vector<uint32_t>{0, 1, 0, 1});
  CHECK(index->Get(*index->string_ids().Find("b")) == vectors.RowCopy(2));
  CHECK(index->string_ids().Text(number) == "b");
  held.reset();
  Remove(*index, Texts{"a"});
  CHECK(index->string_ids().Find("b") != number);
  CHECK(index->Get(*index->string_ids().Find("b")) == vectors.RowCopy(2));
}

TEST_CASE("Remove: turnover does not grow the ids") {
  for (const IdType type : {IdType::kNumber, IdType::kString}) {
    IndexOptions options = OptionsFor(1, Metric::kL2);
    options.id_type = type;
    const auto index = MakeIndex(options);
    const size_t batch = 2000;  // fewer would not fill the smallest tables
    const Vectors vectors = RandomVectors(batch, 1, 1);
    const auto id_bytes = [&] {
      size_t segment_bytes = 0;
      const auto snapshot = index->snapshot();
      for (const SegmentView& view : snapshot->views) {
        segment_bytes += view.memory_bytes();
      }
      return index->memory_bytes() - segment_bytes;
    };
    size_t bytes_at_first = 0;
    for (size_t round = 0; round < 12; ++round) {
      const Ids ids = Add(*index, vectors);
      if (round == 1) bytes_at_first = id_bytes();
      if (type == IdType::kNumber) {
        REQUIRE(Remove(*index, ids) == batch);
        continue;
      }
      Texts texts;
      for (const uint64_t id : ids) texts.push_back(std::to_string(id));
      REQUIRE(Remove(*index, texts) == batch);
    }
    CHECK(id_bytes() < bytes_at_first / 2);
  }
}

TEST_CASE("Remove: tombstones are counted as memory") {
  const auto index = MakeIndex(OptionsFor(1, Metric::kL2));
  Add(*index, RandomVectors(4096, 1, 1));
  const size_t before = index->memory_bytes();
  Remove(*index, Ids{4000});
  CHECK(index->memory_bytes() == before + 4096 / 8);
}

TEST_CASE("Remove: ends when it is cancelled, and removes nothing then") {
  const auto index = MakeIndex(OptionsFor(4, Metric::kL2));
  Add(*index, RandomVectors(100, 4, 1));
  const IndexState before(*index);
  CancelToken cancel;
  cancel.Cancel();
  CHECK(ErrorCodeOf([&] { index->Remove(*StageOfIds(*index, IdRange(0, 50)), cancel); }) == "ABORTED");
  CHECK(IndexState(*index) == before);
  CHECK(index->Has(7));
}

}  // namespace
}  // namespace segvec
