// The one exception type of the core, thrown only where input, memory or a file is checked.
#pragma once

#include <exception>
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
  kInternal,
};

inline constexpr ErrorCode kErrorCodes[] = {
    ErrorCode::kInvalidArgument, ErrorCode::kDimensionMismatch, ErrorCode::kInvalidVector,
    ErrorCode::kInvalidId,       ErrorCode::kDuplicateId,       ErrorCode::kClosed,
    ErrorCode::kAborted,         ErrorCode::kOutOfMemory,       ErrorCode::kInternal,
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
    case ErrorCode::kInternal: return "INTERNAL";
  }
  return "INTERNAL";
}

// `message` says what, expected, got: "row 3 has 96 values; expected 128, the index's dimension".
class Error : public std::exception {
 public:
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

  ErrorCode code() const { return code_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  ErrorCode code_;
  std::string message_;
};

}  // namespace segvec
