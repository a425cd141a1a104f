// What it takes to bring vectors into 8-bit codes: one thread, in processor time.
//
//   bench_encode <l2|cosine|ip> <dimension> <vectors.f32>   ->  {"rows": 1000, "fitSeconds": 0.1, "encodeSeconds": 0.2}
//
// The first pass finds the range of the values, the second one writes the codes.

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "measure.h"
#include "quantize/scalar_quantizer.h"
#include "read_floats.h"

namespace segvec::bench {
namespace {

Metric MetricNamed(const std::string& name) {
  if (name == "l2") return Metric::kL2;
  if (name == "cosine") return Metric::kCosine;
  if (name == "ip") return Metric::kIp;
  throw std::runtime_error("unknown metric " + name);
}

float InverseNorm(const float* row, size_t dimension) {
  double squares = 0;
  for (size_t i = 0; i < dimension; ++i) squares += double{row[i]} * row[i];
  return squares > 0 ? static_cast<float>(1 / std::sqrt(squares)) : 1.0f;
}

int Main(const std::string& metric_name, size_t dimension, const char* path) {
  const Metric metric = MetricNamed(metric_name);
  const std::vector<float> rows = ReadFloats(path);
  const size_t row_count = dimension == 0 ? 0 : rows.size() / dimension;
  if (row_count == 0) throw std::runtime_error("there is not one vector");
  std::vector<float> inverse_norms(row_count, 1.0f);
  if (metric == Metric::kCosine) {
    for (size_t row = 0; row < row_count; ++row) inverse_norms[row] = InverseNorm(&rows[row * dimension], dimension);
  }
  std::vector<uint8_t> codes(row_count * PaddedCodes(dimension));
  const double begin = ProcessorSeconds();
  const ScalarQuantizer quantizer(metric, dimension, rows.data(), dimension, inverse_norms.data(), row_count);
  const double fitted = ProcessorSeconds();
  for (size_t row = 0; row < row_count; ++row) {
    quantizer.Encode(&rows[row * dimension], inverse_norms[row], &codes[row * PaddedCodes(dimension)]);
  }
  const double encoded = ProcessorSeconds();
  sink = sink + codes[row_count / 2];
  std::printf("{\"rows\": %zu, \"fitSeconds\": %.9g, \"encodeSeconds\": %.9g}\n", row_count, fitted - begin,
              encoded - fitted);
  return 0;
}

}  // namespace
}  // namespace segvec::bench

int main(int count, char** arguments) try {
  if (count != 4) throw std::runtime_error("usage: bench_encode <l2|cosine|ip> <dimension> <vectors.f32>");
  return segvec::bench::Main(arguments[1], std::strtoul(arguments[2], nullptr, 10), arguments[3]);
} catch (const std::exception& error) {
  std::fprintf(stderr, "bench_encode: %s\n", error.what());
  return 1;
}
