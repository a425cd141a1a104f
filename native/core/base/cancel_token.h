// A flag that one thread raises and long work polls, at least once per millisecond.
#pragma once

#include <atomic>

#include "base/error.h"

namespace segvec {

// Thread safety: all methods may be called from any thread.
class CancelToken {
 public:
  void Cancel() { cancelled_.store(true, std::memory_order_relaxed); }
  bool IsCancelled() const { return cancelled_.load(std::memory_order_relaxed); }

  // Throws kAborted once Cancel() has been called.
  void Check() const {
    if (IsCancelled()) throw Error(ErrorCode::kAborted, "the operation was aborted");
  }

 private:
  std::atomic<bool> cancelled_{false};
};

}  // namespace segvec
