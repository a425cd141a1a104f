#include "quantize/scalar_quantizer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace segvec {
namespace {

constexpr float kMaxCode = 255;

// Smaller scales have no reciprocal to count on. Vectors that differ by less get equal codes, and are told apart on
// their floats.
constexpr float kMinScale = 1e-30f;

// Nor are there offsets of more steps than this.
constexpr float kMostSteps = 1e37f;

// How far beyond the rows at hand the range reaches, as a share of it.
constexpr float kMargin = 0.05f;

// Far rows: where so many times the range of the others would be needed to hold this share of them, it is fitted to the others alone. One
// row that is a thousand times as long as 8,000 others would leave these three codes a dimension.
constexpr float kFarFactor = 4;
constexpr size_t kFarShare = 200;
// How far the others reach is seen from so many of the rows.
constexpr size_t kReachSample = 4096;

// Rows that are looked at between two calls of poll.
constexpr size_t kRowsPerPoll = 64;

// Bytes as they come, unsigned and signed: under these offsets rows of whole numbers that come later fit as well, even if
// those at hand do not reach the ends of the range.
constexpr float kByteOffset = 0, kSignedByteOffset = -128;

// From this magnitude on, every float is a whole number.
constexpr float kLeastWhole = 8388608;

// By conversion, which compilers do for several values at a time on every machine; they call a function to round.
bool HasFraction(float value) {
  const float held = std::min(std::max(value, -kLeastWhole), kLeastWhole);
  return std::abs(value) < kLeastWhole && value != static_cast<float>(static_cast<int32_t>(held));
}

// A scale of 1 is what tells lossless codes when they are read back.
float LossyScale(float scale) { return scale == 1 ? std::nextafter(1.0f, 2.0f) : scale; }

bool Holds(float offset, float low, float high) { return low >= offset && high <= offset + kMaxCode; }

// A vector fits when what clipping takes from it is at most this per component, in codes squared: some seven times the
// error that rounding makes anyway.
constexpr float kMaxExcess = 4;

// The extremes of each dimension, and whether all values are whole numbers.
struct Range {
  explicit Range(size_t dimension)
      : low(dimension, std::numeric_limits<float>::max()), high(dimension, std::numeric_limits<float>::lowest()) {}

  std::vector<float> low, high;
  bool is_integer = true;

  void Add(const float* values, float factor) {
    int fraction_count = 0;
    for (size_t d = 0; d < low.size(); ++d) {
      const float value = values[d] * factor;
      low[d] = std::min(low[d], value);
      high[d] = std::max(high[d], value);
      fraction_count += HasFraction(value);
    }
    is_integer = is_integer && fraction_count == 0;
  }
  float widest() const {
    float widest = 0;
    for (size_t d = 0; d < low.size(); ++d) widest = std::max(widest, high[d] - low[d]);
    return widest;
  }
};

// Narrows the range to what holds all rows but a few far ones, if that makes much of a difference. A row reaches as far as its farthest
// component lies from the mean.
template <class ValuesOf, class FactorOf>
void LeaveOutFarRows(const ValuesOf& values_of, const FactorOf& factor_of, size_t row_count,
                     const std::function<void()>& poll, Range& range) {
  if (row_count < kFarShare) return;  // so few that none may be left out
  const size_t dimension = range.low.size();
  const size_t step = (row_count + kReachSample - 1) / kReachSample;
  std::vector<double> sums(dimension);
  size_t sample_count = 0;
  for (size_t row = 0; row < row_count; row += step, ++sample_count) {
    for (size_t d = 0; d < dimension; ++d) sums[d] += static_cast<double>(values_of(row)[d] * factor_of(row));
  }
  std::vector<float> mean(dimension);
  for (size_t d = 0; d < dimension; ++d) mean[d] = static_cast<float>(sums[d] / static_cast<double>(sample_count));
  const auto reach_of = [&](size_t row) {
    float reach = 0;
    for (size_t d = 0; d < dimension; ++d) reach = std::max(reach, std::abs(values_of(row)[d] * factor_of(row) - mean[d]));
    return reach;
  };
  std::vector<float> reaches;
  for (size_t row = 0; row < row_count; row += step) reaches.push_back(reach_of(row));
  const auto far = reaches.begin() + static_cast<std::ptrdiff_t>(sample_count - 1 - sample_count / kFarShare);
  std::nth_element(reaches.begin(), far, reaches.end());
  // What the others reach, and as far again, which later ones may.
  const float limit = *far * 2;
  if (range.widest() <= kFarFactor * limit) return;
  Range narrow(dimension);
  size_t far_count = 0;
  for (size_t row = 0; row < row_count; ++row) {
    if (row % kRowsPerPoll == 0) poll();
    if (reach_of(row) > limit) {
      ++far_count;
    } else {
      narrow.Add(values_of(row), factor_of(row));
    }
  }
  if (far_count <= row_count / kFarShare) range = std::move(narrow);
}

}  // namespace

ScalarQuantizer::ScalarQuantizer(Metric metric, size_t dimension, const float* rows, size_t stride,
                                 const float* inverse_norms, size_t row_count, const std::function<void()>& poll)
    : metric_(metric), dimension_(dimension), kernels_(&CodeKernelsFor(SelectedInstructionSet())), offsets_(dimension) {
  const auto values_of = [&](size_t row) { return rows + row * stride; };
  const auto factor_of = [&](size_t row) { return metric == Metric::kCosine ? inverse_norms[row] : 1.0f; };
  Range range(dimension);
  for (size_t row = 0; row < row_count; ++row) {
    if (row % kRowsPerPoll == 0) poll();
    range.Add(values_of(row), factor_of(row));
  }
  const bool is_integer = metric != Metric::kCosine && range.is_integer;
  // Under ip the far rows are the ones that queries look for, and lossless codes have none.
  if (metric != Metric::kIp && !(is_integer && range.widest() <= kMaxCode)) {
    LeaveOutFarRows(values_of, factor_of, row_count, poll, range);
  }
  const std::vector<float>&low = range.low, &high = range.high;
  const float widest = range.widest();
  const float lowest = *std::min_element(low.begin(), low.end()), highest = *std::max_element(high.begin(), high.end());
  if (metric == Metric::kIp) {
    is_lossless_ = is_integer && Holds(kSignedByteOffset, lowest, highest);
    scale_ = is_lossless_ ? 1.0f : LossyScale(std::max(std::max(-lowest, highest) / 127, kMinScale));
    std::fill(offsets_.begin(), offsets_.end(), kSignedByteOffset);
    return;
  }
  is_lossless_ = is_integer && widest <= kMaxCode;
  if (is_lossless_) {
    for (size_t d = 0; d < dimension; ++d) {
      offsets_[d] = Holds(kByteOffset, lowest, highest)         ? kByteOffset
                    : Holds(kSignedByteOffset, lowest, highest) ? kSignedByteOffset
                                                                : low[d];
    }
    return;
  }
  // Rows that come later may go a little further than those at hand.
  const float margin = widest * kMargin;
  scale_ = LossyScale(std::max({(widest + 2 * margin) / kMaxCode, kMinScale, std::max(-lowest, highest) / kMostSteps}));
  // In the middle, so that dimensions narrower than the widest have room on both sides.
  for (size_t d = 0; d < dimension; ++d) offsets_[d] = (low[d] + (high[d] - low[d]) / 2) / scale_ - kMaxCode / 2;
}

ScalarQuantizer::ScalarQuantizer(Metric metric, size_t dimension, float scale, std::vector<float> offsets)
    : metric_(metric),
      dimension_(dimension),
      kernels_(&CodeKernelsFor(SelectedInstructionSet())),
      scale_(scale),
      offsets_(std::move(offsets)) {
  // What whole numbers are fitted with, and nearly nothing else.
  is_lossless_ = metric != Metric::kCosine && scale == 1 &&
                 std::all_of(offsets_.begin(), offsets_.end(), [](float value) { return value == std::nearbyint(value); });
}

ScalarQuantizer ScalarQuantizer::Covering(const ScalarQuantizer& a, const ScalarQuantizer& b) {
  if (a.scale_ == b.scale_ && a.offsets_ == b.offsets_) return a;
  const size_t dimension = a.dimension_;
  std::vector<float> low(dimension), high(dimension);
  float widest = 0;
  for (size_t d = 0; d < dimension; ++d) {
    low[d] = std::min(a.offsets_[d] * a.scale_, b.offsets_[d] * b.scale_);
    high[d] = std::max((a.offsets_[d] + kMaxCode) * a.scale_, (b.offsets_[d] + kMaxCode) * b.scale_);
    widest = std::max(widest, high[d] - low[d]);
  }
  ScalarQuantizer both = a.scale_ > b.scale_ ? a : b;
  both.is_lossless_ = false;
  both.scale_ = LossyScale(a.metric_ == Metric::kIp ? both.scale_ : widest / kMaxCode);
  if (a.metric_ == Metric::kIp) return both;  // around zero, both of them
  for (size_t d = 0; d < dimension; ++d) both.offsets_[d] = (low[d] + (high[d] - low[d]) / 2) / both.scale_ - kMaxCode / 2;
  return both;
}

float ScalarQuantizer::StepOf(float factor) const {
  const float square = scale_ * scale_;
  switch (metric_) {
    case Metric::kL2: return square;
    case Metric::kCosine: return square / 2;  // vectors of length 1: 1 - cos is half the squared distance
    case Metric::kIp: return square / factor;
  }
  return square;
}

ScalarQuantizer::Encoded ScalarQuantizer::Describe(const EncodedRow& row, float factor, int32_t term) const {
  const bool is_exact = row.inexact_count == 0 && is_lossless_ && factor == 1.0f;
  const bool fits = row.excess_sum <= kMaxExcess * static_cast<float>(dimension_);
  const bool is_held = is_lossless_ ? is_exact : fits && row.largest_excess <= 0.5f;
  return {term, is_exact, fits, is_held, StepOf(factor)};
}

ScalarQuantizer::Encoded ScalarQuantizer::Encode(const float* values, float inverse_norm, uint8_t* codes) const {
  const float factor = metric_ == Metric::kCosine ? inverse_norm : 1.0f;
  const EncodedRow row = kernels_->encode(values, offsets_.data(), dimension_, factor / scale_, codes);
  return Describe(row, factor, metric_ == Metric::kIp ? 0 : row.square_sum - 256 * row.code_sum);
}

int32_t ScalarQuantizer::CorrectionOf(const uint8_t* codes) const {
  if (metric_ == Metric::kIp) return 0;
  int32_t sum = 0;
  for (size_t d = 0; d < dimension_; ++d) sum += codes[d] * (codes[d] - 256);
  return sum;
}

void ScalarQuantizer::Decode(const uint8_t* codes, float* values) const {
  for (size_t d = 0; d < dimension_; ++d) values[d] = (static_cast<float>(codes[d]) + offsets_[d]) * scale_;
}

// Under ip a query of any length gives the same order, so it is made to fill the range; one that lossless codes hold as it is
// is left alone.
float ScalarQuantizer::IpQueryFactor(const float* values) const {
  float lowest = 0, highest = 0;
  int fraction_count = 0;
  for (size_t d = 0; d < dimension_; ++d) {
    lowest = std::min(lowest, values[d]);
    highest = std::max(highest, values[d]);
    fraction_count += HasFraction(values[d]);
  }
  if (is_lossless_ && fraction_count == 0 && Holds(kSignedByteOffset, lowest, highest)) return 1.0f;
  const float largest = std::max(-lowest, highest);
  return largest > 0 ? 127 * scale_ / largest : 1.0f;
}

ScalarQuantizer::Encoded ScalarQuantizer::EncodeQuery(const float* values, float inverse_norm, int8_t* codes) const {
  float factor = metric_ == Metric::kCosine ? inverse_norm : 1.0f;
  if (metric_ == Metric::kIp) factor = IpQueryFactor(values);
  uint8_t* unsigned_codes = reinterpret_cast<uint8_t*>(codes);
  const EncodedRow row = kernels_->encode(values, offsets_.data(), dimension_, factor / scale_, unsigned_codes);
  for (size_t d = 0; d < dimension_; ++d) unsigned_codes[d] ^= 0x80;  // less 128, as a signed number
  std::fill(codes + dimension_, codes + PaddedCodes(dimension_), int8_t{0});
  const int32_t signed_sum = row.code_sum - 128 * static_cast<int32_t>(dimension_);
  return Describe(row, factor, metric_ == Metric::kIp ? 128 * signed_sum : row.square_sum);
}

}  // namespace segvec
