// An add that is cancelled leaves nothing of itself behind.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "index/index.h"
#include "support/cancelled_add.h"
#include "support/errors.h"
#include "support/index_of.h"
#include "support/names.h"
#include "support/sanitizers.h"
#include "support/vectors.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

constexpr size_t kDimension = 16;

TEST_CASE("Cancel: before the add began it changes nothing at all") {
  const auto index = MakeIndex(OptionsFor(kDimension, Metric::kL2, {2, 2}));
  Add(*index, RandomVectors(2000, kDimension, 1));
  const IndexState before(*index);
  CancelToken cancel;
  cancel.Cancel();
  const auto stage = StageOf(RandomVectors(3000, kDimension, 2));
  CHECK(ErrorTextOf([&] { index->Add(*stage, cancel); }) == "ABORTED: the operation was aborted");
  CHECK(IndexState(*index) == before);
  CHECK(Add(*index, RandomVectors(1, kDimension, 3)) == Ids{2000});
}

// From nothing, from segments that are scanned, from segments with graphs; with room in them and nearly full.
bool CancelInTheMiddle(const IndexOptions& options, const Vectors& present, const Vectors& batch) {
  const auto index = MakeIndex(options);
  const size_t present_count = present.count();
  if (present_count > 0) Add(*index, present);
  for (const size_t after : {size_t{1}, batch.count() / 5}) {
    if (!AddAndCancel(*index, batch, 50'000, after)) return false;
    CHECK(index->vector_count() == present_count);
    size_t left_count = 0;
    for (size_t i = 0; i < batch.count(); ++i) left_count += index->Has(50'000 + i) || index->Get(50'000 + i);
    CHECK(left_count == 0);
    size_t wrong_count = 0;
    for (size_t i = 0; i < 20; ++i) {
      const auto expected = reference::Nearest(Metric::kL2, present, {}, batch.row(i), 10);
      const auto exact = ExactSearch(*index, batch.row(i), 10);
      wrong_count += exact.size() != expected.size();
      for (size_t rank = 0; rank < exact.size(); ++rank) wrong_count += exact[rank].id != expected[rank].id;
      for (const Result& result : Search(*index, batch.row(i), 10, 64)) wrong_count += result.id >= present_count;
    }
    CHECK(wrong_count == 0);
    if (present_count > 0) CHECK(MissedSelfCount(*index, present, 200, 7) == 0);
  }
  CHECK(Add(*index, batch.Slice(0, 1)) == Ids{present_count});
  Add(*index, batch, IdRange(50'000, batch.count()));
  CHECK(index->vector_count() == present_count + 1 + batch.count());
  size_t missed_count = 0;
  for (size_t i = 0; i < batch.count(); i += 11) {
    missed_count += !HasId(Search(*index, batch.row(i), 10, 200), 50'000 + i);
    missed_count += index->Get(50'000 + i) != batch.RowCopy(i);
  }
  CHECK(missed_count == 0);
  if (present_count > 0) CHECK(MissedSelfCount(*index, present, 200, 7) == 0);
  return true;
}

TEST_CASE("Cancel: in the middle of an add nothing of it can be seen, and it can be repeated") {
  const Vectors batch = ClusteredVectors(Sized(3500, 2500, 2200), kDimension, 40, 1);
  for (const size_t present_count : {0, 900, 2000}) {
    for (const Spread spread : {Spread{1, 1}, {3, 1}, {2, 2}}) {
      for (const uint32_t capacity : {1u << 20, 2000u}) {
        if (spread.segments > 1 && (kIsSanitized || present_count == 900)) continue;
        CAPTURE(present_count);
        CAPTURE(Name(spread));
        CAPTURE(capacity);
        IndexOptions options = OptionsFor(kDimension, Metric::kL2, spread);
        options.segment_capacity = capacity;
        const Vectors present = ClusteredVectors(present_count, kDimension, 40, 2);
        UntilInTime([&] { return CancelInTheMiddle(options, present, batch); });
      }
    }
  }
}

TEST_CASE("Cancel: again and again, between adds that succeed") {
  IndexOptions options = OptionsFor(kDimension, Metric::kCosine, {2, 1});
  options.segment_capacity = 1500;
  const Vectors vectors = ClusteredVectors(Sized(4000, 1600), kDimension, 20, 3);
  const Vectors rejected = RandomVectors(Sized(4000, 3000), kDimension, 4);
  const size_t step = vectors.count() / 8;
  UntilInTime([&] {
    const auto index = MakeIndex(options);
    for (size_t begin = 0; begin < vectors.count(); begin += step) {
      if (!AddAndCancel(*index, rejected, 1'000'000, 1 + begin / 4)) return false;
      Add(*index, vectors.Slice(begin, begin + step), IdRange(begin, step));
      CHECK(index->vector_count() == begin + step);
    }
    CHECK(RecallOf(*index, vectors, vectors.Slice(0, 50), 10, 200) >= 0.99);
    CHECK(MissedSelfCount(*index, vectors, 200, 3) == 0);
    CHECK_FALSE(index->Has(1'000'000));
    return true;
  });
}

TEST_CASE("Cancel: of rows that were not linked nothing stays") {
  Vectors vectors = ClusteredVectors(Sized(22'000, 8000), kDimension, 40, 6);
  // The codes do not hold these.
  for (size_t row = 2050; row < vectors.count(); row += 200) vectors.row(row)[row % kDimension] *= -50;
  for (const bool keep_vectors : {true, false}) {
    CAPTURE(keep_vectors);
    IndexOptions options = OptionsFor(kDimension, Metric::kL2, {1, 1});
    options.keep_vectors = keep_vectors;
    UntilInTime([&] {
      const auto index = MakeIndex(options);
      Add(*index, vectors.Slice(0, 2000), IdRange(0, 2000));
      if (!AddAndCancel(*index, vectors.Slice(2000, vectors.count()), 50'000, 1)) return false;
      const auto slot_count = [&] { return index->snapshot()->views[0].segment->slot_count(); };
      CHECK(slot_count() < vectors.count());
      const uint32_t left = slot_count();
      index->Capture([](const IndexImage::Part&) { return false; }, CancelToken());
      CHECK(slot_count() == left);
      Add(*index, vectors.Slice(2000, 2100), IdRange(2000, 100));
      CHECK(index->vector_count() == 2100);
      CHECK(MissedSelfCount(*index, vectors.Slice(0, 2100), 200, 3) == 0);
      return true;
    });
  }
}

TEST_CASE("Cancel: string ids are given back") {
  IndexOptions options = OptionsFor(kDimension, Metric::kL2, {2, 2});
  options.id_type = IdType::kString;
  const Vectors vectors = RandomVectors(Sized(6000, 3000), kDimension, 5);
  UntilInTime([&] {
    const auto index = MakeIndex(options);
    const auto stage = StageOf(vectors);
    for (size_t i = 0; i < vectors.count(); ++i) stage->string_ids.push_back("row-" + std::to_string(i));
    if (!AddAndCancel(*index, *stage, 100)) return false;
    CHECK_FALSE(index->string_ids().Find("row-0").has_value());
    CHECK_FALSE(index->string_ids().Find("row-999").has_value());
    Add(*index, vectors.Slice(0, 2), Texts{"row-999", "row-0"});
    CHECK(index->Get(*index->string_ids().Find("row-0")) == vectors.RowCopy(1));
    return true;
  });
}

}  // namespace
}  // namespace segvec
