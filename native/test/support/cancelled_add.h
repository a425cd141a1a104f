// Adds that are cancelled while their rows are linked.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <thread>

#include "support/errors.h"
#include "support/index_of.h"

namespace segvec::testing {

// Adds the rows and cancels once `after` of them are inserted. Returns whether the cancellation came in time.
inline bool AddAndCancel(Index& index, Stage& stage, size_t after) {
  CancelToken cancel;
  std::string code;
  std::thread adder([&] { code = ErrorCodeOf([&] { index.Add(stage, cancel); }); });
  while (stage.inserted_count < after) std::this_thread::sleep_for(std::chrono::microseconds(20));
  cancel.Cancel();
  adder.join();
  if (code != "none") CHECK(code == "ABORTED");
  return code == "ABORTED";
}

inline bool AddAndCancel(Index& index, const Vectors& vectors, uint64_t first_id, size_t after) {
  const auto stage = StageOf(vectors);
  stage->ids = IdRange(first_id, vectors.count());
  return AddAndCancel(index, *stage, after);
}

// On a busy machine an add may be through before its cancellation comes: then `scenario` returns false and is begun anew.
template <class Scenario>
void UntilInTime(Scenario scenario) {
  for (int attempt = 0; attempt < 50; ++attempt) {
    if (scenario()) return;
  }
  FAIL("no add was cancelled in time");
}

}  // namespace segvec::testing
