// Makes a chosen request for memory fail: operator new, mmap and mprotect of everything that is linked into the binary.
#pragma once

#include <cstdint>

namespace segvec::testing {

enum class FaultKind { kOnce, kFromThenOn };

// From construction to Stop(): the request number `number`, counted from 1 over all threads, fails.
class MemoryFault {
 public:
  MemoryFault(int64_t number, FaultKind kind);
  ~MemoryFault() { Stop(); }
  MemoryFault(const MemoryFault&) = delete;
  MemoryFault& operator=(const MemoryFault&) = delete;

  // Returns whether any request failed.
  bool Stop();
};

}  // namespace segvec::testing
