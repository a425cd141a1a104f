// Code products with AVX-512BW, widened to 16 bits (see simd_avx2.inl).

template <int kRows>
SEGVEC_INLINE void DotCodes(const int8_t* query, const uint8_t* const* rows, size_t block_count, int32_t* dots) {
  __m512i sums[kRows];
  for (int r = 0; r < kRows; ++r) sums[r] = _mm512_setzero_si512();
  for (size_t i = 0; i < block_count * 64; i += 32) {
    const __m512i wide_query =
        _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(query + i)));
    for (int r = 0; r < kRows; ++r) {
      const __m512i wide_row =
          _mm512_cvtepu8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(rows[r] + i)));
      sums[r] = _mm512_add_epi32(sums[r], _mm512_madd_epi16(wide_query, wide_row));
    }
  }
  for (int r = 0; r < kRows; ++r) dots[r] = _mm512_reduce_add_epi32(sums[r]);
}
inline constexpr int kCodeRowsPerPass = 4;
