#include "index/options.h"

#include <string>

#include "base/error.h"

namespace segvec {
namespace {

std::string Text(uint64_t value) { return std::to_string(value); }
std::string Text(uint32_t value) { return std::to_string(value); }
std::string Text(int value) { return std::to_string(value); }

std::string Text(Metric metric) {
  switch (metric) {
    case Metric::kL2:
      return "'l2'";
    case Metric::kCosine:
      return "'cosine'";
    case Metric::kIp:
      return "'ip'";
  }
  return "unknown";
}

std::string Text(IdType type) {
  switch (type) {
    case IdType::kNumber:
      return "'number'";
    case IdType::kBigint:
      return "'bigint'";
    case IdType::kString:
      return "'string'";
  }
  return "unknown";
}

std::string Text(Quantization quantization) {
  return quantization == Quantization::kNone ? "'none'" : "'int8'";
}

std::string Text(bool value) { return value ? "true" : "false"; }

template <class T>
void Check(const char* name, const std::optional<T>& given, const T& stored) {
  if (!given || *given == stored) return;
  throw Error(ErrorCode::kInvalidArgument, std::string("option ") + name + " is " + Text(*given) +
                                               "; expected " + Text(stored) +
                                               ", which the index was made with");
}

}  // namespace

GivenOptions GivenOptions::Of(const IndexOptions& options) {
  GivenOptions given;
  given.dimension = options.dimension;
  given.metric = options.metric;
  given.id_type = options.id_type;
  given.M = options.M;
  given.ef_construction = options.ef_construction;
  given.segment_capacity = options.segment_capacity;
  given.quantization = options.quantization;
  given.keep_vectors = options.keep_vectors;
  given.growing_segments = options.growing_segments;
  given.seed = options.seed;
  return given;
}

IndexOptions GivenOptions::ForNewIndex(int threads) const {
  if (!dimension) {
    throw Error(ErrorCode::kInvalidArgument, "dimension is missing; expected it, as there is no index yet");
  }
  IndexOptions options;
  options.dimension = *dimension;
  options.metric = metric.value_or(options.metric);
  options.id_type = id_type.value_or(options.id_type);
  options.M = M.value_or(options.M);
  options.ef_construction = ef_construction.value_or(options.ef_construction);
  options.segment_capacity = segment_capacity.value_or(options.segment_capacity);
  options.quantization = quantization.value_or(options.quantization);
  options.keep_vectors = keep_vectors.value_or(options.keep_vectors);
  options.growing_segments = growing_segments.value_or(options.growing_segments);
  options.seed = seed.value_or(options.seed);
  options.threads = threads;
  return options;
}

void GivenOptions::CheckAgainst(const IndexOptions& options) const {
  Check("dimension", dimension, options.dimension);
  Check("metric", metric, options.metric);
  Check("idType", id_type, options.id_type);
  Check("M", M, options.M);
  Check("efConstruction", ef_construction, options.ef_construction);
  Check("quantization", quantization, options.quantization);
  Check("keepVectors", keep_vectors, options.keep_vectors);
  Check("growingSegments", growing_segments, options.growing_segments);
  Check("segmentCapacity", segment_capacity, options.segment_capacity);
  Check("seed", seed, options.seed);
}

}  // namespace segvec
