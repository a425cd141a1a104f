// Code products with baseline NEON. Rows become signed (code - 128), the products fit 16 bits, and the shift is added
// back: sum q c = sum q (c - 128) + 128 sum q.

template <int kRows>
SEGVEC_INLINE void DotCodes(const int8_t* query, const uint8_t* const* rows, size_t block_count, int32_t* dots) {
  int32x4_t sums[kRows], query_sum = vdupq_n_s32(0);
  for (int r = 0; r < kRows; ++r) sums[r] = vdupq_n_s32(0);
  const uint8x16_t shift = vdupq_n_u8(0x80);
  for (size_t i = 0; i < block_count * 64; i += 16) {
    const int8x16_t query_block = vld1q_s8(query + i);
    query_sum = vpadalq_s16(query_sum, vpaddlq_s8(query_block));
    for (int r = 0; r < kRows; ++r) {
      const int8x16_t row = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(rows[r] + i), shift));
      sums[r] = vpadalq_s16(sums[r], vmull_s8(vget_low_s8(query_block), vget_low_s8(row)));
      sums[r] = vpadalq_s16(sums[r], vmull_s8(vget_high_s8(query_block), vget_high_s8(row)));
    }
  }
  const int32_t shifted = 128 * vaddvq_s32(query_sum);
  for (int r = 0; r < kRows; ++r) dots[r] = vaddvq_s32(sums[r]) + shifted;
}
inline constexpr int kCodeRowsPerPass = 4;
