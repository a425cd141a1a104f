// How an operation ends while requests for memory fail.
#pragma once

#include <new>

#include "base/error.h"

namespace segvec::testing {

enum class Outcome { kDone, kOutOfMemory, kOther };

// A template, because a std::function asks for memory itself.
template <class Operation>
Outcome OutcomeOf(const Operation& operation) {
  try {
    operation();
    return Outcome::kDone;
  } catch (const Error& error) {
    return error.code() == ErrorCode::kOutOfMemory ? Outcome::kOutOfMemory : Outcome::kOther;
  } catch (const std::bad_alloc&) {
    return Outcome::kOutOfMemory;
  } catch (...) {
    return Outcome::kOther;
  }
}

}  // namespace segvec::testing
