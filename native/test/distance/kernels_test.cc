#include "distance/kernels.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "reference/distance.h"
#include "support/names.h"
#include "support/sanitizers.h"
#include "support/vectors.h"

namespace segvec {
namespace {

using testing::Dice;
using testing::kIsSanitized;
using testing::Name;

constexpr size_t kMostRows = 9;

std::vector<size_t> Dimensions() {
  std::vector<size_t> dimensions;
  for (size_t dimension = 1; dimension <= 257; dimension += kIsSanitized ? 4 : 1) dimensions.push_back(dimension);
  for (const size_t dimension : {384, 512, 768, 784, 960, 1024, 1536, 3072, 4096}) dimensions.push_back(dimension);
  return dimensions;
}

// A query and rows in one buffer, each zero-padded to whole blocks and beginning `offset` floats past a cache line.
struct Input {
  Input(size_t dimension, size_t offset, Dice& dice)
      : block_count(PaddedDimension(dimension) / kBlockFloats) {
    const size_t stride = block_count * kBlockFloats + 16;
    buffer.resize((kMostRows + 1) * stride + 32);
    const size_t to_line = (64 - reinterpret_cast<uintptr_t>(buffer.data()) % 64) % 64 / sizeof(float);
    for (size_t row = 0; row <= kMostRows; ++row) {
      // The query and the rows start at different offsets.
      float* start = buffer.data() + to_line + row * stride + (row == 0 ? offset : offset * 7 % 16);
      for (size_t i = 0; i < dimension; ++i) start[i] = static_cast<float>(dice.Normal());
      (row == 0 ? query : rows.emplace_back()) = start;
    }
  }

  size_t block_count;
  std::vector<float> buffer;
  const float* query = nullptr;
  std::vector<const float*> rows;
};

bool IsNear(float measured, double expected, double tolerance) {
  return std::fabs(static_cast<double>(measured) - expected) <= tolerance;
}

TEST_CASE("PaddedDimension: whole blocks") {
  CHECK(PaddedDimension(1) == 16);
  CHECK(PaddedDimension(16) == 16);
  CHECK(PaddedDimension(17) == 32);
  CHECK(PaddedDimension(4096) == 4096);
}

TEST_CASE("Kernels: agree with double precision for every dimension, start and number of rows") {
  for (const InstructionSet set : AvailableInstructionSets()) {
    CAPTURE(Name(set));
    const FloatKernels& kernels = FloatKernelsFor(set);
    Dice dice(1);
    for (const size_t dimension : Dimensions()) {
      CAPTURE(dimension);
      size_t wrong_count = 0;
      for (size_t offset = 0; offset < 16; offset += dimension > 300 ? 5 : 1) {
        const Input input(dimension, offset, dice);
        const size_t row_count = 1 + (dimension + offset) % kMostRows;
        float squares[kMostRows], products[kMostRows];
        kernels.squared_difference(input.query, input.rows.data(), row_count, input.block_count, squares);
        kernels.product(input.query, input.rows.data(), row_count, input.block_count, products);
        for (size_t r = 0; r < row_count; ++r) {
          const float* row = input.rows[r];
          wrong_count += !IsNear(squares[r], reference::SquaredDifference(input.query, row, dimension),
                                 reference::Tolerance(Metric::kL2, input.query, row, dimension));
          wrong_count += !IsNear(products[r], reference::Product(input.query, row, dimension),
                                 reference::SumTolerance(dimension) *
                                     reference::ProductMagnitude(input.query, row, dimension));
        }
      }
      CHECK(wrong_count == 0);
    }
  }
}

TEST_CASE("Kernels: the sum of a row does not depend on how many rows are walked together") {
  for (const InstructionSet set : AvailableInstructionSets()) {
    CAPTURE(Name(set));
    const FloatKernels& kernels = FloatKernelsFor(set);
    Dice dice(2);
    for (const size_t dimension : {1, 15, 16, 17, 48, 100, 257, 784}) {
      const Input input(dimension, 3, dice);
      for (const FloatKernels::SumFunction sum : {kernels.squared_difference, kernels.product}) {
        float alone[kMostRows], together[kMostRows];
        for (size_t r = 0; r < kMostRows; ++r) sum(input.query, &input.rows[r], 1, input.block_count, &alone[r]);
        for (size_t row_count = 1; row_count <= kMostRows; ++row_count) {
          sum(input.query, input.rows.data(), row_count, input.block_count, together);
          for (size_t r = 0; r < row_count; ++r) {
            CHECK(std::bit_cast<uint32_t>(together[r]) == std::bit_cast<uint32_t>(alone[r]));
          }
        }
      }
    }
  }
}

TEST_CASE("Kernels: writes no sum beyond the rows it was given") {
  Dice dice(3);
  const Input input(33, 1, dice);
  for (const InstructionSet set : AvailableInstructionSets()) {
    for (size_t row_count = 0; row_count < kMostRows; ++row_count) {
      std::vector<float> sums(kMostRows + 1, 1e30f);
      FloatKernelsFor(set).product(input.query, input.rows.data(), row_count, input.block_count, sums.data());
      for (size_t r = row_count; r < sums.size(); ++r) CHECK(sums[r] == 1e30f);
    }
  }
}

TEST_CASE("Kernels: the sets that fuse multiply and add give the same bits") {
  std::vector<InstructionSet> fused;
  for (const InstructionSet set : AvailableInstructionSets()) {
    if (set != InstructionSet::kScalar) fused.push_back(set);
  }
  Dice dice(4);
  for (const size_t dimension : Dimensions()) {
    const Input input(dimension, dimension % 16, dice);
    size_t different_count = 0;
    for (size_t other = 1; other < fused.size(); ++other) {
      float expected[kMostRows], sums[kMostRows];
      for (const auto sum : {&FloatKernels::squared_difference, &FloatKernels::product}) {
        (FloatKernelsFor(fused[0]).*sum)(input.query, input.rows.data(), kMostRows, input.block_count, expected);
        (FloatKernelsFor(fused[other]).*sum)(input.query, input.rows.data(), kMostRows, input.block_count, sums);
        for (size_t r = 0; r < kMostRows; ++r) {
          different_count += std::bit_cast<uint32_t>(sums[r]) != std::bit_cast<uint32_t>(expected[r]);
        }
      }
    }
    CAPTURE(dimension);
    CHECK(different_count == 0);
  }
}

TEST_CASE("Kernels: sums of whole numbers are exact in every set") {
  const testing::Vectors vectors = testing::WholeVectors(2, 800, 50, 5);
  const float* rows[] = {vectors.row(1)};
  for (const InstructionSet set : AvailableInstructionSets()) {
    float sum;
    FloatKernelsFor(set).squared_difference(vectors.row(0), rows, 1, 50, &sum);
    CHECK(sum == static_cast<float>(reference::SquaredDifference(vectors.row(0), vectors.row(1), 800)));
    FloatKernelsFor(set).product(vectors.row(0), rows, 1, 50, &sum);
    CHECK(sum == static_cast<float>(reference::Product(vectors.row(0), vectors.row(1), 800)));
  }
}

TEST_CASE("Kernels: the largest components allowed do not overflow") {
  const std::vector<float> high(kMaxDimension, kMaxMagnitude), low(kMaxDimension, -kMaxMagnitude);
  const float* rows[] = {low.data()};
  for (const InstructionSet set : AvailableInstructionSets()) {
    CAPTURE(Name(set));
    float sum;
    FloatKernelsFor(set).squared_difference(high.data(), rows, 1, kMaxDimension / kBlockFloats, &sum);
    CHECK(std::isfinite(sum));
    FloatKernelsFor(set).product(high.data(), rows, 1, kMaxDimension / kBlockFloats, &sum);
    CHECK(std::isfinite(sum));
  }
}

TEST_CASE("Kernels: equal vectors are at distance +0") {
  Dice dice(6);
  for (const InstructionSet set : AvailableInstructionSets()) {
    for (const size_t dimension : {1, 16, 31, 500}) {
      const Input input(dimension, 2, dice);
      const float* rows[] = {input.query};
      float sum;
      FloatKernelsFor(set).squared_difference(input.query, rows, 1, input.block_count, &sum);
      CHECK(std::bit_cast<uint32_t>(sum) == 0);
    }
  }
}

// Codes in one buffer: a query of signed and rows of unsigned bytes, each `offset` bytes past a cache line.
struct CodeInput {
  CodeInput(size_t block_count, size_t offset) : bytes((kMostRows + 2) * (block_count * 64 + 64)) {
    const size_t to_line = (64 - reinterpret_cast<uintptr_t>(bytes.data()) % 64) % 64;
    for (size_t row = 0; row <= kMostRows; ++row) {
      uint8_t* start = bytes.data() + to_line + row * (block_count * 64 + 64) + (row == 0 ? offset : offset * 5 % 64);
      if (row == 0) {
        query = reinterpret_cast<int8_t*>(start);
      } else {
        rows.push_back(start);
      }
    }
  }
  std::vector<const uint8_t*> Rows() const { return {rows.begin(), rows.end()}; }

  std::vector<uint8_t> bytes;
  int8_t* query = nullptr;
  std::vector<uint8_t*> rows;
};

// Counts the products that differ from the oracle's.
size_t WrongCodeProducts(InstructionSet set, const CodeInput& input, size_t block_count, size_t row_count) {
  int32_t dots[kMostRows + 1];
  std::fill_n(dots, kMostRows + 1, 123);
  CodeKernelsFor(set).product(input.query, input.Rows().data(), row_count, block_count, dots);
  size_t wrong_count = 0;
  for (size_t r = 0; r < row_count; ++r) {
    wrong_count += dots[r] != reference::CodeProduct(input.query, input.rows[r], block_count * 64);
  }
  for (size_t r = row_count; r <= kMostRows; ++r) wrong_count += dots[r] != 123;
  return wrong_count;
}

TEST_CASE("Code kernels: are exact for every length, start and number of rows") {
  Dice dice(7);
  for (const InstructionSet set : AvailableInstructionSets()) {
    CAPTURE(Name(set));
    for (const size_t block_count : {1, 2, 3, 4, 5, 6, 8, 12, 13, 15, 16, 24, 48, 64}) {
      CAPTURE(block_count);
      size_t wrong_count = 0;
      for (size_t offset = 0; offset < 64; offset += kIsSanitized ? 21 : 7) {
        const CodeInput input(block_count, offset);
        for (size_t i = 0; i < block_count * 64; ++i) input.query[i] = static_cast<int8_t>(dice.Word());
        for (uint8_t* row : input.rows) {
          for (size_t i = 0; i < block_count * 64; ++i) row[i] = static_cast<uint8_t>(dice.Word());
        }
        for (size_t row_count = 0; row_count <= kMostRows; ++row_count) {
          wrong_count += WrongCodeProducts(set, input, block_count, row_count);
        }
      }
      CHECK(wrong_count == 0);
    }
  }
}

// Where instructions that multiply and add pairs of bytes saturate.
TEST_CASE("Code kernels: the extremes neither saturate nor overflow") {
  const size_t block_count = kMaxDimension / 64;
  for (const InstructionSet set : AvailableInstructionSets()) {
    CAPTURE(Name(set));
    for (const int query_code : {-128, -1, 0, 127}) {
      for (const int row_code : {0, 1, 128, 255}) {
        const CodeInput input(block_count, 0);
        std::fill_n(input.query, block_count * 64, static_cast<int8_t>(query_code));
        for (uint8_t* row : input.rows) std::fill_n(row, block_count * 64, static_cast<uint8_t>(row_code));
        CHECK(WrongCodeProducts(set, input, block_count, kMostRows) == 0);
      }
    }
  }
}

TEST_CASE("encode: every instruction set gives the codes and sums that the definition gives") {
  Dice dice(11);
  const float infinity = std::numeric_limits<float>::infinity();
  for (const size_t dimension : Dimensions()) {
    CAPTURE(dimension);
    std::vector<float> values(dimension), offsets(dimension);
    for (size_t i = 0; i < dimension; ++i) {
      // Whole numbers, halves, and what lies outside on either side.
      values[i] = static_cast<float>(std::round(dice.Normal() * 200)) / 2;
      offsets[i] = i % 3 == 0 ? -64.0f : -63.25f;
    }
    EncodedRow expected;
    std::vector<uint8_t> expected_codes(dimension);
    double excess_sum = 0;
    for (size_t i = 0; i < dimension; ++i) {
      const double position = static_cast<double>(values[i]) - static_cast<double>(offsets[i]);
      const double clipped = std::clamp(position, 0.0, 255.0);
      const int code = static_cast<int>(std::floor(clipped + 0.5));
      expected_codes[i] = static_cast<uint8_t>(code);
      expected.inexact_count += position != code;
      expected.code_sum += code;
      expected.square_sum += code * code;
      excess_sum += (position - clipped) * (position - clipped);
      expected.largest_excess = std::max(expected.largest_excess, static_cast<float>(std::fabs(position - clipped)));
    }
    const EncodedRow scalar = [&] {
      std::vector<uint8_t> codes(dimension);
      return CodeKernelsFor(InstructionSet::kScalar).encode(values.data(), offsets.data(), dimension, 1, codes.data());
    }();
    CHECK(scalar.excess_sum == doctest::Approx(excess_sum));
    for (const InstructionSet set : AvailableInstructionSets()) {
      CAPTURE(Name(set));
      std::vector<uint8_t> codes(dimension + 1, 77);
      const EncodedRow row = CodeKernelsFor(set).encode(values.data(), offsets.data(), dimension, 1, codes.data());
      CHECK(codes.back() == 77);
      codes.pop_back();
      CHECK(codes == expected_codes);
      CHECK(row.inexact_count == expected.inexact_count);
      CHECK(row.code_sum == expected.code_sum);
      CHECK(row.square_sum == expected.square_sum);
      CHECK(row.largest_excess == expected.largest_excess);
      CHECK(std::bit_cast<uint32_t>(row.excess_sum) == std::bit_cast<uint32_t>(scalar.excess_sum));
    }
  }
  for (const InstructionSet set : AvailableInstructionSets()) {
    CAPTURE(Name(set));
    const auto encode_one = [&](float value, float factor, uint8_t& code) {
      const float offset = 0;
      return CodeKernelsFor(set).encode(&value, &offset, 1, factor, &code);
    };
    uint8_t code = 9;
    CHECK(encode_one(infinity, 1, code).excess_sum == infinity);
    CHECK(code == 255);
    CHECK(encode_one(-infinity, 1, code).excess_sum == infinity);
    CHECK(code == 0);
    CHECK(std::isnan(encode_one(0, infinity, code).excess_sum));
    CHECK(code == 0);
  }
}

}  // namespace
}  // namespace segvec
