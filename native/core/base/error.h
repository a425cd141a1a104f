// The one exception type of the core, thrown only where input, memory or a file is checked.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <utility>

namespace segvec {

enum class ErrorCode {
  kInvalidArgument,
  kDimensionMismatch,
  kInvalidVector,
  kInvalidId,
  kDuplicateId,
  kClosed,
  kAborted,
  kOutOfMemory,
  kIo,
  kNotFound,
  kCorrupt,
  kUnsupportedFormat,
  kLocked,
  kReadOnly,
  kInternal,
};

inline constexpr ErrorCode kErrorCodes[] = {
    ErrorCode::kInvalidArgument, ErrorCode::kDimensionMismatch, ErrorCode::kInvalidVector,
    ErrorCode::kInvalidId,       ErrorCode::kDuplicateId,       ErrorCode::kClosed,
    ErrorCode::kAborted,         ErrorCode::kOutOfMemory,       ErrorCode::kIo,
    ErrorCode::kNotFound,        ErrorCode::kCorrupt,           ErrorCode::kUnsupportedFormat,
    ErrorCode::kLocked,          ErrorCode::kReadOnly,          ErrorCode::kInternal,
};

// The stable name that programs see as `error.code`.
constexpr const char* ErrorCodeName(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument: return "INVALID_ARGUMENT";
    case ErrorCode::kDimensionMismatch: return "DIMENSION_MISMATCH";
    case ErrorCode::kInvalidVector: return "INVALID_VECTOR";
    case ErrorCode::kInvalidId: return "INVALID_ID";
    case ErrorCode::kDuplicateId: return "DUPLICATE_ID";
    case ErrorCode::kClosed: return "CLOSED";
    case ErrorCode::kAborted: return "ABORTED";
    case ErrorCode::kOutOfMemory: return "OUT_OF_MEMORY";
    case ErrorCode::kIo: return "IO";
    case ErrorCode::kNotFound: return "NOT_FOUND";
    case ErrorCode::kCorrupt: return "CORRUPT";
    case ErrorCode::kUnsupportedFormat: return "UNSUPPORTED_FORMAT";
    case ErrorCode::kLocked: return "LOCKED";
    case ErrorCode::kReadOnly: return "READ_ONLY";
    case ErrorCode::kInternal: return "INTERNAL";
  }
  return "INTERNAL";
}

// The system call that failed, on which file, and the errno it left.
struct FailedCall {
  std::string syscall;
  std::string path;
  int number = 0;
};

// Where damage was found: the byte of the file, and the part of it that the byte is in.
struct DamagedPlace {
  std::string path;
  uint64_t offset = 0;
  std::string section;
};

// `message` says what, expected, got: "row 3 has 96 values; expected 128, the index's dimension".
class Error : public std::exception {
 public:
  Error(ErrorCode code, std::string message)
      : code_(code), message_(std::make_shared<std::string>(std::move(message))) {}

  Error(ErrorCode code, std::string message, FailedCall call) : Error(code, std::move(message)) {
    call_ = std::make_shared<FailedCall>(std::move(call));
  }

  Error(ErrorCode code, std::string message, DamagedPlace place) : Error(code, std::move(message)) {
    place_ = std::make_shared<DamagedPlace>(std::move(place));
  }

  // The same error under another code, in other words.
  Error(ErrorCode code, std::string message, const Error& same) : Error(code, std::move(message)) {
    call_ = same.call_;
    place_ = same.place_;
  }

  ErrorCode code() const { return code_; }
  // Null unless a system call is to blame.
  const FailedCall* call() const { return call_.get(); }
  // Null unless it is known where a file is damaged.
  const DamagedPlace* place() const { return place_.get(); }
  const char* what() const noexcept override { return message_->c_str(); }

 private:
  ErrorCode code_;
  // Shared, all of them: copying an exception must not throw.
  std::shared_ptr<const std::string> message_;
  std::shared_ptr<const FailedCall> call_;
  std::shared_ptr<const DamagedPlace> place_;
};

}  // namespace segvec
