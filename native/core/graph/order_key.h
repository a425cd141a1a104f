// Distances as unsigned integers in the same order, so that the graph code compares (distance, slot) as one word
// and does not care what a distance is made of.
#pragma once

#include <bit>
#include <cstdint>

#include "distance/target.h"

namespace segvec {

// REQUIRES: not NaN. -0 and +0 differ, but distances are made by sums that never yield -0 beside +0 for equal input.
SEGVEC_INLINE uint32_t OrderKey(float distance) {
  const uint32_t bits = std::bit_cast<uint32_t>(distance);
  return bits ^ (static_cast<uint32_t>(static_cast<int32_t>(bits) >> 31) | 0x80000000u);
}

SEGVEC_INLINE float DistanceOfKey(uint32_t key) {
  return std::bit_cast<float>((key & 0x80000000u) != 0 ? key ^ 0x80000000u : ~key);
}

}  // namespace segvec
