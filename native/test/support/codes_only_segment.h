// A sealed segment that keeps no vectors: floats of the first 500 slots, which were published before there
// were codes, and of rows that the codes do not hold; codes of all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/thread_pool.h"
#include "segment/growing_segment.h"
#include "support/segment_of.h"
#include "support/vectors.h"

namespace segvec::testing {

// Clustered, the last ten of them far away. REQUIRES: count > 1500.
inline Vectors RowsWithMisfits(size_t count, size_t dimension) {
  Vectors vectors = ClusteredVectors(count, dimension, 30, 4);
  for (size_t i = (count - 10) * dimension; i < count * dimension; ++i) {
    vectors.values[i] *= i % 3 == 0 ? -50.0f : 1.0f;
  }
  return vectors;
}

// The id of row i is i.
inline std::shared_ptr<Segment> CodesOnlySegment(const Vectors& vectors, Metric metric) {
  const size_t count = vectors.count(), dimension = vectors.dimension;
  auto segment = std::make_shared<Segment>(
      SegmentShape{dimension, metric, 8, static_cast<uint32_t>(count), true, false}, LoopsOf(metric), 3, 42);
  ThreadPool::Shared().EnsureThreads(2);
  GrowingSegment writer(segment, BuildParameters{60});
  const auto inverse_norm = [&](size_t i) { return InverseNorm(vectors.row(i), dimension); };
  for (const auto& [begin, end] : {std::pair<size_t, size_t>{0, 500}, {500, 1500}, {1500, count}}) {
    uint32_t misfit_count = 0;
    for (size_t i = begin; i < end; ++i) misfit_count += writer.IsMisfit(vectors.row(i), inverse_norm(i));
    writer.Reserve(static_cast<uint32_t>(end - begin), misfit_count);
    for (size_t i = begin; i < end; ++i) writer.Append({vectors.row(i), inverse_norm(i), i});
    writer.Link(
        2, [] {}, [](uint32_t) {});
    writer.Publish();
  }
  writer.Seal(writer.NarrowedGraph([] {}));
  return segment;
}

}  // namespace segvec::testing
