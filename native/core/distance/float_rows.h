// The stored vectors of a segment as the kernels see them, and a query beside them.
#pragma once

#include <cstddef>

namespace segvec {

// Shape: row-major; a row is block_count * 16 floats at a multiple of 64 bytes, its tail zero.
struct FloatRows {
  const float* rows;
  size_t block_count;
  const float* inverse_norms;  // 1 / |row|, one per row; read under Metric::kCosine only

  const float* Row(size_t slot) const { return rows + slot * block_count * 16; }
};

// Shape: as one row. `scale` is 1 / |values| under Metric::kCosine and 1 under Metric::kIp.
struct FloatQuery {
  const float* values;
  float scale;
};

}  // namespace segvec
