#include "graph/loops.h"

#include "distance/target.h"

namespace segvec {

namespace scalar { const Loops& LoopsOf(Metric metric); }
namespace avx2 { const Loops& LoopsOf(Metric metric); }
namespace avx512 { const Loops& LoopsOf(Metric metric); }
namespace neon { const Loops& LoopsOf(Metric metric); }

const Loops& LoopsFor(Metric metric, InstructionSet set) {
  switch (set) {
#if defined(SEGVEC_X86)
    case InstructionSet::kAvx2: return avx2::LoopsOf(metric);
    case InstructionSet::kAvx512: return avx512::LoopsOf(metric);
#endif
#if defined(SEGVEC_ARM64)
    case InstructionSet::kNeon: return neon::LoopsOf(metric);
#endif
    default: return scalar::LoopsOf(metric);
  }
}

}  // namespace segvec
