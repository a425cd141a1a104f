#include "graph/loops.h"

#include "distance/target.h"

namespace segvec {

namespace scalar {
const Loops& LoopsOf(Metric metric, Element element);
}
namespace avx2 {
const Loops& LoopsOf(Metric metric, Element element);
}
namespace avx512 {
const Loops& LoopsOf(Metric metric, Element element);
}
namespace avx512vnni {
const Loops& LoopsOf(Metric metric, Element element);
}
namespace neon {
const Loops& LoopsOf(Metric metric, Element element);
}
namespace neondot {
const Loops& LoopsOf(Metric metric, Element element);
}

const Loops& LoopsFor(Metric metric, Element element, InstructionSet set) {
  switch (set) {
#if defined(SEGVEC_X86)
    case InstructionSet::kAvx2: return avx2::LoopsOf(metric, element);
    case InstructionSet::kAvx512: return avx512::LoopsOf(metric, element);
    case InstructionSet::kAvx512Vnni: return avx512vnni::LoopsOf(metric, element);
#endif
#if defined(SEGVEC_ARM64)
    case InstructionSet::kNeon: return neon::LoopsOf(metric, element);
    case InstructionSet::kNeonDot: return neondot::LoopsOf(metric, element);
#endif
    default: return scalar::LoopsOf(metric, element);
  }
}

}  // namespace segvec
