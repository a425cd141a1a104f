// Whether memory may be read, asked of the kernel: a read that would crash the process fails there with EFAULT.
#pragma once

#if !defined(_WIN32)

#include <unistd.h>

namespace segvec::testing {

inline bool IsReadable(const void* address) {
  int ends[2];
  if (pipe(ends) != 0) return false;
  const bool is_readable = write(ends[1], address, 1) == 1;
  close(ends[0]);
  close(ends[1]);
  return is_readable;
}

}  // namespace segvec::testing

#endif
