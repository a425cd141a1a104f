// A sealed segment of any size with a graph, without the many rows after which a writer would build one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/random.h"
#include "index/vector_check.h"
#include "segment/segment.h"
#include "support/graph_of.h"

namespace segvec::testing {

struct SegmentSpec {
  Metric metric = Metric::kL2;
  bool has_codes = true;
  bool has_graph = true;
  uint32_t M = 4;
  uint32_t number = 7;
  bool has_wide_links = false;  // as a graph has that grows, or that is too large for others
};

inline SegmentLoops LoopsOf(Metric metric) {
  const InstructionSet set = SelectedInstructionSet();
  return {&LoopsFor(metric, Element::kFloat, set), &LoopsFor(metric, Element::kCode, set)};
}

// The id of row i is 1000 + i.
inline std::shared_ptr<Segment> SealedSegment(const Vectors& vectors, const SegmentSpec& spec) {
  const size_t dimension = vectors.dimension, count = vectors.count();
  const size_t padded_dimension = PaddedDimension(dimension), padded_codes = PaddedCodes(dimension);
  SegmentParts parts;
  parts.shape = {dimension, spec.metric, spec.M, static_cast<uint32_t>(count), spec.has_codes};
  parts.number = spec.number;
  parts.level_seed = Mix(spec.number);
  parts.slot_count = static_cast<uint32_t>(count);
  const auto Make = [](auto& array, size_t size) {
    array = std::remove_reference_t<decltype(array)>(size);
    array.Commit(size);
  };
  Make(parts.ids, count);
  Make(parts.rows, count * padded_dimension);
  if (spec.metric == Metric::kCosine) Make(parts.inverse_norms, count);
  for (size_t i = 0; i < count; ++i) {
    parts.ids[i] = 1000 + i;
    std::copy_n(vectors.row(i), dimension, parts.rows.data() + i * padded_dimension);
    if (spec.metric == Metric::kCosine) parts.inverse_norms[i] = InverseNorm(vectors.row(i), dimension);
  }
  if (spec.has_codes) {
    parts.quantizer.emplace(spec.metric, dimension, parts.rows.data(), padded_dimension,
                            parts.inverse_norms.data(), count);
    parts.is_lossless = true;
    Make(parts.codes, count * padded_codes);
    Make(parts.corrections, count);
    for (size_t i = 0; i < count; ++i) {
      const float inverse_norm = spec.metric == Metric::kCosine ? parts.inverse_norms[i] : 1.0f;
      const auto encoded =
          parts.quantizer->Encode(vectors.row(i), inverse_norm, parts.codes.data() + i * padded_codes);
      parts.corrections[i] = encoded.term;
      parts.is_lossless = parts.is_lossless && encoded.is_exact;
    }
  }
  if (spec.has_graph) {
    const auto built = BuildGraph(vectors, {spec.metric, spec.has_codes ? Element::kCode : Element::kFloat,
                                            spec.M, 100, SelectedInstructionSet(), 1, 1, 1});
    parts.graph = CopyOf(built->graph, parts.slot_count,
                         spec.has_wide_links ? kWideLinkBytes : NarrowLinkBytes(parts.slot_count));
  }
  return std::make_shared<Segment>(std::move(parts), LoopsOf(spec.metric));
}

}  // namespace segvec::testing
