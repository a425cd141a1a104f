// Deterministic input for tests: the same bytes on every machine and with every standard library.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace segvec::testing {

// Shape: row-major, `dimension` floats per row, unpadded.
struct Vectors {
  size_t dimension = 0;
  std::vector<float> values;

  size_t count() const { return values.size() / dimension; }
  float* row(size_t index) { return values.data() + index * dimension; }
  const float* row(size_t index) const { return values.data() + index * dimension; }
  std::vector<float> RowCopy(size_t index) const { return {row(index), row(index) + dimension}; }
  void Append(const std::vector<float>& row) { values.insert(values.end(), row.begin(), row.end()); }

  // The rows [begin, end).
  Vectors Slice(size_t begin, size_t end) const { return {dimension, {row(begin), row(end)}}; }
};

// std::mt19937_64 is the same everywhere, the distributions of <random> are not.
class Dice {
 public:
  explicit Dice(uint64_t seed) : engine_(seed) {}

  // Uniform in [0, bound). REQUIRES: bound > 0.
  uint64_t Below(uint64_t bound) { return engine_() % bound; }
  // Uniform in [0, 1).
  double Unit() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }
  // Near enough to a normal distribution of variance 1: the sum of four uniform numbers.
  double Normal() {
    double sum = -2;
    for (uint64_t word = engine_(), part = 0; part < 4; ++part, word >>= 16) {
      sum += (static_cast<double>(word & 0xFFFF) + 0.5) * 0x1p-16;
    }
    return sum * 1.7320508075688772;  // the square root of 3
  }
  uint64_t Word() { return engine_(); }

  template <class T>
  void Shuffle(std::vector<T>& items) {
    for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[Below(i)]);
  }

 private:
  std::mt19937_64 engine_;
};

inline Vectors RandomVectors(size_t count, size_t dimension, uint64_t seed) {
  Dice dice(seed);
  Vectors vectors{dimension, std::vector<float>(count * dimension)};
  for (float& value : vectors.values) value = static_cast<float>(dice.Normal());
  return vectors;
}

// Points around `cluster_count` centres, in random order. The spread within a cluster is a third of that between them.
inline Vectors ClusteredVectors(size_t count, size_t dimension, size_t cluster_count, uint64_t seed) {
  const Vectors centres = RandomVectors(cluster_count, dimension, seed);
  Dice dice(seed + 1);
  Vectors vectors{dimension, {}};
  vectors.values.reserve(count * dimension);
  for (size_t i = 0; i < count; ++i) {
    const float* centre = centres.row(dice.Below(cluster_count));
    for (size_t d = 0; d < dimension; ++d) vectors.values.push_back(centre[d] + static_cast<float>(dice.Normal() / 3));
  }
  return vectors;
}

// As ClusteredVectors, but cluster after cluster: rows as they arrive when they are sorted by topic.
inline Vectors SortedClusters(size_t count, size_t dimension, size_t cluster_count, uint64_t seed) {
  const Vectors centres = RandomVectors(cluster_count, dimension, seed);
  Dice dice(seed + 1);
  Vectors vectors{dimension, {}};
  vectors.values.reserve(count * dimension);
  for (size_t i = 0; i < count; ++i) {
    const float* centre = centres.row(i * cluster_count / count);
    for (size_t d = 0; d < dimension; ++d) vectors.values.push_back(centre[d] + static_cast<float>(dice.Normal() / 3));
  }
  return vectors;
}

inline Vectors EqualVectors(size_t count, size_t dimension) {
  Vectors vectors{dimension, std::vector<float>(count * dimension)};
  for (size_t i = 0; i < vectors.values.size(); ++i) {
    vectors.values[i] = static_cast<float>(i % dimension + 1) / static_cast<float>(dimension);
  }
  return vectors;
}

// `copy_count` exact copies of each of `distinct_count` random vectors, in random order.
inline Vectors CopiedVectors(size_t distinct_count, size_t copy_count, size_t dimension, uint64_t seed) {
  const Vectors distinct = RandomVectors(distinct_count, dimension, seed);
  std::vector<size_t> rows;
  for (size_t i = 0; i < distinct_count * copy_count; ++i) rows.push_back(i % distinct_count);
  Dice dice(seed + 1);
  dice.Shuffle(rows);
  Vectors vectors{dimension, {}};
  for (const size_t row : rows) vectors.Append(distinct.RowCopy(row));
  return vectors;
}

// Points on a line, in random order.
inline Vectors LineVectors(size_t count, uint64_t seed) {
  Dice dice(seed);
  Vectors vectors{1, {}};
  for (size_t i = 0; i < count; ++i) vectors.values.push_back(static_cast<float>(i + 1));
  dice.Shuffle(vectors.values);
  return vectors;
}

// Vector i is (n, n + 0.1, n + 0.2, ...) with n = first + i: in order and evenly spread along a line.
inline Vectors RowOfVectors(size_t count, size_t dimension, size_t first = 0) {
  Vectors vectors{dimension, {}};
  for (size_t i = 0; i < count * dimension; ++i) {
    vectors.values.push_back(static_cast<float>(first + i / dimension) + static_cast<float>(i % dimension) / 10);
  }
  return vectors;
}

// Small whole numbers: float sums of their products are exact in any order, so that distances can be compared with ==.
// Many distances are equal.
inline Vectors WholeVectors(size_t count, size_t dimension, int largest, uint64_t seed) {
  Dice dice(seed);
  Vectors vectors{dimension, {}};
  for (size_t i = 0; i < count * dimension; ++i) {
    vectors.values.push_back(static_cast<float>(dice.Below(2 * static_cast<uint64_t>(largest) + 1)) -
                             static_cast<float>(largest));
  }
  return vectors;
}

// Components of +1 or -1, times a power of two that differs from row to row. With a dimension that is a power of four
// all norms are powers of two, so that cosine distances, too, are exact, and many of them equal.
inline Vectors SignVectors(size_t count, size_t dimension, uint64_t seed) {
  Dice dice(seed);
  Vectors vectors{dimension, {}};
  for (size_t i = 0; i < count; ++i) {
    const float scale = static_cast<float>(1 << dice.Below(5));
    for (size_t d = 0; d < dimension; ++d) vectors.values.push_back(dice.Below(2) == 0 ? scale : -scale);
  }
  return vectors;
}

}  // namespace segvec::testing
