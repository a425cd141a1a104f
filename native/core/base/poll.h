// What bulk work calls now and then.
#pragma once

#include <functional>

#include "base/cancel_token.h"
#include "base/thread_pool.h"

namespace segvec {

// Throws kAborted once the work is cancelled; else lets searches in. REQUIRES: the caller holds no lock.
inline void Poll(const CancelToken& cancel) {
  cancel.Check();
  ThreadPool::Shared().YieldToInteractive();
}

// The same as a function. REQUIRES: `cancel` outlives it.
inline std::function<void()> PollOf(const CancelToken& cancel) {
  return [&cancel] { Poll(cancel); };
}

}  // namespace segvec
