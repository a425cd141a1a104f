// Which SIMD instructions this machine has, and which of them segvec uses.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace segvec {

// Ascending preference within one architecture.
enum class InstructionSet { kScalar, kAvx2, kAvx512, kAvx512Vnni, kNeon, kNeonDot };

const char* InstructionSetName(InstructionSet set);
std::optional<InstructionSet> ParseInstructionSet(std::string_view name);

// What this binary holds and this machine runs, best first; always ends with kScalar.
const std::vector<InstructionSet>& AvailableInstructionSets();

// The best available set, or the one that the environment variable SEGVEC_SIMD names. Decided once.
// Throws kInvalidArgument when SEGVEC_SIMD names a set that does not exist or that this machine lacks.
InstructionSet SelectedInstructionSet();

}  // namespace segvec
