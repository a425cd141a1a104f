// A small index that the tests of directories and of their logs agree on, and what of it can be compared.
#pragma once

#include <cstddef>
#include <cstdint>

#include "support/index_of.h"

namespace segvec::testing {

inline constexpr size_t kSmallDimension = 8;

inline IndexOptions SmallOptions() {
  IndexOptions options = OptionsFor(kSmallDimension, Metric::kL2);
  options.M = 6;
  options.ef_construction = 40;
  return options;
}

inline GivenOptions Given() { return GivenOptions::Of(SmallOptions()); }

struct State {
  uint64_t fingerprint = 0;
  size_t vector_count = 0;
  friend bool operator==(const State&, const State&) = default;
};

inline State StateOf(const Index& index) { return {index.Fingerprint(), index.vector_count()}; }

}  // namespace segvec::testing
