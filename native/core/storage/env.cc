#include "storage/env.h"

#include <cerrno>
#include <system_error>

namespace segvec {

Error SystemCallError(const char* syscall, const std::string& path, int number) {
  const std::string reason = std::generic_category().message(number);
  return Error(number == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
               std::string(syscall) + " of " + path + " failed: " + reason, {syscall, path, number});
}

bool IsDamage(const Error& error) {
  if (error.code() == ErrorCode::kIo) return error.call() != nullptr && error.call()->number == EIO;
  return error.code() == ErrorCode::kCorrupt || error.code() == ErrorCode::kUnsupportedFormat ||
         error.code() == ErrorCode::kNotFound;
}

bool IsForWant(const Error& error) {
  const int number = error.call() != nullptr ? error.call()->number : 0;
  return error.code() == ErrorCode::kOutOfMemory || number == EMFILE || number == ENFILE || number == ENOMEM;
}

#if defined(_WIN32)

// Nothing is written there that could not be made to survive a power failure.
Env& Env::Real() { throw Error(ErrorCode::kIo, "indexes on disk are not available on Windows yet"); }

#endif

}  // namespace segvec
