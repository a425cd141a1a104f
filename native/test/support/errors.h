// What a call throws, as a value that tests can compare.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"

namespace segvec::testing {

// The segvec error that `body` throws; nothing when it returns. Whatever else it throws goes on.
template <class Body>
std::optional<Error> ErrorOf(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

// The name of the code, such as "OUT_OF_MEMORY"; "none" without an error.
template <class Body>
std::string ErrorCodeOf(Body&& body) {
  const std::optional<Error> error = ErrorOf(body);
  return error ? ErrorCodeName(error->code()) : "none";
}

// Code and message: "DUPLICATE_ID: row 3: ..."; "none" without an error.
template <class Body>
std::string ErrorTextOf(Body&& body) {
  const std::optional<Error> error = ErrorOf(body);
  return error ? std::string(ErrorCodeName(error->code())) + ": " + error->what() : "none";
}

inline bool StartsWith(const std::string& text, const std::string& start) { return text.rfind(start, 0) == 0; }

}  // namespace segvec::testing
