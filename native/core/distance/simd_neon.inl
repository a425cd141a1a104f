// Sixteen floats as four NEON registers. See simd_scalar.inl for the contract.

struct F32x16 {
  float32x4_t a, b, c, d;
};

inline constexpr int kRowsPerPass = 2;  // 2 rows x 2 sums x 4 registers = 16 of 32

SEGVEC_INLINE F32x16 Zero() {
  const float32x4_t zero = vdupq_n_f32(0);
  return {zero, zero, zero, zero};
}
SEGVEC_INLINE F32x16 Load(const float* from) {
  return {vld1q_f32(from), vld1q_f32(from + 4), vld1q_f32(from + 8), vld1q_f32(from + 12)};
}
SEGVEC_INLINE F32x16 Add(F32x16 x, F32x16 y) {
  return {vaddq_f32(x.a, y.a), vaddq_f32(x.b, y.b), vaddq_f32(x.c, y.c), vaddq_f32(x.d, y.d)};
}
SEGVEC_INLINE F32x16 Sub(F32x16 x, F32x16 y) {
  return {vsubq_f32(x.a, y.a), vsubq_f32(x.b, y.b), vsubq_f32(x.c, y.c), vsubq_f32(x.d, y.d)};
}
SEGVEC_INLINE F32x16 MulAdd(F32x16 x, F32x16 y, F32x16 z) {
  return {vfmaq_f32(z.a, x.a, y.a), vfmaq_f32(z.b, x.b, y.b), vfmaq_f32(z.c, x.c, y.c), vfmaq_f32(z.d, x.d, y.d)};
}
SEGVEC_INLINE float Sum(F32x16 x) {
  const float32x4_t four = vaddq_f32(vaddq_f32(x.a, x.c), vaddq_f32(x.b, x.d));
  const float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
  return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}
SEGVEC_INLINE void PrefetchLine(const void* address) {
#if defined(__GNUC__)
  __builtin_prefetch(address);
#else
  (void)address;
#endif
}

SEGVEC_INLINE uint32_t CountSmaller(const uint32_t* keys, uint32_t key) {
  const uint32x4_t wanted = vdupq_n_u32(key);
  uint32x4_t smaller = vdupq_n_u32(0);  // each smaller key counts as -1
  for (int i = 0; i < 16; i += 4) smaller = vaddq_u32(smaller, vcltq_u32(vld1q_u32(keys + i), wanted));
  return 0u - vaddvq_u32(smaller);
}
