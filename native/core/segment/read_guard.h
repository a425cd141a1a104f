// Stands before the parts of a segment that lie in a mapped file and are checked when they are first read.
//
// Thread safety: may be called from any thread.
#pragma once

#include <cstdint>
#include <span>

namespace segvec {

class ReadGuard {
 public:
  enum class Part { kRows, kCodes, kLinks };

  virtual ~ReadGuard() = default;
  // Throws kCorrupt unless what the slots [begin, end) have in `part` is what was written. REQUIRES: begin <
  // end.
  virtual void Check(Part part, uint32_t begin, uint32_t end) const = 0;
  // The same of slots in any order, with the help of threads that are idle now where there is much to check.
  virtual void Check(Part part, std::span<const uint32_t> slots) const = 0;
  // Whether everything has been checked, so that nobody needs to ask any more.
  virtual bool is_done() const = 0;
};

}  // namespace segvec
