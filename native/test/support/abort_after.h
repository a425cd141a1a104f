// Breaks work off from within.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "base/error.h"

namespace segvec::testing {

// A poll for any number of threads that throws kAborted once it has been called `count` times.
inline std::function<void()> AbortAfter(int count) {
  return [left = std::make_shared<std::atomic<int>>(count)] {
    if (left->fetch_sub(1) <= 0) throw Error(ErrorCode::kAborted, "enough");
  };
}

}  // namespace segvec::testing
