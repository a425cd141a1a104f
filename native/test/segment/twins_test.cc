// Copies of a vector are led to, however many there are.
#include <doctest/doctest.h>

#include <algorithm>
#include <memory>

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

// Of the graph after each of so many calls.
void CheckCalls(const SegmentShape& shape, const Vectors& vectors, size_t call_count) {
  const auto segment = std::make_shared<Segment>(shape, LoopsOf(shape.metric), 3, 42);
  GrowingSegment writer(segment, BuildParameters{100});
  for (size_t call = 1; call <= call_count; ++call) {
    const size_t begin = segment->slot_count(), end = vectors.count() * call / call_count;
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
          for (const size_t call_count : {1u, 3u}) {
            CAPTURE(static_cast<int>(metric));
            CAPTURE(has_codes);
            CAPTURE(M);
            CAPTURE(share);
            CAPTURE(call_count);
            CheckCalls({kDimension, metric, M, count, has_codes}, VectorsWithCopies(count, share), call_count);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace segvec
