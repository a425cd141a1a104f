// The table of one instruction set. Included inside its namespace, after the other kernels.

inline void SquaredDifferences(const float* query, const float* const* rows, size_t row_count, size_t block_count,
                               float* sums) {
  SumTermsOfRows<SquaredDifference>(query, rows, row_count, block_count, sums);
}
inline void Products(const float* query, const float* const* rows, size_t row_count, size_t block_count,
                     float* sums) {
  SumTermsOfRows<Product>(query, rows, row_count, block_count, sums);
}
inline void CodeProducts(const int8_t* query, const uint8_t* const* rows, size_t row_count, size_t block_count,
                         int32_t* dots) {
  DotCodesOfRows(query, rows, row_count, block_count, dots);
}
inline constexpr CodeKernels kCodeKernels{CodeProducts, EncodeRow};
inline constexpr FloatKernels kFloatKernels{SquaredDifferences, Products};
