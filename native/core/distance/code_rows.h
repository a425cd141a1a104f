// The 8-bit codes of a segment's vectors as the kernels see them, and a query beside them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace segvec {

// Shape: row-major; a row is block_count * 64 codes at a multiple of 64 bytes. Tail codes are 0, and so is the query's
// tail where it counts: 0 times anything.
struct CodeRows {
  const uint8_t* codes;
  size_t block_count;
  size_t dimension;
  const int32_t* corrections;  // one per row

  const uint8_t* Row(size_t slot) const { return codes + slot * block_count * 64; }
};

// A query in code space. The kernels multiply unsigned codes with signed ones, so a query component is its code - 128.
// The integer distance to a row is  constant + correction(row) - factor * sum(values[i] * codes[i]),  exact for every
// instruction set (see quantize/scalar_quantizer.h for what it means).
struct CodeQuery {
  const int8_t* values;
  int32_t constant;
};

}  // namespace segvec
