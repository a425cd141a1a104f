#include "graph/loops_includes.h"

#if defined(SEGVEC_ARM64)
#include <arm_neon.h>

namespace segvec::neon {
#include "distance/simd_neon.inl"
//
#include "distance/simd_neon_codes.inl"
//
#include "graph/loops_body.inl"
//
#include "graph/float_loops.inl"
}  // namespace segvec::neon
#endif
