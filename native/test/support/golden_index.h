// The index in the golden bundle: string ids, two segments, one of them with tombstones.
#pragma once

#include <memory>
#include <string>

#include "support/golden.h"
#include "support/index_of.h"

namespace segvec::testing::golden {

inline std::string TextAt(size_t i) { return "größer als " + std::to_string(i); }

inline std::unique_ptr<Index> SomeIndex() {
  IndexOptions options;
  options.dimension = kDimension;
  options.metric = Metric::kL2;
  options.id_type = IdType::kString;
  options.segment_capacity = 20;
  options.seed = 7;
  auto index = std::make_unique<Index>(options);
  Texts texts;
  for (size_t i = 0; i < kCount; ++i) texts.push_back(TextAt(i));
  Add(*index, Rows(), texts);
  Remove(*index, Texts{TextAt(3), TextAt(4)});
  return index;
}

}  // namespace segvec::testing::golden
