// Code products with AVX-512 VNNI: unsigned times signed bytes, four at a time, without saturation.

template <int kRows>
SEGVEC_INLINE void DotCodes(const int8_t* query, const uint8_t* const* rows, size_t block_count, int32_t* dots) {
  __m512i sums[kRows];
  for (int r = 0; r < kRows; ++r) sums[r] = _mm512_setzero_si512();
  for (size_t i = 0; i < block_count * 64; i += 64) {
    const __m512i query_block = _mm512_loadu_si512(query + i);
    for (int r = 0; r < kRows; ++r) {
      sums[r] = _mm512_dpbusd_epi32(sums[r], _mm512_loadu_si512(rows[r] + i), query_block);
    }
  }
  for (int r = 0; r < kRows; ++r) dots[r] = _mm512_reduce_add_epi32(sums[r]);
}
inline constexpr int kCodeRowsPerPass = 4;
