// Fails one request for memory after another.
#pragma once

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "faults/failing_memory.h"
#include "support/prove.h"
#include "support/sanitizers.h"

namespace segvec::testing {

// Runs `scenario` for the number of each request until one is beyond the last: every one of the first hundred, then ever
// fewer, but all of them when a goal is proved. The scenario starts the fault around the operation under test only, and
// returns whether a request failed. Returns how many times one did.
inline size_t ForRequests(const std::function<bool(int64_t number, FaultKind kind)>& scenario) {
  size_t failed_count = 0;
  for (const FaultKind kind : {FaultKind::kOnce, FaultKind::kFromThenOn}) {
    int64_t number = 1;
    for (bool has_failed = true; has_failed;) {
      CAPTURE(number);
      const std::string mode = kind == FaultKind::kOnce ? "once" : "from then on";
      CAPTURE(mode);
      has_failed = scenario(number, kind);
      failed_count += has_failed;
      const auto step = Sized(1, 3, 10) + static_cast<size_t>(number) / Sized(30, 8, 3);
      number += static_cast<int64_t>(StepFor(step));
    }
    CHECK(number > 2);
  }
  return failed_count;
}

}  // namespace segvec::testing
