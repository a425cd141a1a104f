#include "base/error.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "base/cancel_token.h"

namespace segvec {
namespace {

TEST_CASE("Error: every code has a name of its own") {
  std::set<std::string> names;
  for (const ErrorCode code : kErrorCodes) names.insert(ErrorCodeName(code));
  CHECK(names.size() == std::size(kErrorCodes));
  CHECK(names.count("OUT_OF_MEMORY") == 1);
}

TEST_CASE("Error: carries its code and message") {
  try {
    throw Error(ErrorCode::kDuplicateId, "row 3");
  } catch (const std::exception& caught) {
    CHECK(std::string(caught.what()) == "row 3");
    CHECK(dynamic_cast<const Error&>(caught).code() == ErrorCode::kDuplicateId);
  }
}

TEST_CASE("Error: names the system call that failed") {
  const Error error(ErrorCode::kIo, "could not write", {"write", "/index/MANIFEST-1", 28});
  REQUIRE(error.call() != nullptr);
  CHECK(error.call()->syscall == "write");
  CHECK(error.call()->path == "/index/MANIFEST-1");
  CHECK(error.call()->number == 28);
  CHECK(Error(ErrorCode::kCorrupt, "").call() == nullptr);
}

TEST_CASE("CancelToken: Check throws once cancelled") {
  CancelToken token;
  CHECK_NOTHROW(token.Check());
  CHECK_FALSE(token.IsCancelled());
  token.Cancel();
  CHECK(token.IsCancelled());
  try {
    token.Check();
    FAIL("Check() returned");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kAborted);
  }
}

}  // namespace
}  // namespace segvec
