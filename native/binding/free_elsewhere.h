// Giving gigabytes back takes time, which the JavaScript thread does not have.
#pragma once

#include <exception>
#include <utility>

#include "base/thread_pool.h"

namespace segvec::binding {

// Lets go of what is given on a thread of the pool; on this one where none can be had.
template <class... Held>
void FreeElsewhere(Held... held) noexcept {
  try {
    ThreadPool& pool = ThreadPool::Shared();
    pool.EnsureThreads(1);
    pool.Post(ThreadPool::Priority::kInteractive, [... last = std::move(held)] {});
  } catch (const std::exception&) {
    // Freed with the arguments, or with what was made of them.
  }
}

}  // namespace segvec::binding
