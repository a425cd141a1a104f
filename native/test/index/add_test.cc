// What an add does to an index, and what a failed one leaves of it.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
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

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

IndexOptions StringOptions(size_t dimension) {
  IndexOptions options = OptionsFor(dimension, Metric::kL2);
  options.id_type = IdType::kString;
  return options;
}

TEST_CASE("Add: nothing at all changes nothing") {
  const auto index = MakeIndex(OptionsFor(4, Metric::kL2));
  Stage stage(4, 0);
  CHECK(index->Add(stage, CancelToken()).empty());
  CHECK(index->vector_count() == 0);
  CHECK(index->snapshot()->views.empty());
}

TEST_CASE("Add: batches of many sizes; every row is there, as it was given") {
  for (const Metric metric : kMetrics) {
    for (const Spread spread : {Spread{1, 1}, {3, 1}, {3, 3}}) {
      CAPTURE(Name(metric));
      CAPTURE(Name(spread));
      const auto index = MakeIndex(OptionsFor(21, metric, spread));
      const Vectors vectors = RandomVectors(Sized(3000, 1600), 21, 1);
      size_t begin = 0, step = 0;
      const size_t sizes[] = {1, 1, 2, 3, 127, 128, 129, 255, 256, 257, 500};
      while (begin < vectors.count()) {
        const size_t size = std::min(sizes[step++ % std::size(sizes)], vectors.count() - begin);
        const auto stage = StageOf(vectors.Slice(begin, begin + size));
        stage->ids = IdRange(5 * begin, size, 5);
        CHECK(index->Add(*stage, CancelToken()).empty());
        CHECK(stage->inserted_count == size);
        begin += size;
        REQUIRE(index->vector_count() == begin);
      }
      size_t wrong_count = 0;
      for (size_t i = 0; i < vectors.count(); ++i) {
        wrong_count += !index->Has(5 * i) || index->Get(5 * i) != vectors.RowCopy(i);
        wrong_count += index->Has(5 * i + 1) || index->Get(5 * i + 1).has_value();
      }
      CHECK(wrong_count == 0);
    }
  }
}

// 0.1 + 0.2 and its kind: a vector that was divided by its length and multiplied again would differ.
TEST_CASE("Add: under cosine the floats themselves are kept") {
  const auto index = MakeIndex(OptionsFor(6, Metric::kCosine));
  const Vectors vectors{6, {0.1f, 0.2f, -0.0f, 1e-20f, 3e16f, 7, 1e-7f, 0, 0, 0, 0, 0}};
  Add(*index, vectors, Ids{1, 2});
  CHECK(index->Get(1) == vectors.RowCopy(0));
  CHECK(std::signbit((*index->Get(1))[2]));
  CHECK(index->Get(2) == vectors.RowCopy(1));
}

TEST_CASE("Add: automatic ids count up from one above the largest id") {
  for (const IdType type : {IdType::kNumber, IdType::kBigint}) {
    IndexOptions options = OptionsFor(3, Metric::kL2, {2, 2});
    options.id_type = type;
    const auto index = MakeIndex(options);
    CHECK(Add(*index, RandomVectors(3, 3, 1)) == Ids{0, 1, 2});
    Add(*index, RandomVectors(2, 3, 2), Ids{1000, 50});
    CHECK(Add(*index, RandomVectors(500, 3, 3)) == IdRange(1001, 500));
    Add(*index, RandomVectors(1, 3, 4), Ids{7});
    CHECK(Add(*index, RandomVectors(1, 3, 5)) == Ids{1501});
    CHECK(index->vector_count() == 507);
  }
}

TEST_CASE("Add: when the largest id is taken there are no automatic ones left") {
  for (const IdType type : {IdType::kNumber, IdType::kBigint}) {
    IndexOptions options = OptionsFor(3, Metric::kL2);
    options.id_type = type;
    const uint64_t largest = type == IdType::kNumber ? kMaxNumberId : ~uint64_t{0} - 1;
    const auto index = MakeIndex(options);
    Add(*index, RandomVectors(1, 3, 1), Ids{largest - 3});
    CHECK(ErrorCodeOf([&] { Add(*index, RandomVectors(4, 3, 2)); }) == "INVALID_ID");
    CHECK(Add(*index, RandomVectors(3, 3, 3)) == Ids{largest - 2, largest - 1, largest});
    const IndexState before(*index);
    CHECK(StartsWith(ErrorTextOf([&] { Add(*index, RandomVectors(1, 3, 4)); }), "INVALID_ID: no automatic ids"));
    CHECK(IndexState(*index) == before);
    Add(*index, RandomVectors(1, 3, 5), Ids{3});
    CHECK(index->vector_count() == 5);
  }
}

TEST_CASE("Add: 2^64 - 1 is an id, and leaves no automatic one above it") {
  IndexOptions options = OptionsFor(3, Metric::kL2);
  options.id_type = IdType::kBigint;
  const auto index = MakeIndex(options);
  Add(*index, RandomVectors(2, 3, 1), Ids{0, ~uint64_t{0}});
  CHECK(index->Has(~uint64_t{0}));
  CHECK(ErrorCodeOf([&] { Add(*index, RandomVectors(1, 3, 2)); }) == "INVALID_ID");
  CHECK(index->vector_count() == 2);
  CHECK(index->Get(0) == RandomVectors(2, 3, 1).RowCopy(0));
}

TEST_CASE("Add: string ids") {
  const auto index = MakeIndex(StringOptions(4));
  const Vectors vectors = RandomVectors(4, 4, 1);
  Add(*index, vectors, Texts{"one", "", "two", "1"});
  CHECK(index->vector_count() == 4);
  const auto number = index->string_ids().Find("two");
  REQUIRE(number.has_value());
  CHECK(index->Get(*number) == vectors.RowCopy(2));
  const auto found = ExactSearch(*index, vectors.row(1), 1);
  REQUIRE(found.size() == 1);
  CHECK(index->string_ids().Text(found[0].id) == "");
}

TEST_CASE("Add: automatic string ids are the decimal numbers that are not taken") {
  const auto index = MakeIndex(StringOptions(2));
  Add(*index, RandomVectors(2, 2, 1), Texts{"1", "x"});
  CHECK(Add(*index, RandomVectors(3, 2, 2)) == Ids{0, 2, 3});
  CHECK(index->Get(*index->string_ids().Find("2")) == RandomVectors(3, 2, 2).RowCopy(1));
  CHECK(ErrorCodeOf([&] { Add(*index, RandomVectors(1, 2, 3), Texts{"2"}); }) == "DUPLICATE_ID");
  CHECK(Add(*index, RandomVectors(1, 2, 4)) == Ids{4});
}

// A failed add must leave everything as it was, down to the ids that the next ones get.
TEST_CASE("Add: an id that is taken fails the whole batch and names the row") {
  for (const size_t present_count : {0, 5, 1500}) {
    for (const Spread spread : {Spread{1, 1}, {2, 1}, {2, 2}}) {
      CAPTURE(present_count);
      CAPTURE(Name(spread));
      const auto index = MakeIndex(OptionsFor(8, Metric::kL2, spread));
      Add(*index, RandomVectors(present_count, 8, 1), IdRange(100, present_count));
      const IndexState before(*index);
      const Vectors batch = RandomVectors(400, 8, 2);
      Ids ids = IdRange(10'000, 400);
      ids[399] = 10'123;
      CHECK(ErrorTextOf([&] { Add(*index, batch, ids); }) ==
            "DUPLICATE_ID: row 399: id 10123 is already in the index or earlier in this batch");
      ids[200] = ids[100];
      CHECK(StartsWith(ErrorTextOf([&] { Add(*index, batch, ids); }), "DUPLICATE_ID: row 200: id 10100 "));
      if (present_count > 0) {
        ids[3] = 104;
        CHECK(StartsWith(ErrorTextOf([&] { Add(*index, batch, ids); }), "DUPLICATE_ID: row 3: id 104 "));
      }
      CHECK(IndexState(*index) == before);
      size_t left_count = 0;
      for (uint64_t id = 10'000; id < 10'400; ++id) left_count += index->Has(id) || index->Get(id).has_value();
      CHECK(left_count == 0);
      const uint64_t next_id = present_count == 0 ? 0 : 100 + present_count;
      CHECK(Add(*index, batch) == IdRange(next_id, 400));
      Add(*index, batch, IdRange(10'000, 400));
      CHECK(index->vector_count() == present_count + 800);
    }
  }
}

TEST_CASE("Add: a string id that is taken fails the whole batch and names the row") {
  const auto index = MakeIndex(StringOptions(3));
  Add(*index, RandomVectors(3, 3, 1), Texts{"a", "b", "c"});
  const IndexState before(*index);
  CHECK(ErrorTextOf([&] { Add(*index, RandomVectors(3, 3, 2), Texts{"d", "e", "b"}); }) ==
        "DUPLICATE_ID: row 2: id 'b' is already in the index or earlier in this batch");
  CHECK(StartsWith(ErrorTextOf([&] { Add(*index, RandomVectors(3, 3, 2), Texts{"d", "d", "b"}); }),
                   "DUPLICATE_ID: row 1: id 'd' "));
  CHECK(IndexState(*index) == before);
  CHECK_FALSE(index->string_ids().Find("d").has_value());
  CHECK_FALSE(index->string_ids().Find("e").has_value());
  Add(*index, RandomVectors(3, 3, 3), Texts{"d", "e", "f"});
  CHECK(index->vector_count() == 6);
  CHECK(index->Get(*index->string_ids().Find("e")) == RandomVectors(3, 3, 3).RowCopy(1));
}

TEST_CASE("Add: a row that cannot be measured fails the whole batch and names row and position") {
  for (const Metric metric : kMetrics) {
    for (const Spread spread : {Spread{1, 1}, {4, 1}, {2, 2}}) {
      CAPTURE(Name(metric));
      const auto index = MakeIndex(OptionsFor(10, metric, spread));
      Add(*index, RandomVectors(1500, 10, 1));
      const IndexState before(*index);
      const auto text_for = [&](float value) {
        Vectors batch = RandomVectors(5000, 10, 2);
        batch.row(4321)[7] = value;
        batch.row(4999)[0] = kNan;  // never the first row at fault
        return ErrorTextOf([&] { Add(*index, batch); });
      };
      CHECK(StartsWith(text_for(kNan), "INVALID_VECTOR: row 4321, position 7 is NaN; expected a finite number"));
      CHECK(StartsWith(text_for(kInfinity), "INVALID_VECTOR: row 4321, position 7 is Infinity;"));
      CHECK(StartsWith(text_for(-kInfinity), "INVALID_VECTOR: row 4321, position 7 is -Infinity;"));
      CHECK(StartsWith(text_for(0x1p58f), "INVALID_VECTOR: row 4321, position 7 is 288"));
      CHECK(StartsWith(text_for(1e17f), "INVALID_VECTOR: row 4999, position 0 is NaN;"));
      CHECK(IndexState(*index) == before);
      CHECK(Add(*index, RandomVectors(1, 10, 3)) == Ids{1500});
    }
  }
}

TEST_CASE("Add: a row of zeros has no direction under cosine, and is a vector under the other metrics") {
  for (const Metric metric : kMetrics) {
    const auto index = MakeIndex(OptionsFor(5, metric));
    Vectors batch = RandomVectors(10, 5, 1);
    std::fill_n(batch.row(6), 5, 0.0f);
    const std::string text = ErrorTextOf([&] { Add(*index, batch); });
    if (metric == Metric::kCosine) {
      CHECK(text == "INVALID_VECTOR: row 6 has length zero or below 1e-15; metric 'cosine' needs a direction");
      CHECK(index->vector_count() == 0);
    } else {
      CHECK(text == "none");
      CHECK(index->Get(6) == batch.RowCopy(6));
    }
  }
}

// The float product of two such vectors is not representable, their direction is.
TEST_CASE("Add: what is too short to be compared under cosine is refused, all else is compared rightly") {
  for (const float scale : {1e-10f, 1e-14f, 1e-18f, 1e-21f, 1e-25f, 1e-29f, 1e-35f, 1e-42f}) {
    CAPTURE(scale);
    const auto index = MakeIndex(OptionsFor(8, Metric::kCosine));
    Vectors vectors = RandomVectors(20, 8, 1);
    for (float& value : vectors.values) value *= scale;
    const std::string code = ErrorCodeOf([&] { Add(*index, vectors); });
    if (code != "none") {
      CHECK(code == "INVALID_VECTOR");
      continue;
    }
    size_t wrong_count = 0;
    for (size_t i = 0; i < vectors.count(); ++i) {
      const auto results = ExactSearch(*index, vectors.row(i), 20);
      wrong_count += results[0].id != i;
      for (const Result& result : results) {
        const double expected = reference::Distance(Metric::kCosine, vectors.row(i), vectors.row(result.id), 8);
        wrong_count += !(std::abs(result.distance - expected) < 1e-5);
      }
    }
    CHECK(wrong_count == 0);
  }
}

TEST_CASE("Add: the bad row is named before the taken id, whatever their order") {
  const auto index = MakeIndex(OptionsFor(2, Metric::kL2));
  Add(*index, RandomVectors(1, 2, 1), Ids{0});
  Vectors batch = RandomVectors(3, 2, 2);
  batch.row(2)[1] = kNan;
  CHECK(StartsWith(ErrorTextOf([&] { Add(*index, batch, Ids{0, 1, 2}); }), "INVALID_VECTOR: row 2, position 1"));
}

TEST_CASE("Add: dimensions from 1 to 4096") {
  for (const size_t dimension : {1, 2, 15, 16, 17, 4096}) {
    for (const Metric metric : kMetrics) {
      const auto index = MakeIndex(OptionsFor(dimension, metric));
      const Vectors vectors = RandomVectors(20, dimension, 1);
      Add(*index, vectors);
      for (size_t i = 0; i < 20; ++i) REQUIRE(index->Get(i) == vectors.RowCopy(i));
      CHECK(ExactSearch(*index, vectors.row(3), 20).size() == 20);
    }
  }
}

TEST_CASE("Add: one that fails leaves no memory in use") {
  const auto index = MakeIndex(OptionsFor(64, Metric::kL2));
  Add(*index, RandomVectors(2000, 64, 1));
  const size_t before = index->memory_bytes();
  const Vectors batch = RandomVectors(30'000, 64, 2);
  Ids ids = IdRange(10'000, batch.count());
  ids.back() = 7;
  CHECK(ErrorCodeOf([&] { Add(*index, batch, ids); }) == "DUPLICATE_ID");
  CHECK(index->memory_bytes() < before + (1 << 20));  // the rows alone have 8 times that
}

TEST_CASE("Add: memory grows with the vectors") {
  const auto index = MakeIndex(OptionsFor(64, Metric::kL2));
  const size_t empty = index->memory_bytes();
  Add(*index, RandomVectors(2000, 64, 1));
  CHECK(index->memory_bytes() >= empty + 2000 * 64 * (sizeof(float) + 1));
  CHECK(index->memory_bytes() < empty + 2000 * 64 * (sizeof(float) + 1) + (6 << 20));
}

}  // namespace
}  // namespace segvec
