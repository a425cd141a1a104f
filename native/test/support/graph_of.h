// A graph over given vectors without a segment around it, so that a test knows every slot's level.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "distance/kernels.h"
#include "graph/loops.h"
#include "quantize/scalar_quantizer.h"
#include "reference/distance.h"
#include "support/vectors.h"

namespace segvec::testing {

// Rows as a segment holds them: padded with zeros to whole cache lines, as floats and as codes.
class PaddedRows {
 public:
  PaddedRows(const Vectors& vectors, Metric metric)
      : metric_(metric),
        dimension_(vectors.dimension),
        block_count_(PaddedDimension(dimension_) / kBlockFloats),
        code_block_count_(PaddedCodes(dimension_) / kBlockCodes),
        floats_(vectors.count() * block_count_),
        codes_(vectors.count() * code_block_count_),
        inverse_norms_(InverseNorms(vectors)),
        quantizer_(metric, dimension_, vectors.values.data(), dimension_, inverse_norms_.data(), vectors.count()) {
    for (size_t row = 0; row < vectors.count(); ++row) {
      std::copy_n(vectors.row(row), dimension_, floats_[row * block_count_].values);
      corrections_.push_back(
          quantizer_.Encode(vectors.row(row), inverse_norms_[row], codes_[row * code_block_count_].values).term);
    }
  }

  SegmentRows rows() const {
    return {{floats_[0].values, block_count_, inverse_norms_.data()},
            {codes_[0].values, code_block_count_, dimension_, corrections_.data()}};
  }

  // The form in which a search asks for a vector; `vector` and `scratch` must outlive it.
  struct Query {
    Query(const PaddedRows& rows, const float* vector) : padded(rows.block_count_) {
      std::copy_n(vector, rows.dimension_, padded[0].values);
      const double norm = reference::Norm(vector, rows.dimension_);
      const float scale = rows.metric_ == Metric::kCosine ? static_cast<float>(1 / norm) : 1.0f;
      const int32_t constant = rows.quantizer_.EncodeQuery(vector, scale, scratch.values).term;
      query = {{padded[0].values, scale}, {scratch.values, constant}};
    }
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;

    struct alignas(64) Floats {
      float values[16] = {};
    };
    std::vector<Floats> padded;
    QueryScratch scratch;
    SegmentQuery query;
  };

 private:
  static std::vector<float> InverseNorms(const Vectors& vectors) {
    std::vector<float> inverse_norms;
    for (size_t row = 0; row < vectors.count(); ++row) {
      const double norm = reference::Norm(vectors.row(row), vectors.dimension);
      inverse_norms.push_back(norm > 0 ? static_cast<float>(1 / norm) : 0);
    }
    return inverse_norms;
  }

  struct alignas(64) Codes {
    uint8_t values[64] = {};
  };
  Metric metric_;
  size_t dimension_, block_count_, code_block_count_;
  std::vector<Query::Floats> floats_;
  std::vector<Codes> codes_;
  std::vector<float> inverse_norms_;
  std::vector<int32_t> corrections_;
  ScalarQuantizer quantizer_;
};

struct GraphParameters {
  Metric metric = Metric::kL2;
  Element element = Element::kFloat;
  uint32_t M = 16;
  uint32_t ef_construction = 100;
  InstructionSet set = InstructionSet::kScalar;
  uint32_t batch = 1;         // slots that are linked together, once the graph holds 50 times as many
  uint32_t worker_count = 1;  // taking turns on one thread
  uint64_t seed = 1;
};

struct BuiltGraph {
  BuiltGraph(const Vectors& all_vectors, const GraphParameters& all_parameters)
      : vectors(all_vectors),
        parameters(all_parameters),
        padded(vectors, parameters.metric),
        graph(static_cast<uint32_t>(vectors.count()), parameters.M),
        contexts(parameters.worker_count) {}

  const Loops& loops() const { return LoopsFor(parameters.metric, parameters.element, parameters.set); }
  SegmentRows rows() const { return padded.rows(); }
  uint32_t count() const { return static_cast<uint32_t>(vectors.count()); }

  Vectors vectors;
  GraphParameters parameters;
  PaddedRows padded;
  Graph graph;
  std::vector<uint8_t> levels;  // per slot
  std::vector<BuildContext> contexts;
};

// Inserts the rows in order. Levels are drawn as in the paper: level l or more with probability M^-l.
inline std::unique_ptr<BuiltGraph> BuildGraph(const Vectors& vectors, const GraphParameters& parameters) {
  auto built = std::make_unique<BuiltGraph>(vectors, parameters);
  Graph& graph = built->graph;
  graph.Commit(built->count());
  Dice dice(parameters.seed);
  for (uint32_t slot = 0; slot < built->count(); ++slot) {
    uint8_t level = 0;
    while (level < kMaxLevel && dice.Below(parameters.M) == 0) ++level;
    built->levels.push_back(level);
  }
  const Loops& loops = built->loops();
  const SegmentRows rows = built->rows();
  for (BuildContext& context : built->contexts) {
    context.ReserveForLinking(parameters.batch, graph.RowCapacity(0), rows.codes.block_count);
  }
  for (uint32_t begin = 0, end; begin < built->count(); begin = end) {
    end = std::min(built->count(), begin + std::clamp<uint32_t>(begin / 50, 1, parameters.batch));
    for (uint32_t slot = begin; slot < end; ++slot) graph.AddRows(slot, built->levels[slot]);
    if (begin == 0) {
      graph.SetEntry({0, built->levels[0]});
      continue;
    }
    for (uint32_t slot = begin; slot < end; ++slot) {
      BuildContext& context = built->contexts[slot % parameters.worker_count];
      loops.choose(rows, graph, slot, built->levels[slot], begin, {parameters.ef_construction}, context);
    }
    for (uint32_t worker = 0; worker < parameters.worker_count; ++worker) {
      loops.link(rows, graph, {begin, end, built->levels.data() + begin, begin}, worker, parameters.worker_count,
                 built->contexts[worker]);
    }
    for (uint32_t slot = begin; slot < end; ++slot) {
      if (built->levels[slot] > graph.entry().level) graph.SetEntry({slot, built->levels[slot]});
    }
  }
  return built;
}

// The links of a row, up to its end.
inline std::vector<uint32_t> LinksOf(const Graph& graph, uint32_t slot, uint32_t level) {
  std::vector<uint32_t> links;
  graph.ForLinks(slot, level, [&](uint32_t link) { links.push_back(link); });
  return links;
}

// The graph as plain data makes it, with links of so many bytes.
inline std::unique_ptr<Graph> CopyOf(const Graph& from, uint32_t slot_count, uint32_t link_bytes) {
  Graph::Parts parts;
  parts.entry = from.entry();
  parts.link_bytes = link_bytes;
  const auto make = [](GrowableArray<uint8_t>& array, size_t size) {
    array = GrowableArray<uint8_t>(size);
    array.Commit(size);
    std::fill_n(array.data(), size, uint8_t{0xFF});
  };
  const size_t row_bytes = Graph::RowBytes(from.M(), 0, link_bytes), upper_row_bytes = Graph::RowBytes(from.M(), 1, link_bytes);
  make(parts.levels, slot_count);
  make(parts.links, slot_count * row_bytes);
  make(parts.upper_links, from.upper_row_count() * upper_row_bytes);
  uint8_t* upper_row = parts.upper_links.data();
  const auto copy = [&](uint32_t slot, uint32_t level, uint8_t* row) {
    for (const uint32_t link : LinksOf(from, slot, level)) {
      for (uint32_t i = 0; i < link_bytes; ++i) *row++ = static_cast<uint8_t>(link >> (8 * i));
    }
  };
  for (uint32_t slot = 0; slot < slot_count; ++slot) {
    parts.levels[slot] = static_cast<uint8_t>(from.LevelOf(slot));
    copy(slot, 0, parts.links.data() + slot * row_bytes);
    for (uint32_t level = 1; level <= from.LevelOf(slot); ++level, upper_row += upper_row_bytes) copy(slot, level, upper_row);
  }
  return std::make_unique<Graph>(slot_count, from.M(), std::move(parts));
}

// How many slots can be reached from the entry over the links of level 0.
inline size_t ReachableCount(const Graph& graph, size_t slot_count) {
  std::vector<bool> is_seen(slot_count);
  std::vector<uint32_t> open{graph.entry().slot};
  is_seen[open[0]] = true;
  size_t count = 0;
  while (!open.empty()) {
    const uint32_t slot = open.back();
    open.pop_back();
    ++count;
    for (const uint32_t link : LinksOf(graph, slot, 0)) {
      if (is_seen[link]) continue;
      is_seen[link] = true;
      open.push_back(link);
    }
  }
  return count;
}

}  // namespace segvec::testing
