#include "quantize/scalar_quantizer.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace segvec {
namespace {

constexpr float kMaxCode = 255;

// Smaller scales have no reciprocal to count on. Vectors that differ by less get equal codes, and are told apart on
// their floats.
constexpr float kMinScale = 1e-30f;

// How far beyond the rows at hand the range reaches, as a share of it.
constexpr float kMargin = 0.05f;

// A vector fits when what clipping takes from it is at most this per component, in codes squared: some seven times the
// error that rounding makes anyway.
constexpr float kMaxExcess = 4;

}  // namespace

ScalarQuantizer::ScalarQuantizer(Metric metric, size_t dimension, const float* rows, size_t stride,
                                 const float* inverse_norms, size_t row_count)
    : metric_(metric), dimension_(dimension), offsets_(dimension) {
  std::vector<float> low(dimension, std::numeric_limits<float>::max());
  std::vector<float> high(dimension, std::numeric_limits<float>::lowest());
  bool is_integer = metric == Metric::kL2;
  for (size_t row = 0; row < row_count; ++row) {
    const float* values = rows + row * stride;
    const float factor = metric == Metric::kCosine ? inverse_norms[row] : 1.0f;
    int fraction_count = 0;
    for (size_t d = 0; d < dimension; ++d) {
      const float value = values[d] * factor;
      low[d] = std::min(low[d], value);
      high[d] = std::max(high[d], value);
      fraction_count += value != std::nearbyint(value);
    }
    is_integer = is_integer && fraction_count == 0;
  }
  float widest = 0, largest = 0;
  for (size_t d = 0; d < dimension; ++d) {
    widest = std::max(widest, high[d] - low[d]);
    largest = std::max({largest, -low[d], high[d]});
  }
  if (metric == Metric::kIp) {
    scale_ = std::max(largest / 127, kMinScale);
    std::fill(offsets_.begin(), offsets_.end(), -128.0f);
    return;
  }
  const bool is_lossless = is_integer && widest <= kMaxCode;
  // Rows that come later may go a little further than those at hand.
  const float margin = is_lossless ? 0.0f : widest * kMargin;
  scale_ = is_lossless ? 1.0f : std::max((widest + 2 * margin) / kMaxCode, kMinScale);
  for (size_t d = 0; d < dimension; ++d) offsets_[d] = (low[d] - margin) / scale_;
}

// codes = round(values * factor / scale - offset), clipped. Leaves the term to the caller.
ScalarQuantizer::Encoded ScalarQuantizer::EncodeValues(const float* values, float factor, uint8_t* codes) const {
  const float inverse_scale = factor / scale_;
  int lossy_count = 0;
  float excess_sum = 0;
  for (size_t d = 0; d < dimension_; ++d) {
    const float position = values[d] * inverse_scale - offsets_[d];
    const float clipped = std::min(std::max(position, 0.0f), kMaxCode);
    const int32_t code = static_cast<int32_t>(clipped + 0.5f);
    codes[d] = static_cast<uint8_t>(code);
    lossy_count += static_cast<float>(code) != position;
    excess_sum += (position - clipped) * (position - clipped);
  }
  return {0, lossy_count == 0 && metric_ == Metric::kL2 && scale_ == 1.0f,
          excess_sum <= kMaxExcess * static_cast<float>(dimension_)};
}

ScalarQuantizer::Encoded ScalarQuantizer::Encode(const float* values, float inverse_norm, uint8_t* codes) const {
  Encoded encoded = EncodeValues(values, metric_ == Metric::kCosine ? inverse_norm : 1.0f, codes);
  if (metric_ == Metric::kIp) return encoded;
  int32_t sum = 0, square_sum = 0;
  for (size_t d = 0; d < dimension_; ++d) {
    const int32_t code = codes[d];
    sum += code;
    square_sum += code * code;
  }
  encoded.term = square_sum - 256 * sum;
  return encoded;
}

ScalarQuantizer::Encoded ScalarQuantizer::EncodeQuery(const float* values, float inverse_norm, int8_t* codes) const {
  float factor = metric_ == Metric::kCosine ? inverse_norm : 1.0f;
  if (metric_ == Metric::kIp) {
    float largest = 0;
    for (size_t d = 0; d < dimension_; ++d) largest = std::max(largest, std::fabs(values[d]));
    if (largest > 0) factor = 127 * scale_ / largest;
  }
  uint8_t* unsigned_codes = reinterpret_cast<uint8_t*>(codes);
  Encoded encoded = EncodeValues(values, factor, unsigned_codes);
  int32_t signed_sum = 0, square_sum = 0;
  for (size_t d = 0; d < dimension_; ++d) {
    const int32_t code = unsigned_codes[d];
    signed_sum += code - 128;
    square_sum += code * code;
    codes[d] = static_cast<int8_t>(code - 128);
  }
  std::fill(codes + dimension_, codes + PaddedCodes(dimension_), int8_t{0});
  encoded.term = metric_ == Metric::kIp ? 128 * signed_sum : square_sum;
  return encoded;
}

}  // namespace segvec
