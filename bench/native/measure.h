// Measuring on one thread in processor time, so that other work on the machine is not counted.
#pragma once

#include <algorithm>
#include <cstddef>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

namespace segvec::bench {

// What is measured must be used by somebody, or the compiler leaves it out.
inline volatile double sink = 0;

inline double ProcessorSeconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

// One thing to measure: `run` does `units` of it, such as distances, and reads `bytes` from memory for each.
struct Measurement {
  std::string instruction_set, element, access;
  size_t dimension;
  double units, bytes;
  std::function<void()> run;
  std::vector<double> seconds_per_unit;  // of every round

  double MedianSeconds() const {
    std::vector<double> sorted = seconds_per_unit;
    std::sort(sorted.begin(), sorted.end());
    return sorted[sorted.size() / 2];
  }
};

// Rounds go over all measurements in turn, so that a slow minute of the machine hits all of them.
inline void MeasureInterleaved(std::vector<Measurement>& measurements, int rounds, double least_seconds) {
  for (const Measurement& measurement : measurements) measurement.run();
  for (int round = 0; round < rounds; ++round) {
    for (Measurement& measurement : measurements) {
      const double start = ProcessorSeconds();
      double seconds = 0;
      int repeats = 0;
      while (seconds < least_seconds) {
        measurement.run();
        ++repeats;
        seconds = ProcessorSeconds() - start;
      }
      measurement.seconds_per_unit.push_back(seconds / repeats / measurement.units);
    }
  }
}

}  // namespace segvec::bench
