// XXH3-64, without a seed: the checksum of everything on disk (the algorithm is specified in xxHash's
// doc/xxhash_spec.md; this is an implementation of our own).
//
// Thread safety: a pure function. Cost: about as fast as memory can be read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace segvec {

uint64_t Checksum(std::span<const std::byte> bytes);

}  // namespace segvec
