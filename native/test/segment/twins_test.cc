// Copies of a vector are led to, however many there are.
#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "segment/growing_segment.h"
#include "support/sanitizers.h"
#include "support/segment_check.h"
#include "support/segment_of.h"
#include "support/vectors.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

constexpr size_t kDimension = 24;

// Random vectors, and in place of every `share`-th a copy of the first.
Vectors VectorsWithCopies(size_t count, size_t share) {
  Vectors vectors = RandomVectors(count, kDimension, 3);
  for (size_t i = 0; i < count; i += share) std::copy_n(vectors.row(0), kDimension, &vectors.values[i * kDimension]);
  return vectors;
}

// After each of the calls, which end before these rows.
void CheckCalls(const SegmentShape& shape, const Vectors& vectors, const std::vector<size_t>& ends) {
  const auto segment = std::make_shared<Segment>(shape, LoopsOf(shape.metric), 3, 42);
  GrowingSegment writer(segment, BuildParameters{100});
  for (const size_t end : ends) {
    const size_t begin = segment->slot_count();
    writer.Reserve(static_cast<uint32_t>(end - begin));
    for (size_t i = begin; i < end; ++i) writer.Append({vectors.row(i), InverseNorm(vectors.row(i), kDimension), i});
    writer.Link(2, [] {}, [](uint32_t) {});
    writer.Publish();
    CHECK(Violation(*segment, segment->slot_count()) == "");
  }
}

TEST_CASE("Twins: a path leads to every copy of a vector among others") {
  const auto count = static_cast<uint32_t>(Sized(6000, 2500));
  for (const Metric metric : {Metric::kL2, Metric::kCosine, Metric::kIp}) {
    for (const bool has_codes : {true, false}) {
      for (const uint32_t M : {4u, 16u}) {
        for (const size_t share : {3u, 30u}) {
          CAPTURE(static_cast<int>(metric));
          CAPTURE(has_codes);
          CAPTURE(M);
          CAPTURE(share);
          const Vectors vectors = VectorsWithCopies(count, share);
          CheckCalls({kDimension, metric, M, count, has_codes}, vectors, {count});
          CheckCalls({kDimension, metric, M, count, has_codes}, vectors, {count / 3, count / 3 * 2, count});
        }
      }
    }
  }
}

// With room left: islands are not looked for in the second call.
TEST_CASE("Twins: copies that come all at once are led to, and so are those that lose a link to such") {
  const auto count = static_cast<uint32_t>(Sized(6000, 2500));
  for (const Metric metric : {Metric::kL2, Metric::kCosine}) {
    for (const bool has_codes : {true, false}) {
      CAPTURE(static_cast<int>(metric));
      CAPTURE(has_codes);
      const SegmentShape shape{kDimension, metric, 16, 2 * count, has_codes};
      Vectors vectors = RandomVectors(count, kDimension, 3);
      for (size_t i = 0; i < count / 50; ++i) vectors.Append(vectors.RowCopy(0));
      CheckCalls(shape, vectors, {count, vectors.count()});
      // Far from all others, so that no row keeps a link to any but the first of them.
      for (float value : {50.0f, 60.0f}) {
        for (int copy = 0; copy < 5; ++copy) vectors.Append(std::vector<float>(kDimension, value));
      }
      CheckCalls(shape, vectors, {vectors.count() - 10, vectors.count()});
      CheckCalls(shape, EqualVectors(count + count / 100, kDimension), {count, count + count / 100});
    }
  }
}

}  // namespace
}  // namespace segvec
