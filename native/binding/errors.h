// Native errors as JavaScript errors: the only place where one becomes the other.
#pragma once

#include <napi.h>

#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/error.h"

namespace segvec::binding {

// A plain Error with a `code`; the TypeScript layer makes a SegvecError of it.
inline Napi::Error MakeError(Napi::Env env, ErrorCode code, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, ErrorCodeName(code)));
  return error;
}

inline Napi::Error MakeError(Napi::Env env, const Error& error) {
  Napi::Error made = MakeError(env, error.code(), error.what());
  if (const FailedCall* call = error.call()) {
    made.Set("syscall", Napi::String::New(env, call->syscall));
    made.Set("path", Napi::String::New(env, call->path));
    made.Set("errno", Napi::Number::New(env, call->number));
  }
  if (const DamagedPlace* place = error.place()) {
    made.Set("path", Napi::String::New(env, place->path));
    made.Set("offset", Napi::Number::New(env, static_cast<double>(place->offset)));
    made.Set("section", Napi::String::New(env, place->section));
  }
  return made;
}

// Made when the addon is loaded, and never freed: once memory is out there is none for it. Copying it takes none.
inline const Error& OutOfMemoryError() {
  static const Error* const error = new Error(ErrorCode::kOutOfMemory, "out of memory");
  return *error;
}

inline Error InternalError(const char* what) noexcept {
  try {
    return Error(ErrorCode::kInternal, what);
  } catch (...) {
    return OutOfMemoryError();
  }
}

// The segvec error that an exception of the core or of the standard library stands for.
inline Error Translate(const std::exception_ptr& exception) noexcept {
  try {
    std::rethrow_exception(exception);
  } catch (const Error& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return OutOfMemoryError();
  } catch (const std::length_error&) {
    return OutOfMemoryError();
  } catch (const std::exception& error) {
    return InternalError(error.what());
  } catch (...) {
    return InternalError("unknown error");
  }
}

// Runs the body of an entry point: whatever it throws arrives in JavaScript as an error, never at the process.
template <class Body>
auto Guard(Napi::Env env, Body&& body) -> decltype(body()) {
  try {
    return body();
  } catch (const Napi::Error&) {
    throw;  // already a JavaScript error; node-addon-api hands it on
  } catch (...) {
    throw MakeError(env, Translate(std::current_exception()));
  }
}

}  // namespace segvec::binding
