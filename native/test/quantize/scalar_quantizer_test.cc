#include "quantize/scalar_quantizer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "reference/distance.h"
#include "support/names.h"
#include "support/vectors.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

std::vector<float> InverseNorms(const Vectors& vectors) {
  std::vector<float> inverse_norms;
  for (size_t row = 0; row < vectors.count(); ++row) {
    inverse_norms.push_back(static_cast<float>(1 / reference::Norm(vectors.row(row), vectors.dimension)));
  }
  return inverse_norms;
}

ScalarQuantizer Fit(Metric metric, const Vectors& vectors, const std::vector<float>& inverse_norms) {
  return {metric, vectors.dimension, vectors.values.data(), vectors.dimension, inverse_norms.data(), vectors.count()};
}

struct CodedRow {
  std::vector<uint8_t> codes;  // padded
  int32_t correction;
  bool is_exact;
};

CodedRow EncodeRow(const ScalarQuantizer& quantizer, const Vectors& vectors, size_t row, float inverse_norm) {
  CodedRow coded{std::vector<uint8_t>(PaddedCodes(vectors.dimension)), 0, true};
  const auto encoded = quantizer.Encode(vectors.row(row), inverse_norm, coded.codes.data());
  coded.correction = encoded.term;
  coded.is_exact = encoded.is_exact;
  return coded;
}

// The distance that the search loops make of a query and a row: constant + correction - factor * product.
int64_t LoopDistance(Metric metric, const std::vector<int8_t>& query, int32_t constant, const CodedRow& row) {
  return constant + int64_t{row.correction} -
         (metric == Metric::kIp ? 1 : 2) * reference::CodeProduct(query.data(), row.codes.data(), row.codes.size());
}

TEST_CASE("PaddedCodes: whole cache lines") {
  CHECK(PaddedCodes(1) == 64);
  CHECK(PaddedCodes(64) == 64);
  CHECK(PaddedCodes(65) == 128);
}

TEST_CASE("Quantizer: the integer distance of a row used as a query is that of the codes") {
  for (const Metric metric : kMetrics) {
    for (const size_t dimension : {1, 3, 64, 100}) {
      const Vectors vectors = RandomVectors(50, dimension, 1);
      const auto inverse_norms = InverseNorms(vectors);
      const ScalarQuantizer quantizer = Fit(metric, vectors, inverse_norms);
      for (size_t a = 0; a < 50; a += 7) {
        std::vector<int8_t> query(PaddedCodes(dimension), 55);
        const auto [constant, is_exact, fits, is_held, step] = quantizer.EncodeQuery(vectors.row(a), inverse_norms[a], query.data());
        (void)is_exact, (void)fits, (void)is_held, (void)step;
        std::vector<uint8_t> query_codes(dimension);
        for (size_t d = 0; d < dimension; ++d) query_codes[d] = static_cast<uint8_t>(query[d] + 128);
        for (size_t b = 0; b < 50; ++b) {
          const CodedRow row = EncodeRow(quantizer, vectors, b, inverse_norms[b]);
          CHECK(std::all_of(row.codes.begin() + static_cast<long>(dimension), row.codes.end(),
                            [](uint8_t code) { return code == 0; }));
          CHECK(LoopDistance(metric, query, constant, row) ==
                reference::CodeDistance(metric, query_codes.data(), row.codes.data(), dimension));
        }
      }
    }
  }
}

// Each component is off by at most half a step, so a difference of two by at most one.
TEST_CASE("Quantizer: l2 and cosine distances are near the true ones") {
  for (const Metric metric : {Metric::kL2, Metric::kCosine}) {
    const Vectors vectors = RandomVectors(60, 50, 2);
    const auto inverse_norms = InverseNorms(vectors);
    const ScalarQuantizer quantizer = Fit(metric, vectors, inverse_norms);
    const double scale = quantizer.scale();
    std::vector<CodedRow> rows;
    for (size_t i = 0; i < 60; ++i) rows.push_back(EncodeRow(quantizer, vectors, i, inverse_norms[i]));
    std::vector<int8_t> query(PaddedCodes(50));
    const float step = quantizer.EncodeQuery(vectors.row(0), inverse_norms[0], query.data()).step;
    CHECK(step == doctest::Approx(scale * scale / (metric == Metric::kCosine ? 2 : 1)).epsilon(1e-3));
    for (size_t a = 0; a < 60; a += 5) {
      for (size_t b = 0; b < 60; ++b) {
        // Under cosine the codes hold vectors of length 1, whose squared distance is twice the cosine distance.
        const double expected = std::max(0.0, reference::Distance(metric, vectors.row(a), vectors.row(b), 50) *
                                                  (metric == Metric::kCosine ? 2 : 1));
        const double measured = static_cast<double>(reference::CodeDistance(metric, rows[a].codes.data(),
                                                                            rows[b].codes.data(), 50)) *
                                scale * scale;
        CHECK(std::abs(std::sqrt(measured) - std::sqrt(expected)) <= scale * std::sqrt(50.0) * 1.001);
      }
    }
  }
}

TEST_CASE("Quantizer: under ip codes order rows as their products do, give or take a step") {
  const Vectors vectors = RandomVectors(200, 30, 3);
  const auto inverse_norms = InverseNorms(vectors);
  const ScalarQuantizer quantizer = Fit(Metric::kIp, vectors, inverse_norms);
  for (const float query_scale : {1e-6f, 1.0f, 1e6f}) {
    std::vector<float> query = RandomVectors(1, 30, 4).values;
    double largest = 0, largest_stored = 0;
    for (float& value : query) {
      value *= query_scale;
      largest = std::max(largest, std::fabs(double{value}));
    }
    for (const float value : vectors.values) largest_stored = std::max(largest_stored, std::fabs(double{value}));
    std::vector<int8_t> codes(PaddedCodes(30));
        const auto [constant, is_exact, fits, is_held, step] = quantizer.EncodeQuery(query.data(), 1, codes.data());
        (void)is_exact, (void)fits, (void)is_held;
    CHECK_FALSE(is_exact);
    CHECK(step == doctest::Approx(quantizer.scale() * largest / 127).epsilon(1e-3));
    const double unit = largest / 127 * (largest_stored / 127);  // of a product of two codes
    for (size_t row = 0; row < 200; ++row) {
      const CodedRow coded = EncodeRow(quantizer, vectors, row, 1);
      const double expected = -reference::Product(query.data(), vectors.row(row), 30);
      const double measured = static_cast<double>(LoopDistance(Metric::kIp, codes, constant, coded)) * unit;
      // Both factors of 30 products are off by up to half a step of at most 127.
      CHECK(std::abs(measured - expected) <= 30 * (127 * 0.5 * 2 + 0.25) * unit * 1.001);
    }
  }
}

TEST_CASE("Quantizer: whole numbers within a range of 255 are stored without loss under l2") {
  for (const float shift : {0.0f, -128.0f, 1000.0f}) {
    Vectors vectors = WholeVectors(300, 20, 127, 5);
    for (float& value : vectors.values) value += shift;
    vectors.row(0)[0] = shift - 127;
    vectors.row(1)[0] = shift + 128;
    const std::vector<float> inverse_norms(300, 1);
    const ScalarQuantizer quantizer = Fit(Metric::kL2, vectors, inverse_norms);
    CHECK(quantizer.scale() == 1);
    std::vector<CodedRow> rows;
    for (size_t i = 0; i < 300; ++i) rows.push_back(EncodeRow(quantizer, vectors, i, 1));
    std::vector<int8_t> query(PaddedCodes(20));
        const auto [constant, is_exact, fits, is_held, step] = quantizer.EncodeQuery(vectors.row(9), 1, query.data());
        (void)is_exact, (void)fits, (void)is_held, (void)step;
    CHECK(is_exact);
    for (size_t i = 0; i < 300; ++i) {
      CHECK(rows[i].is_exact);
      CHECK(static_cast<double>(LoopDistance(Metric::kL2, query, constant, rows[i])) ==
            reference::SquaredDifference(vectors.row(9), vectors.row(i), 20));
    }
  }
}

TEST_CASE("Quantizer: what does not fit is said to be lossy") {
  const Vectors fitted = WholeVectors(100, 8, 20, 6);
  const std::vector<float> inverse_norms(100, 1);
  const ScalarQuantizer quantizer = Fit(Metric::kL2, fitted, inverse_norms);
  const auto is_exact = [&](float value, bool as_query) {
    Vectors vector{8, std::vector<float>(8, 0)};
    vector.values[3] = value;
    std::vector<int8_t> query(PaddedCodes(8));
    if (as_query) return quantizer.EncodeQuery(vector.row(0), 1, query.data()).is_exact;
    return EncodeRow(quantizer, vector, 0, 1).is_exact;
  };
  for (const bool as_query : {false, true}) {
    CHECK(is_exact(5, as_query));
    CHECK_FALSE(is_exact(5.5f, as_query));
    CHECK_FALSE(is_exact(0.001f, as_query));
    CHECK_FALSE(is_exact(1e6f, as_query));
    CHECK_FALSE(is_exact(-1e17f, as_query));
  }
}

TEST_CASE("Quantizer: fractions, a wide range and cosine are lossy") {
  const Vectors whole = WholeVectors(50, 8, 20, 7);
  const auto inverse_norms = InverseNorms(whole);
  CHECK_FALSE(EncodeRow(Fit(Metric::kCosine, whole, inverse_norms), whole, 1, inverse_norms[1]).is_exact);
  for (const Metric metric : {Metric::kL2, Metric::kIp}) {
    Vectors wide = whole;
    wide.values[5] = 300;
    CHECK_FALSE(EncodeRow(Fit(metric, wide, inverse_norms), wide, 1, 1).is_exact);
    Vectors fraction = whole;
    fraction.values[5] = 0.5f;
    CHECK_FALSE(EncodeRow(Fit(metric, fraction, inverse_norms), fraction, 1, 1).is_exact);
  }
}

// Floats have halves up to 2^22, and nothing but whole numbers from 2^23 on.
TEST_CASE("Quantizer: large whole numbers are known from large fractions, on both sides of zero") {
  const auto is_lossless = [](float centre, float more) {
    Vectors vectors{2, {centre, centre + 1, centre + 7, centre + more}};
    return Fit(Metric::kL2, vectors, {1, 1}).is_lossless();
  };
  for (const float sign : {1.0f, -1.0f}) {
    for (const float centre : {0.0f, 1000.0f, 4194000.0f, 8388000.0f, 8388608.0f, 16777000.0f}) {
      CAPTURE(sign * centre);
      CHECK(is_lossless(sign * centre, 200));
    }
    for (const float centre : {0.0f, 1000.0f, 4194000.0f, 8388000.0f}) {
      CAPTURE(sign * centre);
      CHECK_FALSE(is_lossless(sign * centre, 100.5f));
    }
  }
}

// What is at hand need not reach the ends of the range.
TEST_CASE("Quantizer: rows of bytes are exact, whatever bytes come after those it was fitted to") {
  for (const Metric metric : {Metric::kL2, Metric::kIp}) {
    for (const float low : {0.0f, -128.0f}) {
      if (metric == Metric::kIp && low == 0) continue;  // the codes of ip hold -128..127
      CAPTURE(Name(metric));
      CAPTURE(low);
      Vectors narrow = WholeVectors(60, 12, 20, 9);
      for (float& value : narrow.values) value += low == 0 ? 60.0f : 3.0f;
      narrow.values[0] = low == 0 ? 5.0f : -5.0f;
      const ScalarQuantizer quantizer = Fit(metric, narrow, std::vector<float>(60, 1));
      Vectors wide = WholeVectors(40, 12, 127, 10);
      for (float& value : wide.values) value += low + 128;
      wide.values[0] = low;
      wide.values[1] = low + 255;
      std::vector<int8_t> query(PaddedCodes(12));
      const auto [constant, is_exact, fits, is_held, step] = quantizer.EncodeQuery(wide.row(0), 1, query.data());
      CHECK(is_exact);
      CHECK(fits);
      for (size_t row = 0; row < 40; ++row) {
        const CodedRow coded = EncodeRow(quantizer, wide, row, 1);
        CHECK(coded.is_exact);
        const double expected = metric == Metric::kL2
                                    ? reference::SquaredDifference(wide.row(0), wide.row(row), 12)
                                    : -reference::Product(wide.row(0), wide.row(row), 12);
        CHECK(static_cast<double>(LoopDistance(metric, query, constant, coded)) == expected);
      }
    }
  }
}

TEST_CASE("Quantizer: under ip a query of fractions is scaled, beside lossless rows as well") {
  const Vectors whole = WholeVectors(50, 8, 100, 11);
  const ScalarQuantizer quantizer = Fit(Metric::kIp, whole, std::vector<float>(50, 1));
  Vectors query = RandomVectors(1, 8, 12);
  for (float& value : query.values) value /= 1000;
  std::vector<int8_t> codes(PaddedCodes(8));
  CHECK_FALSE(quantizer.EncodeQuery(query.row(0), 1, codes.data()).is_exact);
  CHECK(std::any_of(codes.begin(), codes.end(), [](int8_t code) { return code >= 126 || code <= -126; }));
}

TEST_CASE("Quantizer: a factor beyond all numbers times zero is a code that does not fit") {
  Vectors equal{4, {}};
  for (int row = 0; row < 10; ++row) equal.values.insert(equal.values.end(), {1, 0, 0, 0});
  const ScalarQuantizer quantizer = Fit(Metric::kCosine, equal, std::vector<float>(10, 1));
  const float tiny[4] = {0, 1e-15f, 0, 0};
  std::vector<int8_t> query(PaddedCodes(4));
  CHECK_FALSE(quantizer.EncodeQuery(tiny, 1e15f, query.data()).fits);
  std::vector<uint8_t> codes(PaddedCodes(4));
  const auto encoded = quantizer.Encode(tiny, 1e15f, codes.data());
  CHECK_FALSE(encoded.fits);
  CHECK_FALSE(encoded.is_held);
}

// Whatever the magnitudes, codes must be numbers, and a row's code must be near its own.
TEST_CASE("Quantizer: any magnitude gives codes whose distances make sense") {
  for (const Metric metric : {Metric::kL2, Metric::kIp}) {
    for (const float scale : {1e-44f, 1e-40f, 1e-38f, 1e-30f, 1e-10f, 1e10f, 7e16f}) {
      for (const float shift : {0.0f, 1.0f}) {
        CAPTURE(Name(metric));
        CAPTURE(scale);
        CAPTURE(shift);
        Vectors vectors{16, {}};
        Dice dice(8);
        for (int i = 0; i < 16 * 50; ++i) {
          vectors.values.push_back(static_cast<float>(2 * dice.Unit() - 1) * scale + shift);
        }
        const std::vector<float> inverse_norms(50, 1);
        const ScalarQuantizer quantizer = Fit(metric, vectors, inverse_norms);
        CHECK(std::isfinite(quantizer.scale()));
        size_t wrong_count = 0;
        for (size_t a = 0; a < 50; ++a) {
          std::vector<int8_t> query(PaddedCodes(16));
        const auto [constant, is_exact, fits, is_held, step] = quantizer.EncodeQuery(vectors.row(a), 1, query.data());
        (void)is_exact, (void)fits, (void)is_held, (void)step;
          const CodedRow itself = EncodeRow(quantizer, vectors, a, 1);
          const int64_t distance = LoopDistance(metric, query, constant, itself);
          if (metric == Metric::kL2) wrong_count += distance != 0;
          if (metric == Metric::kIp) wrong_count += distance > 0;
        }
        CHECK(wrong_count == 0);
      }
    }
  }
}

TEST_CASE("Quantizer: equal vectors and vectors of zeros") {
  for (const Metric metric : {Metric::kL2, Metric::kIp}) {
    for (const float value : {0.0f, 0.3f, -1e17f}) {
      const Vectors vectors{4, std::vector<float>(4 * 10, value)};
      const std::vector<float> inverse_norms(10, 1);
      const ScalarQuantizer quantizer = Fit(metric, vectors, inverse_norms);
      const CodedRow first = EncodeRow(quantizer, vectors, 0, 1), last = EncodeRow(quantizer, vectors, 9, 1);
      CHECK(first.codes == last.codes);
      CHECK(first.correction == last.correction);
      std::vector<int8_t> query(PaddedCodes(4));
        const auto [constant, is_exact, fits, is_held, step] = quantizer.EncodeQuery(vectors.row(0), 1, query.data());
        (void)is_exact, (void)fits, (void)is_held, (void)step;
      if (metric == Metric::kL2) CHECK(LoopDistance(metric, query, constant, first) == 0);
    }
  }
}

}  // namespace
}  // namespace segvec
