// What scripts that prove a goal set in the environment: the same tests, with other seeds and more of
// everything.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace segvec::testing {

// Of what a test draws at random; 1 unless SEGVEC_PROVE_SEED says otherwise.
inline uint64_t ProveSeed() {
  const char* const text = std::getenv("SEGVEC_PROVE_SEED");
  return text == nullptr ? 1 : std::strtoull(text, nullptr, 10);
}

// How many times as much a test tries; 1 unless SEGVEC_PROVE_SCALE says otherwise.
inline size_t ProveScale() {
  const char* const text = std::getenv("SEGVEC_PROVE_SCALE");
  const unsigned long long scale = text == nullptr ? 1 : std::strtoull(text, nullptr, 10);
  return scale == 0 ? 1 : static_cast<size_t>(scale);
}

// How far apart the cases are that a test looks at: all of them when a goal is proved.
inline size_t StepFor(size_t sample) { return ProveScale() > 1 ? 1 : sample; }

}  // namespace segvec::testing
