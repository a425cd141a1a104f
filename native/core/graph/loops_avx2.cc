#include "graph/loops_includes.h"

#if defined(SEGVEC_X86)
#include <immintrin.h>

SEGVEC_TARGET_BEGIN_AVX2
namespace segvec::avx2 {
#include "distance/simd_avx2.inl"
//
#include "graph/loops_body.inl"
//
#include "graph/float_loops.inl"
}  // namespace segvec::avx2
SEGVEC_TARGET_END
#endif
