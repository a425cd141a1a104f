#include "graph/loops.h"

#include "distance/target.h"

namespace segvec {

namespace scalar {
const Loops& FloatLoopsOf(Metric metric);
const Loops& CodeLoopsOf(Metric metric);
}  // namespace scalar
namespace avx2 {
const Loops& FloatLoopsOf(Metric metric);
const Loops& CodeLoopsOf(Metric metric);
}  // namespace avx2
namespace avx512 {
const Loops& FloatLoopsOf(Metric metric);
const Loops& CodeLoopsOf(Metric metric);
}  // namespace avx512
namespace avx512vnni {
const Loops& CodeLoopsOf(Metric metric);
}
namespace neon {
const Loops& FloatLoopsOf(Metric metric);
const Loops& CodeLoopsOf(Metric metric);
}  // namespace neon
namespace neondot {
const Loops& CodeLoopsOf(Metric metric);
}

namespace {

// VNNI and dotprod are about products of codes: floats are measured as without them.
const Loops& FloatLoopsFor(Metric metric, InstructionSet set) {
  switch (set) {
#if defined(SEGVEC_X86)
    case InstructionSet::kAvx2: return avx2::FloatLoopsOf(metric);
    case InstructionSet::kAvx512:
    case InstructionSet::kAvx512Vnni: return avx512::FloatLoopsOf(metric);
#endif
#if defined(SEGVEC_ARM64)
    case InstructionSet::kNeon:
    case InstructionSet::kNeonDot: return neon::FloatLoopsOf(metric);
#endif
    default: return scalar::FloatLoopsOf(metric);
  }
}

const Loops& CodeLoopsFor(Metric metric, InstructionSet set) {
  switch (set) {
#if defined(SEGVEC_X86)
    case InstructionSet::kAvx2: return avx2::CodeLoopsOf(metric);
    case InstructionSet::kAvx512: return avx512::CodeLoopsOf(metric);
    case InstructionSet::kAvx512Vnni: return avx512vnni::CodeLoopsOf(metric);
#endif
#if defined(SEGVEC_ARM64)
    case InstructionSet::kNeon: return neon::CodeLoopsOf(metric);
    case InstructionSet::kNeonDot: return neondot::CodeLoopsOf(metric);
#endif
    default: return scalar::CodeLoopsOf(metric);
  }
}

}  // namespace

const Loops& LoopsFor(Metric metric, Element element, InstructionSet set) {
  return element == Element::kFloat ? FloatLoopsFor(metric, set) : CodeLoopsFor(metric, set);
}

}  // namespace segvec
