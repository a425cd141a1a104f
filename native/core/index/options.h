// What an index is made with. Values are validated by whoever fills this in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "distance/metric.h"

namespace segvec {

enum class Quantization { kNone, kInt8 };

enum class IdType { kNumber, kBigint, kString };

// The largest integer that a JavaScript number holds exactly.
inline constexpr uint64_t kMaxNumberId = (uint64_t{1} << 53) - 1;

struct IndexOptions {
  size_t dimension = 0;
  Metric metric = Metric::kCosine;
  IdType id_type = IdType::kNumber;
  uint32_t M = 16;
  uint32_t ef_construction = 200;
  Quantization quantization = Quantization::kInt8;
  bool keep_vectors = true;              // false: codes are all that is kept of vectors. REQUIRES: kInt8
  int threads = 1;                       // threads of the pool that one call may use
  int growing_segments = 1;              // segments that an add fills side by side
  uint32_t segment_capacity = 1u << 20;  // slots of a segment
  bool compacts_in_background = true;    // see compaction_policy.h
  uint64_t seed = 1;
};

// What the caller who opens an index has said about it; the rest is as it was when the index was made.
struct GivenOptions {
  std::optional<size_t> dimension;
  std::optional<Metric> metric;
  std::optional<IdType> id_type;
  std::optional<uint32_t> M, ef_construction, segment_capacity;
  std::optional<Quantization> quantization;
  std::optional<bool> keep_vectors;
  std::optional<int> growing_segments;
  std::optional<uint64_t> seed;

  static GivenOptions Of(const IndexOptions& options);
  // Those of an index to be made. Throws kInvalidArgument without a dimension.
  IndexOptions ForNewIndex(int threads) const;
  // Throws kInvalidArgument naming the first that contradicts the index's own.
  void CheckAgainst(const IndexOptions& options) const;
};

}  // namespace segvec
