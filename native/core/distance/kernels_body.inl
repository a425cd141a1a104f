// The table of one instruction set. Included inside its namespace, after float_kernels.inl.

inline void SquaredDifferences(const float* query, const float* const* rows, size_t row_count, size_t block_count,
                               float* sums) {
  SumTermsOfRows<SquaredDifference>(query, rows, row_count, block_count, sums);
}
inline void Products(const float* query, const float* const* rows, size_t row_count, size_t block_count,
                     float* sums) {
  SumTermsOfRows<Product>(query, rows, row_count, block_count, sums);
}
inline constexpr FloatKernels kFloatKernels{SquaredDifferences, Products};
