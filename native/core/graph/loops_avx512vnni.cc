#include "graph/loops_includes.h"

#if defined(SEGVEC_X86)
#include <immintrin.h>

SEGVEC_TARGET_BEGIN_AVX512VNNI
namespace segvec::avx512vnni {
#include "distance/simd_avx512.inl"
//
#include "distance/simd_avx512vnni_codes.inl"
//
#include "graph/loops_body.inl"
}  // namespace segvec::avx512vnni
SEGVEC_TARGET_END
#endif
