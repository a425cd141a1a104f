// The number of a metric on disk.
#pragma once

#include <cstdint>
#include <optional>

#include "distance/metric.h"

namespace segvec {

// On disk: do not renumber.
constexpr uint32_t NumberOf(Metric metric) {
  if (metric == Metric::kL2) return 0;
  return metric == Metric::kCosine ? 1 : 2;
}

constexpr std::optional<Metric> MetricOf(uint32_t number) {
  for (const Metric metric : {Metric::kL2, Metric::kCosine, Metric::kIp}) {
    if (NumberOf(metric) == number) return metric;
  }
  return std::nullopt;
}

}  // namespace segvec
