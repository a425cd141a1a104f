// Sixteen floats as one AVX-512 register. See simd_scalar.inl for the contract.

struct F32x16 {
  __m512 all;
};

inline constexpr int kRowsPerPass = 4;

SEGVEC_INLINE F32x16 Zero() { return {_mm512_setzero_ps()}; }
SEGVEC_INLINE F32x16 Load(const float* from) { return {_mm512_loadu_ps(from)}; }
SEGVEC_INLINE F32x16 Add(F32x16 a, F32x16 b) { return {_mm512_add_ps(a.all, b.all)}; }
SEGVEC_INLINE F32x16 Sub(F32x16 a, F32x16 b) { return {_mm512_sub_ps(a.all, b.all)}; }
SEGVEC_INLINE F32x16 MulAdd(F32x16 a, F32x16 b, F32x16 c) { return {_mm512_fmadd_ps(a.all, b.all, c.all)}; }
SEGVEC_INLINE float Sum(F32x16 a) {
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(a.all), _mm512_extractf32x8_ps(a.all, 1));
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
SEGVEC_INLINE void PrefetchLine(const void* address) {
  _mm_prefetch(static_cast<const char*>(address), _MM_HINT_T0);
}

SEGVEC_INLINE uint32_t CountSmaller(const uint32_t* keys, uint32_t key) {
  const __mmask16 smaller =
      _mm512_cmplt_epu32_mask(_mm512_loadu_si512(keys), _mm512_set1_epi32(static_cast<int>(key)));
  return static_cast<uint32_t>(_mm_popcnt_u32(smaller));
}
