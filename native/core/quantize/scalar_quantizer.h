// Vectors as 8-bit codes: code = round((value - offset[d]) / scale), one offset per dimension, one scale per segment.
//
// One scale for all dimensions keeps the distance between two rows a plain integer sum over their codes:
//   l2, cosine (vectors of length 1):  sum (a - b)^2 of the codes, times scale^2
//   ip (offset -128 scale throughout): -sum (a - 128)(b - 128) of the codes, times scale_a * scale_b
// With the query stored as q' = q - 128 and p = sum(q' * b), which the kernels compute, these are
//   constant + correction(b) - 2 p,  correction(b) = sum b^2 - 256 sum b,  constant = sum q^2
//   constant - p,                    correction(b) = 0,                    constant = 128 sum q'
// Data that consists of integers is stored without loss, and its integer distances are the real ones (scale 1): under l2
// within a range of 255, under ip within -128..127.
//
// Thread safety: immutable once fitted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "distance/code_rows.h"
#include "distance/instruction_set.h"
#include "distance/kernels.h"
#include "distance/metric.h"

namespace segvec {

inline constexpr size_t kBlockCodes = 64;

// Codes that a row of `dimension` components occupies: whole cache lines.
constexpr size_t PaddedCodes(size_t dimension) { return (dimension + kBlockCodes - 1) / kBlockCodes * kBlockCodes; }

class ScalarQuantizer {
 public:
  // Fits the range of `row_count` rows of `dimension` floats, `stride` floats apart. `inverse_norms` holds 1 / |row| under
  // cosine. `poll` is called for every few rows; what it throws ends the fitting. REQUIRES: row_count > 0.
  ScalarQuantizer(Metric metric, size_t dimension, const float* rows, size_t stride, const float* inverse_norms,
                  size_t row_count, const std::function<void()>& poll = [] {});

  // One that was fitted before. REQUIRES: `offsets` has `dimension` finite numbers, `scale` is positive.
  ScalarQuantizer(Metric metric, size_t dimension, float scale, std::vector<float> offsets);

  // One whose range holds those of both, as finely as it can: either of them where they are equal. REQUIRES: the same metric and
  // dimension.
  static ScalarQuantizer Covering(const ScalarQuantizer& a, const ScalarQuantizer& b);

  struct Encoded {
    int32_t term;   // the correction of a row, the constant of a query
    bool is_exact;  // the codes hold the vector without loss, and integer distances are real ones
    bool fits;      // the vector lies in the fitted range, or so near to it that clipping it changes little
    bool is_held;   // decoding gives every component back: exactly if the fitted rows are, else to within half a step
    float step;     // of a query: what an integer distance of 1 is worth as a distance of the metric
  };

  // Writes the codes of one row; the padding is left alone.
  Encoded Encode(const float* values, float inverse_norm, uint8_t* codes) const;

  // Writes the `dimension` floats that a row's codes stand for; under cosine those of the vector of length 1.
  void Decode(const uint8_t* codes, float* values) const;
  // What Encode() gives as the term of a row with these codes.
  int32_t CorrectionOf(const uint8_t* codes) const;

  // Writes a query's values, PaddedCodes(dimension) of them. Components outside the fitted range are clipped; under ip
  // the query is scaled into it, which changes no order, unless lossless codes hold it as it is.
  Encoded EncodeQuery(const float* values, float inverse_norm, int8_t* codes) const;

  // Whether it holds whole numbers exactly, those within its range.
  bool is_lossless() const { return is_lossless_; }
  // What one step of a code is worth.
  float scale() const { return scale_; }
  const std::vector<float>& offsets() const { return offsets_; }

 private:
  float IpQueryFactor(const float* values) const;
  float StepOf(float factor) const;
  Encoded Describe(const EncodedRow& row, float factor, int32_t term) const;

  Metric metric_;
  size_t dimension_;
  const CodeKernels* kernels_;
  bool is_lossless_ = false;  // the rows it was fitted to are held exactly
  float scale_ = 1;
  std::vector<float> offsets_;  // per dimension, in units of the scale
};

}  // namespace segvec
