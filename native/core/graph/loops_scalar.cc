#include "graph/loops_includes.h"

namespace segvec::scalar {
#include "distance/simd_scalar.inl"
//
#include "graph/loops_body.inl"
//
#include "graph/float_loops.inl"
}  // namespace segvec::scalar
