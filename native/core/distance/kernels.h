// The distance kernels of one instruction set as plain functions: for validation, tests and benchmarks.
// The search loops do not call these, they compile the same kernels in (graph/loops.h).
#pragma once

#include <cstddef>
#include <cstdint>

#include "distance/instruction_set.h"

namespace segvec {

inline constexpr size_t kBlockFloats = 16;

// Floats that a row of `dimension` components occupies: whole 64-byte blocks.
constexpr size_t PaddedDimension(size_t dimension) {
  return (dimension + kBlockFloats - 1) / kBlockFloats * kBlockFloats;
}

struct FloatKernels {
  // sums[r] = sum over i of (query[i] - rows[r][i])^2, or of query[i] * rows[r][i].
  // Shape: query and rows hold block_count * 16 floats, any alignment.
  using SumFunction = void (*)(const float* query, const float* const* rows, size_t row_count, size_t block_count,
                               float* sums);
  SumFunction squared_difference;
  SumFunction product;
};

struct CodeKernels {
  // dots[r] = sum over i of query[i] * rows[r][i], exactly; block_count * 64 codes each, any alignment.
  void (*product)(const int8_t* query, const uint8_t* const* rows, size_t row_count, size_t block_count,
                  int32_t* dots);
};

// REQUIRES: `set` is one of AvailableInstructionSets().
const CodeKernels& CodeKernelsFor(InstructionSet set);
const FloatKernels& FloatKernelsFor(InstructionSet set);

}  // namespace segvec
