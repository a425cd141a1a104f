// Products of code rows with a query, written once over DotCodes.
//
// Included inside the namespace of one instruction set, after the file that defines DotCodes and kCodeRowsPerPass.

// dots[r] = sum over i of query[i] * rows[r][i], exactly.
SEGVEC_INLINE void DotCodesOfRows(const int8_t* query, const uint8_t* const* rows, size_t row_count,
                                  size_t block_count, int32_t* dots) {
  size_t r = 0;
  for (; r + kCodeRowsPerPass <= row_count; r += kCodeRowsPerPass) {
    DotCodes<kCodeRowsPerPass>(query, rows + r, block_count, dots + r);
  }
  for (; r < row_count; ++r) DotCodes<1>(query, rows + r, block_count, dots + r);
}
