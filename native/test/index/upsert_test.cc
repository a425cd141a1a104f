// What an upsert does to an index, and what a failed one leaves of it.
#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
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

TEST_CASE("Upsert: replaces what is there, adds what is not, and leaves the rest") {
  for (const Metric metric : kMetrics) {
    for (const size_t present_count : {0, 10, 2000}) {
      for (const size_t capacity : {700, 1 << 20}) {
        CAPTURE(Name(metric));
        CAPTURE(present_count);
        IndexOptions options = OptionsFor(8, metric, {2, 2});
        options.segment_capacity = static_cast<uint32_t>(capacity);
        const auto index = MakeIndex(options);
        const Vectors present = RandomVectors(present_count, 8, 1), batch = RandomVectors(1500, 8, 2);
        Add(*index, present);
        const size_t first = present_count / 2;
        Upsert(*index, batch, IdRange(first, 1500));
        const size_t count = std::max(present_count, first + 1500);
        CHECK(index->vector_count() == count);
        for (uint64_t id = 0; id < count; ++id) {
          const bool is_replaced = id >= first && id < first + 1500;
          REQUIRE(index->Get(id) == (is_replaced ? batch.RowCopy(id - first) : present.RowCopy(id)));
        }
        const SearchResults all = index->Search(batch.row(0), 1, {count, 64, true}, CancelToken());
        Ids ids = all.ids;
        std::sort(ids.begin(), ids.end());
        CHECK(ids == IdRange(0, count));
        for (size_t row = 0; metric != Metric::kIp && row < 1500; row += 50) {
          CHECK(HasId(Search(*index, batch.row(row), 10, 200), first + row));
        }
        CHECK(Add(*index, batch.Slice(0, 1)) == Ids{count});
      }
    }
  }
}

TEST_CASE("Upsert: string ids keep their numbers") {
  IndexOptions options = OptionsFor(4, Metric::kL2);
  options.id_type = IdType::kString;
  const auto index = MakeIndex(options);
  const Vectors vectors = RandomVectors(5, 4, 1);
  Add(*index, vectors.Slice(0, 2), Texts{"a", "b"});
  const auto number = index->string_ids().Find("b");
  Upsert(*index, vectors.Slice(2, 5), Texts{"c", "b", "d"});
  CHECK(index->vector_count() == 4);
  CHECK(index->string_ids().Find("b") == number);
  CHECK(index->Get(*number) == vectors.RowCopy(3));
  CHECK(ErrorTextOf([&] {
          Upsert(*index, vectors.Slice(0, 3), Texts{"e", "b", "b"});
        }) == "DUPLICATE_ID: row 2: id 'b' is earlier in this batch, too");
  CHECK_FALSE(index->string_ids().Find("e").has_value());
  CHECK(index->Get(*number) == vectors.RowCopy(3));
}

TEST_CASE("Upsert: a batch with a bad row or an id given twice changes nothing and names the row") {
  for (const Spread spread : {Spread{1, 1}, {2, 2}}) {
    const auto index = MakeIndex(OptionsFor(8, Metric::kL2, spread));
    const Vectors present = RandomVectors(1500, 8, 1);
    Add(*index, present);
    const IndexState before(*index);
    Vectors batch = RandomVectors(400, 8, 2);
    Ids ids = IdRange(1300, 400);
    ids[399] = 1305;
    CHECK(ErrorTextOf([&] { Upsert(*index, batch, ids); }) ==
          "DUPLICATE_ID: row 399: id 1305 is earlier in this batch, too");
    ids[398] = 1650;  // new, and given twice
    CHECK(ErrorTextOf([&] { Upsert(*index, batch, ids); }) ==
          "DUPLICATE_ID: row 398: id 1650 is earlier in this batch, too");
    batch.row(17)[3] = std::numeric_limits<float>::quiet_NaN();
    CHECK(StartsWith(ErrorTextOf([&] { Upsert(*index, batch, IdRange(1300, 400)); }),
                     "INVALID_VECTOR: row 17, position 3 is NaN;"));
    CHECK(IndexState(*index) == before);
    for (uint64_t id = 1300; id < 1700; ++id) {
      REQUIRE(index->Get(id) == (id < 1500 ? std::optional(present.RowCopy(id)) : std::nullopt));
    }
    CHECK(Add(*index, present.Slice(0, 1)) == Ids{1500});
  }
}

TEST_CASE("Upsert: the same vectors again and again") {
  IndexOptions options = OptionsFor(8, Metric::kL2);
  options.segment_capacity = 1500;
  const auto index = MakeIndex(options);
  const Vectors vectors = RandomVectors(600, 8, 1);
  for (int round = 0; round < 6; ++round) {
    Upsert(*index, vectors, IdRange(0, 600));
    CHECK(index->vector_count() == 600);
    CHECK(MissedSelfCount(*index, vectors, 100, 7) == 0);
  }
}

TEST_CASE("Upsert: an empty batch changes nothing") {
  const auto index = MakeIndex(OptionsFor(4, Metric::kL2));
  Stage stage(4, 0);
  CHECK(index->Upsert(stage, CancelToken()).empty());
  CHECK(index->snapshot()->views.empty());
}

TEST_CASE("Upsert: the same calls build the same bytes for any number of threads") {
  uint64_t expected = 0;
  for (const int threads : {1, 2, 4}) {
    IndexOptions options = OptionsFor(8, Metric::kL2, {threads, 1});
    options.segment_capacity = 1600;
    const auto index = MakeIndex(options);
    const Vectors vectors = RandomVectors(2500, 8, 1);
    Add(*index, vectors);
    Upsert(*index, vectors.Slice(0, 700), IdRange(900, 700));
    Remove(*index, IdRange(0, 500, 2));
    Upsert(*index, vectors.Slice(700, 1200), IdRange(100, 500));
    if (threads == 1) expected = index->Fingerprint();
    CHECK(index->Fingerprint() == expected);
  }
}

}  // namespace
}  // namespace segvec
