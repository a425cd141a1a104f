#include "distance/instruction_set.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "distance/kernels.h"
#include "graph/loops.h"
#include "support/errors.h"
#include "support/names.h"

namespace segvec {
namespace {

TEST_CASE("InstructionSet: names are read back as what they name") {
  std::set<std::string> names;
  for (const InstructionSet set :
       {InstructionSet::kScalar, InstructionSet::kAvx2, InstructionSet::kAvx512, InstructionSet::kAvx512Vnni,
        InstructionSet::kNeon, InstructionSet::kNeonDot}) {
    const std::string name = InstructionSetName(set);
    CHECK(ParseInstructionSet(name) == set);
    names.insert(name);
  }
  CHECK(names == std::set<std::string>{"avx2", "avx512", "avx512vnni", "neon", "neondot", "scalar"});
  for (const char* wrong : {"", "AVX2", "avx", "avx2 ", "sse"}) CHECK_FALSE(ParseInstructionSet(wrong).has_value());
}

TEST_CASE("InstructionSet: the available ones are distinct and end with scalar") {
  const std::vector<InstructionSet>& sets = AvailableInstructionSets();
  REQUIRE_FALSE(sets.empty());
  CHECK(sets.back() == InstructionSet::kScalar);
  CHECK(std::set<InstructionSet>(sets.begin(), sets.end()).size() == sets.size());
}

// CTest runs this with several values of the variable.
TEST_CASE("InstructionSet: the selected one is the best, unless the environment names another") {
  const char* wish = std::getenv("SEGVEC_SIMD");
  const std::vector<InstructionSet>& available = AvailableInstructionSets();
  if (wish == nullptr || *wish == '\0') {
    CHECK(SelectedInstructionSet() == available.front());
    return;
  }
  const auto wished = ParseInstructionSet(wish);
  if (wished && std::count(available.begin(), available.end(), *wished) == 1) {
    CHECK(SelectedInstructionSet() == *wished);
    return;
  }
  for (int attempt = 0; attempt < 2; ++attempt) {
    const std::string text = testing::ErrorTextOf([] { SelectedInstructionSet(); });
    CHECK(testing::StartsWith(text, "INVALID_ARGUMENT: environment variable SEGVEC_SIMD is '" + std::string(wish)));
    CHECK(text.find("scalar") != std::string::npos);
  }
}

TEST_CASE("InstructionSet: each has kernels of its own, and loops on codes; those on floats may be those of another") {
  std::set<const void*> kernels, code_loops, float_loops;
  for (const InstructionSet set : AvailableInstructionSets()) {
    kernels.insert(&FloatKernelsFor(set));
    kernels.insert(&CodeKernelsFor(set));
    for (const Metric metric : testing::kMetrics) {
      const Loops& on_codes = LoopsFor(metric, Element::kCode, set);
      code_loops.insert(&on_codes);
      CHECK((on_codes.scan == nullptr));
      const Loops& on_floats = LoopsFor(metric, Element::kFloat, set);
      float_loops.insert(&on_floats);
      CHECK((on_floats.scan != nullptr));
    }
  }
  const size_t set_count = AvailableInstructionSets().size();
  CHECK(kernels.size() == set_count * 2);
  CHECK(code_loops.size() == set_count * 2);  // l2 and cosine have the same codes
  const bool shares_floats =
      std::ranges::any_of(AvailableInstructionSets(), [](InstructionSet set) {
        return set == InstructionSet::kAvx512Vnni || set == InstructionSet::kNeonDot;
      });
  CHECK(float_loops.size() == (set_count - (shares_floats ? 1 : 0)) * kMetricCount);
}

}  // namespace
}  // namespace segvec
