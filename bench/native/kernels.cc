// What a distance costs: ns on one thread for every instruction set this machine has, on floats and on codes, in cache and at
// random places in memory, and in an exact scan, beside what the machine reads from memory in that time.
//
//   bench_kernels [megabytes = 256] [rounds = 5]   ->  JSON on stdout
//
// `megabytes` is the size of the vectors that random access and scans go over: several times the largest cache.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "base/growable_memory.h"
#include "base/random.h"
#include "distance/instruction_set.h"
#include "distance/kernels.h"
#include "graph/loops.h"
#include "measure.h"
#include "quantize/scalar_quantizer.h"

namespace segvec::bench {
namespace {

constexpr size_t kDimensions[] = {96, 128, 256, 384, 768, 1536};
constexpr double kLeastSeconds = 0.02;

// As the search loops do it: the rows that a node links to are prefetched, then measured four at a time.
constexpr size_t kRowsPerNode = 32;
constexpr size_t kFloatPrefetchLines = 8, kCodePrefetchLines = 16;

constexpr size_t kHotRows = 16;
constexpr size_t kDistancesPerRun = 4096;

struct Memory {
  explicit Memory(size_t size) : bytes(size), data(size) {
    data.Commit(size);
    Random random(1);
    for (size_t i = 0; i < bytes / sizeof(float); ++i) floats()[i] = static_cast<float>(random.Next() % 256);
  }
  float* floats() const { return reinterpret_cast<float*>(data.data()); }
  const uint8_t* codes() const { return reinterpret_cast<const uint8_t*>(data.data()); }

  size_t bytes;
  GrowableMemory data;
};

double ReadAll(const Memory& memory) {
  const auto* words = reinterpret_cast<const uint64_t*>(memory.data.data());
  uint64_t sums[16] = {};
  for (size_t i = 0; i + 16 <= memory.bytes / sizeof(uint64_t); i += 16) {
    for (size_t j = 0; j < 16; ++j) sums[j] += words[i + j];
  }
  uint64_t sum = 0;
  for (const uint64_t part : sums) sum += part;
  return static_cast<double>(sum);
}

void Prefetch(const void* row, size_t row_bytes, size_t most_lines) {
  for (size_t line = 0; line < most_lines && line * 64 < row_bytes; ++line) {
#if defined(__GNUC__)
    __builtin_prefetch(static_cast<const char*>(row) + line * 64);
#endif
  }
}

// Slots to measure, in order: a few again and again, or any.
std::vector<uint32_t> Slots(size_t row_count, bool is_hot) {
  Random random(2);
  std::vector<uint32_t> slots(kDistancesPerRun);
  for (size_t i = 0; i < slots.size(); ++i) {
    slots[i] = static_cast<uint32_t>(is_hot ? i % std::min(kHotRows, row_count) : random.Next() % row_count);
  }
  return slots;
}

// Measures `kernel(rows, sums)` on four rows at a time.
template <class Row, class Sum, class Kernel>
double MeasureRows(const Row* begin, size_t row_values, const std::vector<uint32_t>& slots, bool is_hot,
                   size_t prefetch_lines, const Kernel& kernel) {
  double total = 0;
  for (size_t node = 0; node < slots.size(); node += kRowsPerNode) {
    if (!is_hot) {
      for (size_t i = node; i < node + kRowsPerNode; ++i) {
        Prefetch(begin + slots[i] * row_values, row_values * sizeof(Row), prefetch_lines);
      }
    }
    for (size_t i = node; i < node + kRowsPerNode; i += 4) {
      const Row* rows[4];
      Sum sums[4];
      for (size_t r = 0; r < 4; ++r) rows[r] = begin + slots[i + r] * row_values;
      kernel(rows, sums);
      total += static_cast<double>(sums[0]) + static_cast<double>(sums[3]);
    }
  }
  return total;
}

void AddRowMeasurements(const Memory& memory, InstructionSet set, size_t dimension, bool is_hot,
                        std::vector<Measurement>& measurements) {
  const char* access = is_hot ? "hot" : "random";
  const size_t row_floats = PaddedDimension(dimension), row_codes = PaddedCodes(dimension);
  const auto float_slots = Slots(memory.bytes / sizeof(float) / row_floats, is_hot);
  const auto code_slots = Slots(memory.bytes / row_codes, is_hot);
  measurements.push_back({InstructionSetName(set), "float", access, dimension, double{kDistancesPerRun},
                          static_cast<double>(row_floats * sizeof(float)),
                          [&memory, set, row_floats, float_slots, is_hot] {
                            const FloatKernels& kernels = FloatKernelsFor(set);
                            const float* query = memory.floats();
                            sink = sink + MeasureRows<float, float>(
                                memory.floats(), row_floats, float_slots, is_hot, kFloatPrefetchLines,
                                [&](const float* const* rows, float* sums) {
                                  kernels.squared_difference(query, rows, 4, row_floats / kBlockFloats, sums);
                                });
                          },
                          {}});
  measurements.push_back({InstructionSetName(set), "code", access, dimension, double{kDistancesPerRun},
                          static_cast<double>(row_codes),
                          [&memory, set, row_codes, code_slots, is_hot] {
                            const CodeKernels& kernels = CodeKernelsFor(set);
                            const auto* query = reinterpret_cast<const int8_t*>(memory.codes());
                            sink = sink + MeasureRows<uint8_t, int32_t>(
                                memory.codes(), row_codes, code_slots, is_hot, kCodePrefetchLines,
                                [&](const uint8_t* const* rows, int32_t* sums) {
                                  kernels.product(query, rows, 4, row_codes / kBlockCodes, sums);
                                });
                          },
                          {}});
}

// The loop behind `exact: true`, over all vectors.
void AddScan(const Memory& memory, const std::vector<uint64_t>& ids, InstructionSet set, size_t dimension,
             std::vector<Measurement>& measurements) {
  const size_t row_floats = PaddedDimension(dimension);
  const auto count = static_cast<uint32_t>(memory.bytes / sizeof(float) / row_floats);
  measurements.push_back({InstructionSetName(set), "float", "scan", dimension, static_cast<double>(count),
                          static_cast<double>(row_floats * sizeof(float)),
                          [&memory, &ids, set, row_floats, count] {
                            const FloatRows rows{memory.floats(), row_floats / kBlockFloats, nullptr};
                            Nearest nearest;
                            nearest.Begin(10);
                            LoopsFor(Metric::kL2, Element::kFloat, set)
                                .scan(rows, ids.data(), {memory.floats(), 1.0f}, 0, count, {count, nullptr}, nearest);
                            sink = sink + nearest.Finish()[0].key;
                          },
                          {}});
}

void Print(const std::vector<Measurement>& measurements, size_t megabytes, int rounds) {
  const double read_gigabytes = measurements[0].bytes / measurements[0].MedianSeconds() / 1e9;
  std::printf("{\n  \"megabytes\": %zu,\n  \"rounds\": %d,\n  \"readGigabytesPerSecond\": %.2f,\n  \"distances\": [",
              megabytes, rounds, read_gigabytes);
  for (size_t i = 1; i < measurements.size(); ++i) {
    const Measurement& measurement = measurements[i];
    const double seconds = measurement.MedianSeconds();
    const double gigabytes = measurement.bytes / seconds / 1e9;
    std::printf("%s\n    { \"instructionSet\": \"%s\", \"element\": \"%s\", \"access\": \"%s\", \"dimension\": %zu, "
                "\"ns\": %.2f, \"gigabytesPerSecond\": %.2f, \"shareOfRead\": %.2f }",
                i == 1 ? "" : ",", measurement.instruction_set.c_str(), measurement.element.c_str(),
                measurement.access.c_str(), measurement.dimension, seconds * 1e9, gigabytes,
                gigabytes / read_gigabytes);
  }
  std::printf("\n  ]\n}\n");
}

int Main(size_t megabytes, int rounds) {
  const Memory memory(megabytes << 20);
  const std::vector<uint64_t> ids(memory.bytes / (PaddedDimension(kDimensions[0]) * sizeof(float)));
  std::vector<Measurement> measurements;
  measurements.push_back({"", "", "read", 0, 1, static_cast<double>(memory.bytes),
                          [&memory] { sink = sink + ReadAll(memory); },
                          {}});
  for (const InstructionSet set : AvailableInstructionSets()) {
    for (const size_t dimension : kDimensions) {
      for (const bool is_hot : {true, false}) AddRowMeasurements(memory, set, dimension, is_hot, measurements);
      AddScan(memory, ids, set, dimension, measurements);
    }
  }
  MeasureInterleaved(measurements, rounds, kLeastSeconds);
  Print(measurements, megabytes, rounds);
  return 0;
}

}  // namespace
}  // namespace segvec::bench

int main(int argument_count, char** arguments) {
  const long megabytes = argument_count > 1 ? std::atol(arguments[1]) : 256;
  const long rounds = argument_count > 2 ? std::atol(arguments[2]) : 5;
  if (argument_count > 3 || megabytes < 1 || megabytes > 65536 || rounds < 1 || rounds > 1000) {
    std::fprintf(stderr, "usage: bench_kernels [megabytes, 1 to 65536] [rounds, 1 to 1000]\n");
    return 2;
  }
  return segvec::bench::Main(static_cast<size_t>(megabytes), static_cast<int>(rounds));
}
