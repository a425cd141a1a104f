// How tests name things in their failure messages.
#pragma once

#include <string>

#include "distance/instruction_set.h"
#include "distance/metric.h"
#include "graph/loops.h"
#include "index/options.h"

namespace segvec::testing {

inline constexpr Metric kMetrics[] = {Metric::kL2, Metric::kCosine, Metric::kIp};
inline constexpr Quantization kQuantizations[] = {Quantization::kNone, Quantization::kInt8};
inline constexpr Element kElements[] = {Element::kFloat, Element::kCode};

inline std::string Name(Metric metric) {
  switch (metric) {
    case Metric::kL2: return "l2";
    case Metric::kCosine: return "cosine";
    case Metric::kIp: return "ip";
  }
  return "?";
}

inline std::string Name(Element element) { return element == Element::kFloat ? "floats" : "codes"; }

inline std::string Name(Quantization quantization) {
  return quantization == Quantization::kNone ? "none" : "int8";
}

inline std::string Name(InstructionSet set) { return InstructionSetName(set); }

}  // namespace segvec::testing
