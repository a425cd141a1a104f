// A request for memory fails while changes are logged: out of memory, the index as it was, and only what was
// acknowledged is there again.
#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "faults/failing_memory.h"
#include "faults/outcome.h"
#include "support/directory_of.h"
#include "support/logged_index.h"
#include "support/memory_env.h"
#include "support/sanitizers.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

constexpr size_t kDimension = 4;
const std::string kPath = "/data";

TEST_CASE("Memory: a change that is logged") {
  const Vectors rows = RandomVectors(20, kDimension, 1);
  IndexOptions options = OptionsFor(kDimension, Metric::kL2);
  options.id_type = IdType::kString;
  size_t failed_count = 0;
  for (const FaultKind kind : {FaultKind::kOnce, FaultKind::kFromThenOn}) {
    int64_t number = 1;
    for (bool has_failed = true; has_failed; number += static_cast<int64_t>(Sized(1, 2, 7))) {
      CAPTURE(number);
      MemoryEnv env;
      LoggedIndex index(env, kPath, GivenOptions::Of(options));
      index.Add(rows.Slice(0, 3), Texts{"a", "b", "c"});
      // Of the two that wait the first fails, or neither does, or both; in the second one's place comes a third.
      const auto make = [&](size_t row, const std::string& id) {
        return index.changes().Make(LogRecordType::kUpsert, LoggedIndex::WithIds(rows.Slice(row, row + 1), Texts{id}),
                                    std::make_shared<CancelToken>());
      };
      const auto first = make(3, "b"), second = make(4, "d");
      index.changes().Announce(first);
      index.changes().Announce(second);
      MemoryFault fault(number, kind);
      const Outcome outcome = OutcomeOf([&] { index.Take(first); });
      has_failed = fault.Stop();
      REQUIRE((outcome == Outcome::kDone || outcome == Outcome::kOutOfMemory));
      if (outcome == Outcome::kDone) REQUIRE(!(has_failed && kind == FaultKind::kFromThenOn));
      failed_count += outcome != Outcome::kDone;
      REQUIRE(index->vector_count() == 3);
      const bool has_second = OutcomeOf([&] { index.Take(second); }) == Outcome::kDone;
      index.Upsert(rows.Slice(5, 6), Texts{"e"});
      const auto vector_of = [&](const LoggedIndex& where, const std::string& text) {
        const auto id = where->string_ids().Find(text);
        return id ? where->Get(*id) : std::nullopt;
      };
      const auto expected = vector_of(index, "b");
      REQUIRE(expected == rows.RowCopy(outcome == Outcome::kDone ? 3 : 1));
      const size_t count = index->vector_count();
      REQUIRE(count == (has_second ? 5 : 4));
      index = {};
      index = LoggedIndex(env, kPath);
      REQUIRE(index->vector_count() == count);
      REQUIRE(vector_of(index, "b") == expected);
      REQUIRE(vector_of(index, "e") == rows.RowCopy(5));
    }
  }
  CHECK(failed_count > 20);
}

}  // namespace
}  // namespace segvec
