#include "graph/loops_includes.h"

#if defined(SEGVEC_X86)
#include <immintrin.h>

SEGVEC_TARGET_BEGIN_AVX512
namespace segvec::avx512 {
#include "distance/simd_avx512.inl"
//
#include "distance/simd_avx512_codes.inl"
//
#include "graph/loops_body.inl"
//
#include "graph/float_loops.inl"
}  // namespace segvec::avx512
SEGVEC_TARGET_END
#endif
