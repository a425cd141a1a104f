// A loop over the pool's threads whose outcome does not depend on how many there are.
//
// Calls body(i) for the i in [0, count), on the calling thread and up to threads - 1 others, as bulk work that lets
// interactive work in between two calls. When bodies throw, what the smallest such i threw is thrown here, after all
// smaller ones have been done; larger ones may be left out.
// REQUIRES: the caller holds no lock; body may run on several threads at once. May itself throw std::bad_alloc.
#pragma once

#include <cstddef>
#include <functional>

namespace segvec {

void ParallelInOrder(size_t count, int threads, const std::function<void(size_t)>& body);

}  // namespace segvec
