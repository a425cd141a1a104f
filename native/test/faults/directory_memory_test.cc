// A request for memory fails while an index is opened or committed, or made a bundle of: out of memory, the
// index as it was, the old generation or the new one on disk, and all of it works afterwards.
#include <doctest/doctest.h>

#include <optional>

#include "faults/failing_memory.h"
#include "faults/for_requests.h"
#include "faults/outcome.h"
#include "index/index_bundle.h"
#include "index/verify_directory.h"
#include "support/directory_of.h"
#include "support/memory_env.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

constexpr size_t kDimension = 4;
const std::string kPath = "/data";

IndexOptions SmallOptions(IdType id_type) {
  IndexOptions options = OptionsFor(kDimension, Metric::kL2);
  options.M = 4;
  options.ef_construction = 10;
  options.segment_capacity = 1040;  // the first segment has a graph, the second one none
  options.id_type = id_type;
  return options;
}

void AddRows(Index& index, size_t begin, size_t end) {
  const Vectors rows = RandomVectors(end, kDimension, 3).Slice(begin, end);
  if (index.options().id_type != IdType::kString) {
    Add(index, rows, IdRange(begin, end - begin));
    return;
  }
  Texts texts;
  for (size_t i = begin; i < end; ++i)
    texts.push_back("a text of more than a few bytes, " + std::to_string(i));
  Add(index, rows, texts);
}

void RemoveRow(Index& index, uint64_t row) {
  if (index.options().id_type != IdType::kString) {
    Remove(index, Ids{row});
  } else {
    Remove(index, Texts{"a text of more than a few bytes, " + std::to_string(row)});
  }
}

TEST_CASE("Memory: a failed open leaves nothing behind, and opening works afterwards") {
  for (const IdType id_type : {IdType::kNumber, IdType::kString}) {
    MemoryEnv env;
    uint64_t fingerprint = 0;
    {
      OpenIndex open = Open(env, kPath, GivenOptions::Of(SmallOptions(id_type)));
      AddRows(*open.index, 0, 1060);
      RemoveRow(*open.index, 7);
      Commit(open);
      fingerprint = open.index->Fingerprint();
    }
    for (const bool is_read_only : {false, true}) {
      OpenParameters parameters;
      parameters.is_read_only = is_read_only;
      const size_t failed_count = ForRequests([&](int64_t number, FaultKind kind) {
        std::optional<OpenIndex> open;
        MemoryFault fault(number, kind);
        const Outcome outcome = OutcomeOf([&] { open = Open(env, kPath, {}, parameters); });
        const bool has_failed = fault.Stop();
        if (outcome == Outcome::kDone) {
          REQUIRE(open->index->Fingerprint() == fingerprint);
        } else {
          REQUIRE(outcome == Outcome::kOutOfMemory);
        }
        open.reset();
        REQUIRE(Open(env, kPath, {}, parameters).index->vector_count() == 1059);
        return has_failed;
      });
      MESSAGE(failed_count << " requests failed while opening");
    }
  }
}

TEST_CASE("Memory: a failed commit leaves the index as it was, and the next one works") {
  size_t failed_count = 0;
  for (const IdType id_type : {IdType::kNumber, IdType::kString}) {
    failed_count += ForRequests([&](int64_t number, FaultKind kind) {
      MemoryEnv env;
      OpenIndex open = Open(env, kPath, GivenOptions::Of(SmallOptions(id_type)));
      AddRows(*open.index, 0, 20);
      Commit(open);
      const IndexState before(*open.index);
      AddRows(*open.index, 20, 30);
      RemoveRow(*open.index, 3);
      const IndexState after(*open.index);
      MemoryFault fault(number, kind);
      const Outcome outcome = OutcomeOf([&] { Commit(open); });
      const bool has_failed = fault.Stop();
      if (!has_failed) REQUIRE(outcome == Outcome::kDone);
      REQUIRE(outcome != Outcome::kOther);
      REQUIRE(IndexState(*open.index) == after);
      {
        const OpenIndex reader = OpenReader(env, kPath);
        const IndexState found(*reader.index);
        REQUIRE((found == after || (outcome == Outcome::kOutOfMemory && found == before)));
      }
      AddRows(*open.index, 30, 40);
      Commit(open);
      const IndexState last(*open.index);
      open = {};
      REQUIRE(IndexState(*Open(env, kPath).index) == last);
      return has_failed;
    });
  }
  MESSAGE(failed_count << " requests failed while committing");
}

TEST_CASE("Memory: a failed bundle, and a failed verification") {
  const auto index = MakeIndex(SmallOptions(IdType::kString));
  AddRows(*index, 0, 1060);
  const IndexImage image = CaptureAll(*index);
  const Bundle bundle = MakeBundle(index->options(), image, CancelToken());
  std::vector<std::byte> bytes(bundle.size());
  bundle.Read(0, bytes);
  size_t failed_count = ForRequests([&](int64_t number, FaultKind kind) {
    MemoryFault fault(number, kind);
    const Outcome outcome = OutcomeOf([&] { MakeBundle(index->options(), image, CancelToken()); });
    const bool has_failed = fault.Stop();
    // What is only tidied up may fail unnoticed.
    if (!has_failed) REQUIRE(outcome == Outcome::kDone);
    REQUIRE(outcome != Outcome::kOther);
    return has_failed;
  });
  failed_count += ForRequests([&](int64_t number, FaultKind kind) {
    MemoryFault fault(number, kind);
    const Outcome outcome = OutcomeOf([&] { OpenBundle({bytes, nullptr}, {}, {}, CancelToken()); });
    const bool has_failed = fault.Stop();
    REQUIRE(outcome != Outcome::kOther);
    return has_failed;
  });
  MESSAGE(failed_count << " requests failed with a bundle");
  MemoryEnv env;
  IndexDirectory::Save(env, kPath, index->options(), image, CancelToken());
  ForRequests([&](int64_t number, FaultKind kind) {
    VerifyProgress progress;
    std::optional<DirectoryReport> report;
    const std::function<void()> poll = [] {};
    MemoryFault fault(number, kind);
    const Outcome outcome = OutcomeOf([&] {
      report = VerifyDirectory(env, kPath, {2, 5, 10, 1}, 1, progress, poll, CancelToken());
    });
    const bool has_failed = fault.Stop();
    REQUIRE(outcome != Outcome::kOther);
    if (outcome == Outcome::kDone) REQUIRE(report->is_sound());
    return has_failed;
  });
}

}  // namespace
}  // namespace segvec
