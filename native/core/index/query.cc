#include "index/query.h"

#include <algorithm>
#include <string>

#include "base/error.h"
#include "index/vector_check.h"

namespace segvec {

FloatQuery PrepareQuery(const IndexOptions& options, const float* query, size_t q, float* padded) {
  const size_t dimension = options.dimension;
  std::copy_n(query, dimension, padded);
  const size_t invalid = FirstInvalidComponent(padded, dimension);
  if (invalid < dimension) {
    throw Error(ErrorCode::kInvalidVector, "query " + std::to_string(q) + ", position " +
                                               std::to_string(invalid) + " is " + DescribeValue(padded[invalid]) +
                                               "; expected a finite number of magnitude up to 1e17");
  }
  FloatQuery prepared{padded, 1.0f};
  if (options.metric == Metric::kCosine) {
    prepared.scale = InverseNorm(padded, dimension);
    if (prepared.scale == 0) {
      throw Error(ErrorCode::kInvalidVector, "query " + std::to_string(q) +
                                                 " has length zero or below 1e-15; metric 'cosine' needs a direction");
    }
  }
  return prepared;
}

}  // namespace segvec
