// Sums over the components of float vectors, written once over F32x16.
//
// Included inside the namespace of one instruction set, after its simd_*.inl.
// Shape: rows and query hold `block_count` blocks of 16 floats, the tail padded with zeros; no alignment is required.
// Invariant: the sum of one row does not depend on how many rows are walked together.

struct SquaredDifference {
  static SEGVEC_INLINE F32x16 AddTo(F32x16 sum, F32x16 query, F32x16 row) {
    const F32x16 difference = Sub(query, row);
    return MulAdd(difference, difference, sum);
  }
};

struct Product {
  static SEGVEC_INLINE F32x16 AddTo(F32x16 sum, F32x16 query, F32x16 row) { return MulAdd(query, row, sum); }
};

// sums[r] = sum over i of Term(query[i], rows[r][i]), for kRows rows. Two sums per row hide the latency of MulAdd.
template <class Term, int kRows>
SEGVEC_INLINE void SumTerms(const float* query, const float* const* rows, size_t block_count, float* sums) {
  F32x16 even[kRows], odd[kRows];
  for (int r = 0; r < kRows; ++r) even[r] = odd[r] = Zero();
  size_t offset = 0;
  for (; offset + 32 <= block_count * 16; offset += 32) {
    const F32x16 query_even = Load(query + offset), query_odd = Load(query + offset + 16);
    for (int r = 0; r < kRows; ++r) {
      even[r] = Term::AddTo(even[r], query_even, Load(rows[r] + offset));
      odd[r] = Term::AddTo(odd[r], query_odd, Load(rows[r] + offset + 16));
    }
  }
  if (offset < block_count * 16) {
    const F32x16 query_even = Load(query + offset);
    for (int r = 0; r < kRows; ++r) even[r] = Term::AddTo(even[r], query_even, Load(rows[r] + offset));
  }
  for (int r = 0; r < kRows; ++r) sums[r] = Sum(Add(even[r], odd[r]));
}

template <class Term>
SEGVEC_INLINE void SumTermsOfRows(const float* query, const float* const* rows, size_t row_count,
                                  size_t block_count, float* sums) {
  size_t r = 0;
  for (; r + kRowsPerPass <= row_count; r += kRowsPerPass) {
    SumTerms<Term, kRowsPerPass>(query, rows + r, block_count, sums + r);
  }
  for (; r < row_count; ++r) SumTerms<Term, 1>(query, rows + r, block_count, sums + r);
}
