#include "distance/kernels.h"

#include "distance/target.h"

#if defined(SEGVEC_X86)
#include <immintrin.h>
#elif defined(SEGVEC_ARM64)
#include <arm_neon.h>
#endif

namespace segvec::scalar {
#include "distance/simd_scalar.inl"
//
#include "distance/float_kernels.inl"
//
#include "distance/kernels_body.inl"
}  // namespace segvec::scalar

#if defined(SEGVEC_X86)
SEGVEC_TARGET_BEGIN_AVX2
namespace segvec::avx2 {
#include "distance/simd_avx2.inl"
//
#include "distance/float_kernels.inl"
//
#include "distance/kernels_body.inl"
}  // namespace segvec::avx2
SEGVEC_TARGET_END

SEGVEC_TARGET_BEGIN_AVX512
namespace segvec::avx512 {
#include "distance/simd_avx512.inl"
//
#include "distance/float_kernels.inl"
//
#include "distance/kernels_body.inl"
}  // namespace segvec::avx512
SEGVEC_TARGET_END
#endif

#if defined(SEGVEC_ARM64)
namespace segvec::neon {
#include "distance/simd_neon.inl"
//
#include "distance/float_kernels.inl"
//
#include "distance/kernels_body.inl"
}  // namespace segvec::neon
#endif

namespace segvec {

const FloatKernels& FloatKernelsFor(InstructionSet set) {
  switch (set) {
#if defined(SEGVEC_X86)
    case InstructionSet::kAvx2: return avx2::kFloatKernels;
    case InstructionSet::kAvx512: return avx512::kFloatKernels;
#endif
#if defined(SEGVEC_ARM64)
    case InstructionSet::kNeon: return neon::kFloatKernels;
#endif
    default: return scalar::kFloatKernels;
  }
}

}  // namespace segvec
