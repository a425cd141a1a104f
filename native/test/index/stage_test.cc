#include "index/stage.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "support/errors.h"
#include "support/vectors.h"

namespace segvec {
namespace {

using testing::ErrorTextOf;

TEST_CASE("Stage: collects rows in slices") {
  const testing::Vectors vectors = testing::RandomVectors(1000, 7, 1);
  Stage stage(7, 1000);
  CHECK(stage.dimension() == 7);
  size_t begin = 0;
  for (const size_t rows : {0, 1, 2, 500, 497}) {
    CHECK_FALSE(stage.is_complete());
    stage.AppendRows(vectors.row(begin), rows * 7);
    begin += rows;
    CHECK(stage.row_count() == begin);
  }
  CHECK(stage.is_complete());
  CHECK(std::equal(vectors.values.begin(), vectors.values.end(), stage.row(0)));
  CHECK(stage.memory_bytes() >= 1000 * 7 * sizeof(float));
}

TEST_CASE("Stage: refuses more rows than were announced, and keeps those it has") {
  const testing::Vectors vectors = testing::RandomVectors(10, 3, 2);
  Stage stage(3, 5);
  stage.AppendRows(vectors.row(0), 12);
  CHECK(ErrorTextOf([&] { stage.AppendRows(vectors.row(4), 6); }) ==
        "INVALID_ARGUMENT: more rows arrived than the 5 that were announced");
  CHECK(stage.row_count() == 4);
  stage.AppendRows(vectors.row(4), 3);
  CHECK(stage.is_complete());
}

TEST_CASE("Stage: giving the rows back frees their memory and keeps the count of the inserted") {
  Stage stage(1000, 5000);
  const std::vector<float> row(1000 * 5000, 1.0f);
  stage.AppendRows(row.data(), row.size());
  stage.ids.assign(5000, 1);
  stage.inserted_count = 17;
  stage.FreeRows();
  CHECK(stage.memory_bytes() == 0);
  CHECK(stage.inserted_count == 17);
}

TEST_CASE("Stage: sizes that no memory holds are out of memory") {
  CHECK(testing::ErrorCodeOf([] { Stage(4096, size_t{1} << 44); }) == "OUT_OF_MEMORY");
}

// 4 bytes * 16 * 2^58 is 2^64: nothing is left of it in 64 bits.
TEST_CASE("Stage: sizes that overflow are out of memory") {
  CHECK(testing::ErrorCodeOf([] { Stage(16, size_t{1} << 58); }) == "OUT_OF_MEMORY");
  CHECK(testing::ErrorCodeOf([] { Stage(4096, (size_t{1} << 50) + 1); }) == "OUT_OF_MEMORY");
}

}  // namespace
}  // namespace segvec
