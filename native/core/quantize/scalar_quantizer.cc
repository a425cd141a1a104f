#include "quantize/scalar_quantizer.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace segvec {
namespace {

constexpr float kMaxCode = 255;

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
    scale_ = largest > 0 ? largest / 127 : 1.0f;
    std::fill(offsets_.begin(), offsets_.end(), -128.0f);
    return;
  }
  scale_ = is_integer && widest <= kMaxCode ? 1.0f : widest > 0 ? widest / kMaxCode : 1.0f;
  for (size_t d = 0; d < dimension; ++d) offsets_[d] = low[d] / scale_;
}

// codes = round(values * factor / scale - offset), clipped; returns whether that lost nothing.
bool ScalarQuantizer::EncodeValues(const float* values, float factor, uint8_t* codes) const {
  const float inverse_scale = factor / scale_;
  int lossy_count = 0;
  for (size_t d = 0; d < dimension_; ++d) {
    const float position = values[d] * inverse_scale - offsets_[d];
    const float clipped = std::min(std::max(position, 0.0f), kMaxCode);
    const int32_t code = static_cast<int32_t>(clipped + 0.5f);
    codes[d] = static_cast<uint8_t>(code);
    lossy_count += static_cast<float>(code) != position;
  }
  return lossy_count == 0;
}

int32_t ScalarQuantizer::Encode(const float* values, float inverse_norm, uint8_t* codes, bool& is_exact) const {
  const float factor = metric_ == Metric::kCosine ? inverse_norm : 1.0f;
  const bool lost_nothing = EncodeValues(values, factor, codes);
  is_exact = is_exact && lost_nothing && metric_ == Metric::kL2 && scale_ == 1.0f;
  if (metric_ == Metric::kIp) return 0;
  int32_t sum = 0, square_sum = 0;
  for (size_t d = 0; d < dimension_; ++d) {
    const int32_t code = codes[d];
    sum += code;
    square_sum += code * code;
  }
  return square_sum - 256 * sum;
}

int32_t ScalarQuantizer::EncodeQuery(const float* values, float inverse_norm, int8_t* codes, bool& is_exact) const {
  float factor = metric_ == Metric::kCosine ? inverse_norm : 1.0f;
  if (metric_ == Metric::kIp) {
    float largest = 0;
    for (size_t d = 0; d < dimension_; ++d) largest = std::max(largest, std::fabs(values[d]));
    if (largest > 0) factor = 127 * scale_ / largest;
  }
  uint8_t* unsigned_codes = reinterpret_cast<uint8_t*>(codes);
  const bool lost_nothing = EncodeValues(values, factor, unsigned_codes);
  is_exact = lost_nothing && metric_ == Metric::kL2 && scale_ == 1.0f;
  int32_t signed_sum = 0, square_sum = 0;
  for (size_t d = 0; d < dimension_; ++d) {
    const int32_t code = unsigned_codes[d];
    signed_sum += code - 128;
    square_sum += code * code;
    codes[d] = static_cast<int8_t>(code - 128);
  }
  std::fill(codes + dimension_, codes + PaddedCodes(dimension_), int8_t{0});
  return metric_ == Metric::kIp ? 128 * signed_sum : square_sum;
}

}  // namespace segvec
