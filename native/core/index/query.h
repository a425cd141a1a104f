// A query as the kernels take it.
#pragma once

#include <cstddef>

#include "distance/float_rows.h"
#include "index/options.h"

namespace segvec {

// Copies the q-th of some queries, `dimension` floats, to `padded`, whose tail is zero. Errors: kInvalidVector, naming q.
FloatQuery PrepareQuery(const IndexOptions& options, const float* query, size_t q, float* padded);

}  // namespace segvec
