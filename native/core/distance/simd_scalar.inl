// Sixteen floats without SIMD: what every other simd_*.inl must agree with.
//
// Included inside the namespace of one instruction set. Each simd_*.inl defines F32x16 with Zero, Load, Add, Sub,
// MulAdd and Sum, PrefetchLine, and kRowsPerPass: how many rows a kernel walks at once without running out of
// registers. Sum adds lane i to lane i+8, then i+4, i+2, i+1, in every instruction set, so that all that fuse
// multiply and add give the same bits.

struct F32x16 {
  float lane[16];
};

inline constexpr int kRowsPerPass = 1;

SEGVEC_INLINE F32x16 Zero() { return F32x16{}; }
SEGVEC_INLINE F32x16 Load(const float* from) {
  F32x16 out;
  for (int i = 0; i < 16; ++i) out.lane[i] = from[i];
  return out;
}
SEGVEC_INLINE F32x16 Add(F32x16 a, F32x16 b) {
  for (int i = 0; i < 16; ++i) a.lane[i] += b.lane[i];
  return a;
}
SEGVEC_INLINE F32x16 Sub(F32x16 a, F32x16 b) {
  for (int i = 0; i < 16; ++i) a.lane[i] -= b.lane[i];
  return a;
}
// a * b + c
SEGVEC_INLINE F32x16 MulAdd(F32x16 a, F32x16 b, F32x16 c) {
  for (int i = 0; i < 16; ++i) c.lane[i] += a.lane[i] * b.lane[i];
  return c;
}
SEGVEC_INLINE float Sum(F32x16 a) {
  for (int width = 8; width > 0; width /= 2) {
    for (int i = 0; i < width; ++i) a.lane[i] += a.lane[i + width];
  }
  return a.lane[0];
}
SEGVEC_INLINE void PrefetchLine(const void* address) {
#if defined(__GNUC__)
  __builtin_prefetch(address);
#else
  (void)address;
#endif
}

// dots[r] = sum over i of query[i] * rows[r][i], exactly. Shape: block_count * 64 codes each.
template <int kRows>
SEGVEC_INLINE void DotCodes(const int8_t* query, const uint8_t* const* rows, size_t block_count, int32_t* dots) {
  for (int r = 0; r < kRows; ++r) {
    int32_t dot = 0;
    for (size_t i = 0; i < block_count * 64; ++i) dot += static_cast<int32_t>(query[i]) * rows[r][i];
    dots[r] = dot;
  }
}
inline constexpr int kCodeRowsPerPass = 1;

// How many of sixteen order keys are smaller than `key`.
SEGVEC_INLINE uint32_t CountSmaller(const uint32_t* keys, uint32_t key) {
  uint32_t count = 0;
  for (int i = 0; i < 16; ++i) count += keys[i] < key ? 1 : 0;
  return count;
}
