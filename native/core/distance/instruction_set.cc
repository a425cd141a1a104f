#include "distance/instruction_set.h"

#include <cstdlib>
#include <string>

#include "base/error.h"
#include "distance/target.h"

#if defined(SEGVEC_X86) && defined(_MSC_VER) && !defined(__clang__)
#include <immintrin.h>
#include <intrin.h>
#endif

#if defined(SEGVEC_ARM64) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace segvec {
namespace {

constexpr InstructionSet kAll[] = {InstructionSet::kAvx512Vnni, InstructionSet::kAvx512, InstructionSet::kAvx2,
                                   InstructionSet::kNeonDot,    InstructionSet::kNeon,   InstructionSet::kScalar};

#if defined(SEGVEC_X86)
#if defined(_MSC_VER) && !defined(__clang__)
// CPUID leaf 7 and the register state the operating system saves (Intel SDM vol. 1, 14.3 and 15.2).
bool HasAvx2() {
  int leaf1[4], leaf7[4];
  __cpuid(leaf1, 1);
  __cpuidex(leaf7, 7, 0);
  const bool saves_state = (leaf1[2] >> 27 & 1) && (_xgetbv(0) & 6) == 6;
  return saves_state && (leaf1[2] >> 12 & 1) && (leaf7[1] >> 5 & 1);
}
bool HasAvx512() {
  int leaf7[4];
  __cpuidex(leaf7, 7, 0);
  return HasAvx2() && (_xgetbv(0) & 0xE6) == 0xE6 && (leaf7[1] >> 16 & 1) && (leaf7[1] >> 17 & 1) &&
         (leaf7[1] >> 30 & 1) && (leaf7[1] >> 31 & 1);
}
bool HasVnni() {
  int leaf7[4];
  __cpuidex(leaf7, 7, 0);
  return HasAvx512() && (leaf7[2] >> 11 & 1);
}
#else
bool HasAvx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
bool HasAvx512() {
  return HasAvx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
bool HasVnni() { return HasAvx512() && __builtin_cpu_supports("avx512vnni"); }
#endif
#endif

#if defined(SEGVEC_ARM64)
bool HasDotProduct() {
#if defined(__linux__)
  return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
#elif defined(__APPLE__)
  return true;  // every Apple silicon processor has it
#else
  return false;
#endif
}
#endif

bool IsAvailable(InstructionSet set) {
  switch (set) {
    case InstructionSet::kScalar: return true;
#if defined(SEGVEC_X86)
    case InstructionSet::kAvx2: return HasAvx2();
    case InstructionSet::kAvx512: return HasAvx512();
    case InstructionSet::kAvx512Vnni: return HasVnni();
#endif
#if defined(SEGVEC_ARM64)
    case InstructionSet::kNeon: return true;  // part of the architecture's baseline
    case InstructionSet::kNeonDot: return HasDotProduct();
#endif
    default: return false;
  }
}

InstructionSet Select() {
  const char* wish = std::getenv("SEGVEC_SIMD");
  if (wish == nullptr || *wish == '\0') return AvailableInstructionSets().front();
  if (const auto set = ParseInstructionSet(wish); set && IsAvailable(*set)) return *set;
  std::string names;
  for (const InstructionSet set : AvailableInstructionSets()) {
    names += (names.empty() ? "" : ", ") + std::string(InstructionSetName(set));
  }
  throw Error(ErrorCode::kInvalidArgument,
              "environment variable SEGVEC_SIMD is '" + std::string(wish) + "'; this machine has " + names);
}

}  // namespace

const char* InstructionSetName(InstructionSet set) {
  switch (set) {
    case InstructionSet::kScalar: return "scalar";
    case InstructionSet::kAvx2: return "avx2";
    case InstructionSet::kAvx512: return "avx512";
    case InstructionSet::kAvx512Vnni: return "avx512vnni";
    case InstructionSet::kNeon: return "neon";
    case InstructionSet::kNeonDot: return "neondot";
  }
  return "scalar";
}

std::optional<InstructionSet> ParseInstructionSet(std::string_view name) {
  for (const InstructionSet set : kAll) {
    if (name == InstructionSetName(set)) return set;
  }
  return std::nullopt;
}

const std::vector<InstructionSet>& AvailableInstructionSets() {
  static const auto* const sets = [] {
    auto* found = new std::vector<InstructionSet>;  // never destroyed: no static destructors in the addon
    for (const InstructionSet set : kAll) {
      if (IsAvailable(set)) found->push_back(set);
    }
    return found;
  }();
  return *sets;
}

InstructionSet SelectedInstructionSet() {
  static const InstructionSet selected = Select();
  return selected;
}

}  // namespace segvec
