#include "storage/env.h"

#include <cerrno>
#include <system_error>

namespace segvec {

Error SystemCallError(const char* syscall, const std::string& path, int number) {
  const std::string reason = std::generic_category().message(number);
  return Error(number == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
               std::string(syscall) + " of " + path + " failed: " + reason, {syscall, path, number});
}

#if defined(_WIN32)

// Nothing is written there that could not be made to survive a power failure.
Env& Env::Real() { throw Error(ErrorCode::kIo, "indexes on disk are not available on Windows yet"); }

#endif

}  // namespace segvec
