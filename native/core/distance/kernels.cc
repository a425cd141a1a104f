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
#include "distance/code_kernels.inl"
//
#include "distance/encode_kernel.inl"
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
#include "distance/code_kernels.inl"
//
#include "distance/encode_kernel.inl"
//
#include "distance/kernels_body.inl"
}  // namespace segvec::avx2
SEGVEC_TARGET_END
#endif

#if defined(SEGVEC_X86)
SEGVEC_TARGET_BEGIN_AVX512
namespace segvec::avx512 {
#include "distance/simd_avx512.inl"
//
#include "distance/simd_avx512_codes.inl"
//
#include "distance/float_kernels.inl"
//
#include "distance/code_kernels.inl"
//
#include "distance/encode_kernel.inl"
//
#include "distance/kernels_body.inl"
}  // namespace segvec::avx512
SEGVEC_TARGET_END
#endif

#if defined(SEGVEC_X86)
SEGVEC_TARGET_BEGIN_AVX512VNNI
namespace segvec::avx512vnni {
#include "distance/simd_avx512.inl"
//
#include "distance/simd_avx512vnni_codes.inl"
//
#include "distance/float_kernels.inl"
//
#include "distance/code_kernels.inl"
//
#include "distance/encode_kernel.inl"
//
#include "distance/kernels_body.inl"
}  // namespace segvec::avx512vnni
SEGVEC_TARGET_END
#endif

#if defined(SEGVEC_ARM64)
namespace segvec::neon {
#include "distance/simd_neon.inl"
//
#include "distance/simd_neon_codes.inl"
//
#include "distance/float_kernels.inl"
//
#include "distance/code_kernels.inl"
//
#include "distance/encode_kernel.inl"
//
#include "distance/kernels_body.inl"
}  // namespace segvec::neon
#endif

#if defined(SEGVEC_ARM64)
SEGVEC_TARGET_BEGIN_NEONDOT
namespace segvec::neondot {
#include "distance/simd_neon.inl"
//
#include "distance/simd_neondot_codes.inl"
//
#include "distance/float_kernels.inl"
//
#include "distance/code_kernels.inl"
//
#include "distance/encode_kernel.inl"
//
#include "distance/kernels_body.inl"
}  // namespace segvec::neondot
SEGVEC_TARGET_END
#endif

namespace segvec {

const FloatKernels& FloatKernelsFor(InstructionSet set) {
  switch (set) {
#if defined(SEGVEC_X86)
    case InstructionSet::kAvx2: return avx2::kFloatKernels;
    case InstructionSet::kAvx512: return avx512::kFloatKernels;
    case InstructionSet::kAvx512Vnni: return avx512vnni::kFloatKernels;
#endif
#if defined(SEGVEC_ARM64)
    case InstructionSet::kNeon: return neon::kFloatKernels;
    case InstructionSet::kNeonDot: return neondot::kFloatKernels;
#endif
    default: return scalar::kFloatKernels;
  }
}

const CodeKernels& CodeKernelsFor(InstructionSet set) {
  switch (set) {
#if defined(SEGVEC_X86)
    case InstructionSet::kAvx2: return avx2::kCodeKernels;
    case InstructionSet::kAvx512: return avx512::kCodeKernels;
    case InstructionSet::kAvx512Vnni: return avx512vnni::kCodeKernels;
#endif
#if defined(SEGVEC_ARM64)
    case InstructionSet::kNeon: return neon::kCodeKernels;
    case InstructionSet::kNeonDot: return neondot::kCodeKernels;
#endif
    default: return scalar::kCodeKernels;
  }
}

}  // namespace segvec
