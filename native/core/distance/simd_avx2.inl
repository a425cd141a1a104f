// Sixteen floats as two AVX registers. See simd_scalar.inl for the contract.

struct F32x16 {
  __m256 low, high;
};

inline constexpr int kRowsPerPass = 2;  // 2 rows x 2 sums x 2 registers = 8 of 16

SEGVEC_INLINE F32x16 Zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
SEGVEC_INLINE F32x16 Load(const float* from) { return {_mm256_loadu_ps(from), _mm256_loadu_ps(from + 8)}; }
SEGVEC_INLINE F32x16 Add(F32x16 a, F32x16 b) {
  return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)};
}
SEGVEC_INLINE F32x16 Sub(F32x16 a, F32x16 b) {
  return {_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)};
}
SEGVEC_INLINE F32x16 MulAdd(F32x16 a, F32x16 b, F32x16 c) {
  return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}
SEGVEC_INLINE float Sum(F32x16 a) {
  const __m256 eight = _mm256_add_ps(a.low, a.high);
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
SEGVEC_INLINE void PrefetchLine(const void* address) {
  _mm_prefetch(static_cast<const char*>(address), _MM_HINT_T0);
}

// Widened to 16 bits: the byte-wise multiply-add saturates at full 8-bit codes (255 * 127 * 2 > 32767).
template <int kRows>
SEGVEC_INLINE void DotCodes(const int8_t* query, const uint8_t* const* rows, size_t block_count, int32_t* dots) {
  __m256i sums[kRows];
  for (int r = 0; r < kRows; ++r) sums[r] = _mm256_setzero_si256();
  for (size_t i = 0; i < block_count * 64; i += 16) {
    const __m256i wide_query =
        _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(query + i)));
    for (int r = 0; r < kRows; ++r) {
      const __m256i wide_row =
          _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(rows[r] + i)));
      sums[r] = _mm256_add_epi32(sums[r], _mm256_madd_epi16(wide_query, wide_row));
    }
  }
  for (int r = 0; r < kRows; ++r) {
    const __m128i four = _mm_add_epi32(_mm256_castsi256_si128(sums[r]), _mm256_extracti128_si256(sums[r], 1));
    const __m128i two = _mm_add_epi32(four, _mm_unpackhi_epi64(four, four));
    dots[r] = _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 1)));
  }
}
inline constexpr int kCodeRowsPerPass = 4;

SEGVEC_INLINE uint32_t CountSmaller(const uint32_t* keys, uint32_t key) {
  const __m256i wanted = _mm256_set1_epi32(static_cast<int>(key));
  const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(keys));
  const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(keys + 8));
  // There is no unsigned comparison; a is not smaller where max(a, key) is a.
  const __m256i low_rest = _mm256_cmpeq_epi32(_mm256_max_epu32(low, wanted), low);
  const __m256i high_rest = _mm256_cmpeq_epi32(_mm256_max_epu32(high, wanted), high);
  const uint32_t low_mask = static_cast<uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(low_rest)));
  const uint32_t high_mask = static_cast<uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(high_rest)));
  return 16 - static_cast<uint32_t>(_mm_popcnt_u32(high_mask << 8 | low_mask));
}
