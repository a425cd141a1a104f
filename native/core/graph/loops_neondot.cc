#include "graph/loops_includes.h"

#if defined(SEGVEC_ARM64)
#include <arm_neon.h>

SEGVEC_TARGET_BEGIN_NEONDOT
namespace segvec::neondot {
#include "distance/simd_neon.inl"
//
#include "distance/simd_neondot_codes.inl"
//
#include "graph/loops_body.inl"
}  // namespace segvec::neondot
SEGVEC_TARGET_END
#endif
