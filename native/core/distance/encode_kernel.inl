// Floats as 8-bit codes. Included inside the namespace of one instruction set.
//
// Plain loops over kEncodeLanes components, which the compiler turns into the instructions of the set. What is summed up has a
// lane for every kEncodeLanes-th component, so that all sets add the same floats in the same order.

inline constexpr size_t kEncodeLanes = 16;

struct EncodeSums {
  int32_t inexact[kEncodeLanes] = {}, codes[kEncodeLanes] = {}, squares[kEncodeLanes] = {};
  float excess[kEncodeLanes] = {}, largest[kEncodeLanes] = {};
};

// `count` is at most kEncodeLanes.
SEGVEC_INLINE void EncodeLanes(const float* values, const float* offsets, size_t count, float factor, uint8_t* codes,
                               EncodeSums& sums) {
  int32_t rounded[kEncodeLanes];
  for (size_t i = 0; i < count; ++i) {
    const float position = values[i] * factor - offsets[i];
    // In this order, which makes 0 of what is not a number: an infinite factor times 0. Its excess is no number either.
    const float positive = position > 0.0f ? position : 0.0f;
    const float clipped = positive < 255.0f ? positive : 255.0f;
    const float excess = position < 0.0f ? -position : position - clipped;
    rounded[i] = static_cast<int32_t>(clipped + 0.5f);
    sums.inexact[i] += static_cast<float>(rounded[i]) != position ? 1 : 0;
    sums.codes[i] += rounded[i];
    sums.squares[i] += rounded[i] * rounded[i];
    sums.excess[i] += excess * excess;
    sums.largest[i] = sums.largest[i] < excess ? excess : sums.largest[i];
  }
  for (size_t i = 0; i < count; ++i) codes[i] = static_cast<uint8_t>(rounded[i]);
}

inline EncodedRow EncodeRow(const float* values, const float* offsets, size_t dimension, float factor, uint8_t* codes) {
  EncodeSums sums;
  for (size_t done = 0; done < dimension; done += kEncodeLanes) {
    const size_t count = dimension - done < kEncodeLanes ? dimension - done : kEncodeLanes;
    EncodeLanes(values + done, offsets + done, count, factor, codes + done, sums);
  }
  EncodedRow row;
  for (size_t lane = 0; lane < kEncodeLanes; ++lane) {
    row.inexact_count += sums.inexact[lane];
    row.code_sum += sums.codes[lane];
    row.square_sum += sums.squares[lane];
    row.excess_sum += sums.excess[lane];
    row.largest_excess = row.largest_excess < sums.largest[lane] ? sums.largest[lane] : row.largest_excess;
  }
  return row;
}
