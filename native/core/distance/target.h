// Compiling parts of one binary for more instructions than its baseline.
//
//   SEGVEC_TARGET_BEGIN_AVX2
//   namespace segvec::avx2 { ... }     // templates and functions here may use AVX2; no lambdas (GCC forgets them)
//   SEGVEC_TARGET_END
//
// Standard headers stay outside such a region, so that their inline functions keep the baseline. No build system has
// to know about it (gyp cannot give single files flags of their own).
#pragma once

#if defined(__x86_64__) || defined(_M_X64)
#define SEGVEC_X86 1
#elif defined(__aarch64__) || defined(_M_ARM64)
#define SEGVEC_ARM64 1
#endif

#define SEGVEC_PRAGMA(text) _Pragma(#text)

#if defined(__clang__)
#define SEGVEC_TARGET_BEGIN(features) \
  SEGVEC_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define SEGVEC_TARGET_END _Pragma("clang attribute pop")
#elif defined(__GNUC__)
#define SEGVEC_TARGET_BEGIN(features) _Pragma("GCC push_options") SEGVEC_PRAGMA(GCC target(features))
#define SEGVEC_TARGET_END _Pragma("GCC pop_options")
#else  // MSVC compiles every intrinsic everywhere
#define SEGVEC_TARGET_BEGIN(features)
#define SEGVEC_TARGET_END
#endif

#define SEGVEC_TARGET_BEGIN_AVX2 SEGVEC_TARGET_BEGIN("avx2,fma,bmi,bmi2,lzcnt,popcnt")
#define SEGVEC_TARGET_BEGIN_AVX512 \
  SEGVEC_TARGET_BEGIN("avx2,fma,bmi,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512dq,avx512vl")

#define SEGVEC_TARGET_BEGIN_AVX512VNNI \
  SEGVEC_TARGET_BEGIN("avx2,fma,bmi,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")
#if defined(__clang__)
#define SEGVEC_TARGET_BEGIN_NEONDOT SEGVEC_TARGET_BEGIN("dotprod")
#else
#define SEGVEC_TARGET_BEGIN_NEONDOT SEGVEC_TARGET_BEGIN("arch=armv8.2-a+dotprod")
#endif

#ifndef SEGVEC_INLINE  // sanitized builds give one
#if defined(_MSC_VER) && !defined(__clang__)
#define SEGVEC_INLINE __forceinline
#else
#define SEGVEC_INLINE inline __attribute__((always_inline))
#endif
#endif
