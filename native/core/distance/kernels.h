// The kernels of one instruction set as plain functions: the encoding of vectors, and the distances for validation, tests and
// benchmarks. The search loops do not call these, they compile the same kernels in (graph/loops.h).
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

// What encoding a vector found out about it. All instruction sets agree exactly.
struct EncodedRow {
  int32_t inexact_count = 0;  // components that are not what their codes stand for
  int32_t code_sum = 0, square_sum = 0;
  float excess_sum = 0, largest_excess = 0;  // what clipping took, squared and added up; and from one component at most
};

struct CodeKernels {
  // dots[r] = sum over i of query[i] * rows[r][i], exactly; block_count * 64 codes each, any alignment.
  void (*product)(const int8_t* query, const uint8_t* const* rows, size_t row_count, size_t block_count,
                  int32_t* dots);
  // codes[i] = values[i] * factor - offsets[i], rounded half up, clipped to 0..255.
  EncodedRow (*encode)(const float* values, const float* offsets, size_t dimension, float factor, uint8_t* codes);
};

// REQUIRES: `set` is one of AvailableInstructionSets().
const CodeKernels& CodeKernelsFor(InstructionSet set);
const FloatKernels& FloatKernelsFor(InstructionSet set);

}  // namespace segvec
