#include "index/logged_changes.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "base/strand.h"
#include "index/verify_directory.h"
#include "support/directory_of.h"
#include "support/errors.h"
#include "support/fault_env.h"
#include "support/file_repair.h"
#include "support/logged_index.h"
#include "support/memory_env.h"
#include "support/names.h"
#include "support/prove.h"
#include "support/sanitizers.h"
#include "support/small_index.h"
#include "support/temporary_directory.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

constexpr size_t kDimension = kSmallDimension;
const std::string kPath = "/data";

OpenParameters Recovering() {
  OpenParameters parameters;
  parameters.recovers_previous = true;
  return parameters;
}

// What a directory holds to whoever opens it for writing, with a log from then on or without.
State StateIn(Env& env, bool logs_changes = true, OpenParameters parameters = {}) {
  parameters.logs_changes = logs_changes;
  return StateOf(*Open(env, kPath, Given(), parameters).index);
}

std::vector<std::string> LogsIn(Env& env) {
  std::vector<std::string> names = env.List(kPath);
  std::erase_if(names, [](const std::string& name) { return !StartsWith(name, "log-"); });
  return names;
}

TEST_CASE("LoggedChanges: what was acknowledged is there again without a commit, to the last byte") {
  for (const Metric metric : kMetrics) {
    for (const Quantization quantization : kQuantizations) {
      CAPTURE(Name(metric));
      CAPTURE(Name(quantization));
      IndexOptions options = OptionsFor(kDimension, metric, {2, 2});
      options.quantization = quantization;
      options.keep_vectors = quantization == Quantization::kNone || metric != Metric::kL2;
      options.segment_capacity = 1500;
      MemoryEnv env;
      const Vectors rows = RandomVectors(Sized(3000, 2200), kDimension, 3);
      LoggedIndex index(env, kPath, GivenOptions::Of(options));
      CHECK(index.Add(rows.Slice(0, 700)).front() == 0);
      index.Remove(Ids{0, 5, 600});
      index.Commit();
      index.Add(rows.Slice(700, 2000));
      index.Upsert(rows.Slice(0, 3), Ids{7, 5000, 701});
      CHECK(index.Remove(Ids{8, 8, 9, 4000}) == 2);
      index.Add(rows.Slice(2000, rows.count()));
      const State state = StateOf(*index);
      index = {};
      OpenParameters parameters;
      parameters.threads = 2;
      for (const bool logs_changes : {true, false}) {
        parameters.logs_changes = logs_changes;
        CHECK(StateOf(*Open(env, kPath, {}, parameters).index) == state);
      }
      index = LoggedIndex(env, kPath, {}, parameters);
      CHECK(index.Add(rows.Slice(0, 1)).front() == 5001 + rows.count() - 2000);
    }
  }
}

TEST_CASE("LoggedChanges: string ids, and ids that the index makes up, are the same again") {
  MemoryEnv env;
  IndexOptions options = SmallOptions();
  options.id_type = IdType::kString;
  const Vectors rows = RandomVectors(40, kDimension, 3);
  LoggedIndex index(env, kPath, GivenOptions::Of(options));
  index.Add(rows.Slice(0, 3), Texts{"1", "", "größer"});
  index.Add(rows.Slice(3, 6));  // 0, 2 and 3
  index.Commit();
  index.Remove(Texts{"1", "nowhere"});
  index.Add(rows.Slice(6, 8));
  index.Upsert(rows.Slice(8, 10), Texts{"1", "größer"});
  const auto vector_of = [&](const std::string& text) { return index->Get(*index->string_ids().Find(text)); };
  std::map<std::string, std::optional<std::vector<float>>> expected;
  for (const char* text : {"0", "1", "2", "3", "4", "5", "", "größer"}) expected[text] = vector_of(text);
  index = {};
  index = LoggedIndex(env, kPath, {});
  CHECK(index->vector_count() == expected.size());
  for (const auto& [text, vector] : expected) {
    CHECK(vector.has_value());
    CHECK(vector_of(text) == vector);
  }
  CHECK(vector_of("größer") == rows.RowCopy(9));
  CHECK(ErrorCodeOf([&] { index.Add(rows.Slice(0, 1), Texts{"5"}); }) == "DUPLICATE_ID");
  index.Add(rows.Slice(0, 1));
  CHECK(index->string_ids().Find("6").has_value());
}

TEST_CASE("LoggedChanges: without a log from now on, the old one stays until a commit") {
  MemoryEnv env;
  const Vectors rows = RandomVectors(40, kDimension, 3);
  LoggedIndex index(env, kPath, Given());
  index.Add(rows.Slice(0, 10));
  const State logged = StateOf(*index);
  CHECK(index.directory().log_bytes() == 512 * 2);
  index = {};
  OpenIndex plain = Open(env, kPath);
  CHECK(plain.directory->log_bytes() == 512 * 2);
  Add(*plain.index, rows.Slice(10, 20));
  plain = {};
  plain = Open(env, kPath);
  CHECK(StateOf(*plain.index) == logged);
  CHECK(LogsIn(env) == std::vector<std::string>{"log-1-1"});
  Add(*plain.index, rows.Slice(10, 20));
  const State committed = StateOf(*plain.index);
  Commit(plain);
  CHECK(plain.directory->log_bytes() == 0);
  plain = {};
  CHECK(StateIn(env) == committed);
  // Changes that were not logged lie between the old log and the new one.
  index = LoggedIndex(env, kPath);
  index.Add(rows.Slice(20, 30));
  const State last = StateOf(*index);
  index = {};
  CHECK(StateIn(env) == last);
  CHECK(LogsIn(env) == std::vector<std::string>{"log-1-1", "log-2-2"});
}

TEST_CASE("LoggedChanges: a log is kept for as long as one of the last two generations needs it") {
  MemoryEnv env;
  const Vectors rows = RandomVectors(40, kDimension, 3);
  LoggedIndex index(env, kPath, Given());
  for (size_t i = 0; i < 4; ++i) {
    index.Add(rows.Slice(i * 4, i * 4 + 2));
    index.Add(rows.Slice(i * 4 + 2, i * 4 + 4));
    index.Commit();
  }
  CHECK(LogsIn(env) == std::vector<std::string>{"log-4-4"});
  index.Add(rows.Slice(20, 21));
  CHECK(LogsIn(env) == std::vector<std::string>{"log-4-4", "log-5-5"});
  CHECK(index.directory().log_bytes() == 1024);
  const State state = StateOf(*index);
  index = {};
  CHECK(StateIn(env) == state);
}

TEST_CASE("LoggedChanges: a copy elsewhere begins a log of its own") {
  MemoryEnv env;
  const Vectors rows = RandomVectors(40, kDimension, 3);
  LoggedIndex index(env, kPath, Given());
  index.Add(rows.Slice(0, 10));
  index.Commit();
  index.Add(rows.Slice(10, 20));
  IndexDirectory::Save(env, "/copy", index->options(), CaptureAll(*index), CancelToken());
  LoggedIndex copy(env, "/copy");
  CHECK(copy->change_count() == 0);
  copy.Add(rows.Slice(20, 30));
  const State state = StateOf(*copy);
  copy = {};
  CHECK(env.Exists("/copy/log-1-1"));
  copy = LoggedIndex(env, "/copy");
  CHECK(StateOf(*copy) == state);
  index = {};
  CHECK(StateIn(env).vector_count == 20);
}

TEST_CASE("LoggedChanges: readers see what was committed") {
  MemoryEnv env;
  const Vectors rows = RandomVectors(40, kDimension, 3);
  LoggedIndex index(env, kPath, Given());
  index.Add(rows.Slice(0, 10));
  OpenIndex reader = OpenReader(env, kPath);
  CHECK(reader.index->vector_count() == 0);
  CHECK(reader.directory->log_bytes() == 0);
  CHECK(reader.directory->LoadNewer(CancelToken()) == nullptr);
  index.Commit();
  CHECK(reader.directory->LoadNewer(CancelToken())->vector_count() == 10);
}

TEST_CASE("LoggedChanges: changes that wait share a sync") {
  MemoryEnv env;
  const Vectors rows = RandomVectors(100, kDimension, 3);
  LoggedIndex index(env, kPath, Given());
  auto waiting = index.AnnounceEach(rows);
  index.Take(waiting[0]);
  const size_t after_first = env.change_count();
  CHECK(index->vector_count() == 1);
  for (size_t i = 1; i < 100; ++i) index.Take(waiting[i]);
  CHECK(env.change_count() == after_first);
  CHECK(index->vector_count() == 100);
  const State state = StateOf(*index);
  waiting.clear();
  index = {};
  CHECK(StateIn(env) == state);
}

TEST_CASE("LoggedChanges: what fails is not there again, and what came after it is") {
  MemoryEnv env;
  const Vectors rows = RandomVectors(40, kDimension, 3);
  LoggedIndex index(env, kPath, Given());
  index.Add(rows.Slice(0, 10));
  CHECK(ErrorCodeOf([&] { index.Add(rows.Slice(10, 12), Ids{20, 3}); }) == "DUPLICATE_ID");
  Vectors bad = rows.Slice(10, 11);
  bad.values[3] = NAN;
  const uint64_t bytes = index.directory().log_bytes();
  CHECK(ErrorCodeOf([&] { index.Add(bad, Ids{30}); }) == "INVALID_VECTOR");
  const auto cancelled = std::make_shared<CancelToken>();
  cancelled->Cancel();
  CHECK(ErrorCodeOf([&] { index.Do(LogRecordType::kAdd, StageOf(rows), cancelled); }) == "ABORTED");
  CHECK(index.directory().log_bytes() == bytes);

  // Logged, and aborted before its turn: its id goes to another row.
  const auto aborted = std::make_shared<CancelToken>();
  const auto first = index.changes().Make(LogRecordType::kAdd, StageOf(rows.Slice(11, 12)), std::make_shared<CancelToken>());
  const auto second = index.changes().Make(LogRecordType::kAdd, LoggedIndex::WithIds(rows.Slice(12, 13), Ids{50}), aborted);
  const auto third = index.changes().Make(LogRecordType::kAdd, LoggedIndex::WithIds(rows.Slice(13, 14), Ids{50}),
                                          std::make_shared<CancelToken>());
  for (const auto& change : {first, second, third}) index.changes().Announce(change);
  index.Take(first);
  aborted->Cancel();
  SUBCASE("in its turn") { CHECK(ErrorCodeOf([&] { index.Take(second); }) == "ABORTED"); }
  SUBCASE("its turn is passed over") { index.changes().Conclude(second); }
  index.Take(third);
  CHECK(index->Get(50) == rows.RowCopy(13));
  const size_t count = index->vector_count();
  CHECK(index.Add(rows.Slice(14, 15)) == Ids{51});
  index = {};
  index = LoggedIndex(env, kPath);
  CHECK(index->vector_count() == count + 1);
  CHECK(index->Get(50) == rows.RowCopy(13));
  CHECK(!index->Has(20));
  CHECK(index.Add(rows.Slice(15, 16)) == Ids{52});
}

TEST_CASE("LoggedChanges: a change that was aborted while it waited is not logged") {
  MemoryEnv env;
  const Vectors rows = RandomVectors(4, kDimension, 3);
  LoggedIndex index(env, kPath, Given());
  const auto cancel = std::make_shared<CancelToken>();
  const auto change = index.changes().Make(LogRecordType::kAdd, StageOf(rows), cancel);
  index.changes().Announce(change);
  index.changes().Conclude(change);
  index.changes().Announce(change);  // too late
  CHECK(LogsIn(env).empty());
  index.Add(rows);
  CHECK(index->vector_count() == 4);
}

TEST_CASE("LoggedChanges: nothing to do is nothing to log") {
  MemoryEnv env;
  LoggedIndex index(env, kPath, Given());
  CHECK(index.Remove(Ids{}) == 0);
  CHECK(index.Add(Vectors{kDimension, {}}).empty());
  CHECK(LogsIn(env).empty());
}

TEST_CASE("LoggedChanges: logging ahead, turns, commits and searches beside each other") {
  MemoryEnv env;
  const Vectors rows = RandomVectors(Sized(1200, 400), kDimension, 3);
  OpenParameters parameters;
  parameters.threads = 3;
  LoggedIndex index(env, kPath, Given(), parameters);
  const auto writer = std::make_shared<Strand>();
  std::atomic<size_t> pending{0}, failed_count{0};
  size_t expected = 0;
  for (size_t i = 0; i < rows.count(); ++i) {
    const bool is_duplicate = i % 50 == 49, is_aborted = i % 70 == 69;
    const auto cancel = std::make_shared<CancelToken>();
    const auto change = index.changes().Make(
        LogRecordType::kAdd, LoggedIndex::WithIds(rows.Slice(i, i + 1), Ids{is_duplicate ? i - 1 : i}), cancel);
    expected += !is_duplicate && !is_aborted;
    ++pending;
    writer->Post([&, change, cancel, is_aborted] {
      if (is_aborted) cancel->Cancel();
      failed_count += ErrorOf([&] { index.Take(change); }).has_value();
      --pending;
    });
    index.changes().Announce(change);
    if (i % 100 == 99) {
      ++pending;
      writer->Post([&] {
        index.Commit();
        --pending;
      });
    }
    if (i % 40 == 0) ExactSearch(*index, rows.row(0), 3);
  }
  while (pending > 0) std::this_thread::yield();
  CHECK(failed_count == rows.count() - expected);
  CHECK(index->vector_count() == expected);
  const std::vector<std::vector<float>> sample{*index->Get(0), *index->Get(rows.count() - 3)};
  index = {};
  index = LoggedIndex(env, kPath);
  CHECK(index->vector_count() == expected);
  CHECK(index->Get(rows.count() - 3) == sample[1]);
}

TEST_CASE("LoggedChanges: a large change may be aborted while it is logged") {
  MemoryEnv env;
  LoggedIndex index(env, kPath, Given());
  index.Add(RandomVectors(10, kDimension, 3));
  const auto cancel = std::make_shared<CancelToken>();
  const auto change =
      index.changes().Make(LogRecordType::kAdd, StageOf(RandomVectors(Sized(400000, 100000), kDimension, 4)), cancel);
  std::thread canceller([&] {
    while (env.change_count() < 20) std::this_thread::yield();
    cancel->Cancel();
  });
  CHECK(ErrorCodeOf([&] { index.Take(change); }) == "ABORTED");
  canceller.join();
  index.Add(RandomVectors(10, kDimension, 5));
  const State state = StateOf(*index);
  index = {};
  CHECK(StateIn(env).vector_count == state.vector_count);
}

// Changes of every kind, some of which fail by nature, with commits between them.
struct Step {
  const char* name;
  void (*run)(const LoggedIndex&, const Vectors&);
};
const Step kSteps[] = {
    {"add", [](const LoggedIndex& index, const Vectors& rows) { index.Add(rows.Slice(0, 8)); }},
    {"remove", [](const LoggedIndex& index, const Vectors&) { index.Remove(Ids{1, 4}); }},
    {"commit", [](const LoggedIndex& index, const Vectors&) { index.Commit(); }},
    {"upsert", [](const LoggedIndex& index, const Vectors& rows) { index.Upsert(rows.Slice(8, 12), Ids{1, 2, 30, 31}); }},
    {"large", [](const LoggedIndex& index, const Vectors& rows) { index.Add(rows.Slice(12, 40)); }},
    {"commit", [](const LoggedIndex& index, const Vectors&) { index.Commit(); }},
    {"remove", [](const LoggedIndex& index, const Vectors&) { index.Remove(Ids{2}); }},
    {"add", [](const LoggedIndex& index, const Vectors& rows) { index.Add(rows.Slice(3, 4)); }},
};

TEST_CASE("LoggedChanges: after a power failure every acknowledged change is there, and at most the one under way") {
  MemoryEnv env;
  const Vectors rows = RandomVectors(40, kDimension, 3);
  struct Moment {
    size_t change_count;  // when the change was acknowledged
    State state;
  };
  std::vector<Moment> moments{{0, {}}};
  LoggedIndex index(env, kPath, Given());
  for (const Step& step : kSteps) {
    step.run(index, rows);
    moments.push_back({env.change_count(), StateOf(*index)});
  }
  index = {};
  using Bytes = PowerLoss::Bytes;
  using Names = PowerLoss::Names;
  size_t acknowledged = 0, opened_count = 0, newer_count = 0;
  for (size_t change_count = 0; change_count <= env.change_count(); ++change_count) {
    while (acknowledged + 1 < moments.size() && moments[acknowledged + 1].change_count <= change_count) ++acknowledged;
    for (const Bytes bytes : {Bytes::kKept, Bytes::kDropped, Bytes::kTorn, Bytes::kZeroed}) {
      for (const Names names : {Names::kKept, Names::kLost, Names::kMixed}) {
        const bool is_random = names == Names::kMixed || bytes == Bytes::kTorn;
        for (uint64_t seed = 0; seed < (is_random ? Sized(6, 1) * ProveScale() : 1); ++seed) {
          CAPTURE(change_count);
          CAPTURE(static_cast<int>(bytes));
          CAPTURE(static_cast<int>(names));
          CAPTURE(seed);
          const auto left = env.After(change_count, {bytes, names, (ProveSeed() * 1000 + change_count) * 1000 + seed});
          LoggedIndex found(*left, kPath, Given());
          const State state = StateOf(*found);
          const bool is_newer = acknowledged + 1 < moments.size() && state == moments[acknowledged + 1].state &&
                                !(state == moments[acknowledged].state);
          REQUIRE((state == moments[acknowledged].state || is_newer));
          newer_count += is_newer;
          // And it goes on from there, through another crash.
          found.Add(rows.Slice(0, 1));
          const State next = StateOf(*found);
          found = {};
          REQUIRE(StateIn(*left, seed % 2 == 0) == next);
          ++opened_count;
        }
      }
    }
  }
  CHECK(opened_count > 1000 / (kIsSanitized ? 4 : 1));
  MESSAGE(env.change_count() << " moments of power loss");
  MESSAGE(opened_count << " states left by one opened");
  CHECK(newer_count > 0);
}

TEST_CASE("LoggedChanges: what a killed writer had not synced is safe before anything is built on it") {
  const Vectors rows = RandomVectors(10, kDimension, 3);
  for (const bool has_committed : {false, true}) {
    CAPTURE(has_committed);
    MemoryEnv env;
    State written;
    {
      FaultEnv killed(env);
      LoggedIndex index(killed, kPath, Given());
      if (has_committed) index.Commit();
      index.Add(rows.Slice(0, 2));
      // Killed between the write and its sync: the change is in the file, and nothing comes after it.
      bool is_dead = false;
      killed.BeforeEach([&](std::string_view syscall, const std::string& path) {
        is_dead = is_dead || (syscall == "fsync" && path.find("/log-") != std::string::npos);
        if (is_dead) throw SystemCallError("fsync", path, EIO);
      });
      CHECK(ErrorCodeOf([&] { index.Add(rows.Slice(2, 5)); }) == "IO");
      index = {};
    }
    LoggedIndex next(env, kPath, Given());
    CHECK(next->vector_count() == 5);
    next.Add(rows.Slice(5, 6));
    written = StateOf(*next);
    next = {};
    for (const PowerLoss::Bytes bytes : {PowerLoss::Bytes::kKept, PowerLoss::Bytes::kDropped, PowerLoss::Bytes::kZeroed}) {
      for (const PowerLoss::Names names : {PowerLoss::Names::kKept, PowerLoss::Names::kLost}) {
        CAPTURE(static_cast<int>(bytes));
        CAPTURE(static_cast<int>(names));
        const auto left = env.After(env.change_count(), {bytes, names, 1});
        CHECK(StateIn(*left) == written);
      }
    }
  }
}

TEST_CASE(
    "LoggedChanges: whatever call fails, the change is not visible, the next one works, and only what was "
    "acknowledged is there again") {
  using Fault = FaultEnv::Fault;
  size_t failed_count = 0;
  for (const Fault fault : {Fault::kOnce, Fault::kFromThen, Fault::kAfterwards}) {
    for (size_t round = 0;; ++round) {
      const size_t call = round / 3, ending = round % 3;
      CAPTURE(static_cast<int>(fault));
      CAPTURE(call);
      CAPTURE(ending);
      MemoryEnv memory;
      FaultEnv env(memory);
      const Vectors rows = RandomVectors(40, kDimension, 3);
      LoggedIndex index(env, kPath, Given());
      const size_t first_call = env.call_count();
      env.FailAt(call, fault, ENOSPC);
      State state = StateOf(*index);
      bool has_failed = false, last_has_failed = false;
      for (const Step& step : kSteps) {
        const auto error = ErrorOf([&] { step.run(index, rows); });
        last_has_failed = error.has_value();
        if (error) {
          has_failed = true;
          // A change that needs one that failed may fail by nature.
          if (error->code() != ErrorCode::kDuplicateId) {
            REQUIRE(error->code() == ErrorCode::kIo);
            REQUIRE(error->call() != nullptr);
            REQUIRE(error->call()->number == ENOSPC);
            REQUIRE(StartsWith(error->call()->path, kPath));
          }
          REQUIRE(StateOf(*index) == state);
          REQUIRE(ExactSearch(*index, rows.row(0), 50).size() == state.vector_count);
        }
        state = StateOf(*index);
      }
      failed_count += has_failed;
      const bool was_reached = env.call_count() - first_call > call;
      env.Heal();
      // It goes on, or is committed, or ends there.
      if (ending == 0) {
        index.Add(rows.Slice(30, 31));
        state = StateOf(*index);
        index = {};
        REQUIRE(StateIn(memory) == state);
      } else if (ending == 1) {
        index.Commit();
        index = {};
        REQUIRE(StateIn(memory, false) == state);
      } else {
        index = {};
        // A change whose sync failed may have come through after all, if nothing could be written after it.
        const State found = StateIn(memory);
        if (!last_has_failed || fault == Fault::kOnce) REQUIRE(found == state);
      }
      if (!was_reached) break;
    }
  }
  CHECK(failed_count > 20);
  MESSAGE(failed_count << " runs of logged changes failed");
}

TEST_CASE("LoggedChanges: what is logged after a generation was passed over stays when that one can be read again") {
  MemoryEnv env;
  const Vectors rows = RandomVectors(6, kDimension, 3);
  {
    const LoggedIndex index(env, kPath, Given());
    index.Add(rows.Slice(0, 1));
    index.Commit();
  }
  {
    OpenIndex open = Open(env, kPath);
    Add(*open.index, rows.Slice(1, 2));  // nothing has it but the generation
    Commit(open);
  }
  std::byte& damaged = env.bytes(kPath + "/MANIFEST-3")[200];
  damaged ^= std::byte{1};
  {
    const LoggedIndex index(env, kPath, {}, Recovering());
    CHECK(index.directory().dropped().size() == 1);
    CHECK(index.directory().generation() == 4);
    index.Add(rows.Slice(2, 3), Ids{77});
    index.Add(rows.Slice(3, 4), Ids{78});
  }
  damaged ^= std::byte{1};
  const OpenIndex open = Open(env, kPath);
  CHECK(open.index->vector_count() == 3);
  CHECK(open.index->Get(77) == rows.RowCopy(2));
  CHECK(open.index->Get(78) == rows.RowCopy(3));
}

TEST_CASE("LoggedChanges: a cancel that cannot be logged holds up what comes after it") {
  MemoryEnv memory;
  FaultEnv env(memory);
  const Vectors rows = RandomVectors(40, kDimension, 3);
  LoggedIndex index(env, kPath, Given());
  const auto aborted = std::make_shared<CancelToken>();
  const auto make = [&](size_t row, std::shared_ptr<CancelToken> cancel) {
    const auto change = index.changes().Make(LogRecordType::kAdd,
                                             LoggedIndex::WithIds(rows.Slice(row, row + 1), Ids{7}), std::move(cancel));
    index.changes().Announce(change);
    return change;
  };
  const auto zeroth = index.changes().Make(LogRecordType::kAdd, StageOf(rows.Slice(0, 1)), std::make_shared<CancelToken>());
  index.changes().Announce(zeroth);
  const auto first = make(1, aborted), second = make(2, std::make_shared<CancelToken>());
  index.Take(zeroth);
  aborted->Cancel();
  env.FailAt(0, FaultEnv::Fault::kFromThen, EIO);
  CHECK(ErrorCodeOf([&] { index.changes().Perform(first); }) == "ABORTED");
  // Whoever asked for it is told that it may be there again.
  const std::exception_ptr failure = index.changes().Conclude(first);
  REQUIRE(failure != nullptr);
  CHECK(ErrorCodeOf([&] { std::rethrow_exception(failure); }) == "IO");
  // It is in the log already, but were it acknowledged, the one before it would be in its place after a crash.
  CHECK(ErrorCodeOf([&] { index.Take(second); }) == "IO");
  CHECK(index->vector_count() == 1);
  CHECK(ErrorCodeOf([&] { index.Take(make(3, std::make_shared<CancelToken>())); }) == "IO");
  env.Heal();
  index.Take(make(4, std::make_shared<CancelToken>()));
  CHECK(index->Get(7) == rows.RowCopy(4));
  index = {};
  index = LoggedIndex(memory, kPath);
  CHECK(index->vector_count() == 2);
  CHECK(index->Get(7) == rows.RowCopy(4));
}

TEST_CASE("LoggedChanges: whatever call of opening with a log fails, it is an error, and opening works afterwards") {
  using Fault = FaultEnv::Fault;
  MemoryEnv original;
  {
    const LoggedIndex index(original, kPath, Given());
    for (const Step& step : kSteps) step.run(index, RandomVectors(40, kDimension, 3));
  }
  const State state = StateIn(original);
  for (const Fault fault : {Fault::kOnce, Fault::kFromThen, Fault::kAfterwards}) {
    for (size_t call = 0;; ++call) {
      CAPTURE(call);
      const auto memory = original.After(original.change_count(), {PowerLoss::Bytes::kKept, PowerLoss::Names::kKept, 1});
      FaultEnv env(*memory);
      env.FailAt(call, fault);
      std::optional<State> found;
      const auto error = ErrorOf([&] { found.emplace(StateIn(env)); });
      REQUIRE(found.has_value() != error.has_value());
      if (found) REQUIRE(*found == state);
      const bool was_reached = env.call_count() > call;
      env.Heal();
      if (error) REQUIRE(error->code() == ErrorCode::kIo);
      REQUIRE(StateIn(env) == state);
      if (!was_reached) break;
    }
  }
}

// A directory with two generations and changes after each, and what it holds after each change.
struct Damageable {
  MemoryEnv env;
  std::vector<State> states;

  Damageable() {
    const LoggedIndex index(env, kPath, Given());
    const Vectors rows = RandomVectors(40, kDimension, 3);
    for (size_t i = 0; i < 6; ++i) {
      index.Add(rows.Slice(i * 3, i * 3 + 3));
      states.push_back(StateOf(*index));
      if (i == 1 || i == 3) index.Commit();
    }
  }
};

TEST_CASE("LoggedChanges: every single bit of a log that is needed is damage, and so is a log that is missing") {
  Damageable data;
  REQUIRE(LogsIn(data.env) == std::vector<std::string>{"log-2-2", "log-3-3"});
  CHECK(StateIn(data.env) == data.states.back());
  auto& bytes = data.env.bytes(kPath + "/log-3-3");
  const auto original = bytes;
  size_t bit_count = 0;
  for (size_t bit = 0; bit < bytes.size() * 8; bit += StepFor(Sized(11, 101))) {
    ++bit_count;
    bytes[bit / 8] ^= std::byte{1} << bit % 8;
    const std::string error = ErrorTextOf([&] { Open(data.env, kPath); });
    if (!StartsWith(error, "CORRUPT: /data/log-3-3, offset ")) FAIL_CHECK("bit " << bit << ": " << error);
    bytes[bit / 8] = original[bit / 8];
  }
  MESSAGE(bit_count << " bits flipped");
  // The other belongs to the generation before; this one does not need it.
  data.env.bytes(kPath + "/log-2-2")[700] ^= std::byte{1};
  CHECK(StateIn(data.env) == data.states.back());
}

TEST_CASE("LoggedChanges: a verification names the log that is damaged, and the generation that needs it") {
  for (const uint64_t generation : {2, 3}) {
    CAPTURE(generation);
    Damageable data;
    const std::string name = "log-" + std::to_string(generation) + "-" + std::to_string(generation);
    data.env.bytes(kPath + "/" + name)[1100] ^= std::byte{1};
    VerifyProgress progress;
    const auto report = VerifyDirectory(data.env, kPath, {}, 1, progress, [] {}, CancelToken());
    CHECK_FALSE(report.is_sound());
    for (const FileReport& file : report.files) {
      CHECK((file.state == FileReport::State::kDamaged) == (file.name == name));
      CHECK(file.error.has_value() == (file.name == name));
    }
    for (const GenerationReport& other : report.generations) {
      CHECK(other.error.has_value() == (other.generation == generation));
    }
  }
}

// A log that somebody made up, of changes behind the newest generation of a small index.
void ForgeLog(MemoryEnv& env, IdType id_type, const std::vector<LogRecord>& records, Metric metric = Metric::kL2) {
  GivenOptions given = Given();
  given.metric = metric;
  given.id_type = id_type;
  LoggedIndex index(env, kPath, given);
  const Vectors rows = RandomVectors(3, kDimension, 1);
  if (id_type == IdType::kString) {
    index.Add(rows, Texts{"a", "b", "c"});
  } else {
    index.Add(rows, Ids{1, 2, 3});
  }
  index.Commit();
  const uint64_t generation = index.directory().generation();
  index = {};
  const Manifest manifest = Store(env, kPath, Store::Access::kRead).Read(generation);
  LogFileWriter writer(env.Create(kPath + "/log-9-" + std::to_string(generation)),
                       {{manifest.identity.uuid, generation}, 9, manifest.change_count + 1, 0, 0});
  writer.Write(manifest.change_count + 1, records, {});
  writer.Sync();
}

std::string ErrorOfReplaying(IdType id_type, const std::vector<LogRecord>& records, size_t* vector_count = nullptr) {
  MemoryEnv env;
  ForgeLog(env, id_type, records);
  return ErrorTextOf([&] {
    const OpenIndex open = Open(env, kPath);
    if (vector_count != nullptr) *vector_count = open.index->vector_count();
  });
}

TEST_CASE("LoggedChanges: a log of changes that the index cannot have is damage") {
  const Vectors row = RandomVectors(1, kDimension, 2);
  const std::vector<float> wrong(kDimension, std::numeric_limits<float>::quiet_NaN());
  const Ids small{7}, large{~uint64_t{0}};
  const Texts text{"text"};
  const auto add = [](const Ids& ids, const Texts& texts, const std::vector<float>& values) {
    return std::vector<LogRecord>{{LogRecordType::kAdd, 1, ids, texts, values}};
  };
  const std::string ids_wrong = "CORRUPT: the log, change 2: ids that the index's id type does not have (recover: "
                                "'previous' opens the index without this change and those after it)";
  CHECK(ErrorOfReplaying(IdType::kNumber, add(small, {}, row.values)) == "none");
  CHECK(ErrorOfReplaying(IdType::kNumber, add(large, {}, row.values)) == ids_wrong);
  CHECK(ErrorOfReplaying(IdType::kNumber, add({}, text, row.values)) == ids_wrong);
  CHECK(ErrorOfReplaying(IdType::kBigint, add(large, {}, row.values)) == "none");
  CHECK(ErrorOfReplaying(IdType::kBigint, add({}, text, row.values)) == ids_wrong);
  CHECK(ErrorOfReplaying(IdType::kString, add({}, text, row.values)) == "none");
  CHECK(ErrorOfReplaying(IdType::kString, add(small, {}, row.values)) == ids_wrong);
  CHECK(StartsWith(ErrorOfReplaying(IdType::kNumber, add(small, {}, wrong)), "CORRUPT: the log, change 2: "));
}

TEST_CASE("LoggedChanges: what the index cannot have is found by a verification, and passed over on request") {
  const std::vector<float> wrong(kDimension, std::numeric_limits<float>::infinity());
  MemoryEnv env;
  ForgeLog(env, IdType::kNumber, {{LogRecordType::kAdd, 1, {}, {}, wrong}});
  VerifyProgress progress;
  const auto report = VerifyDirectory(env, kPath, {}, 1, progress, [] {}, CancelToken());
  CHECK_FALSE(report.is_sound());
  CHECK(report.generations[0].error.has_value());
  FaultEnv wanting(env);
  wanting.BeforeEach([](std::string_view syscall, const std::string& path) {
    if (syscall == "open" && path.find("/log-9-") != std::string::npos) throw SystemCallError("open", path, EMFILE);
  });
  CHECK(ErrorCodeOf([&] { Open(wanting, kPath, {}, Recovering()); }) == "IO");
  const OpenIndex open = Open(env, kPath, {}, Recovering());
  CHECK(open.index->vector_count() == 3);
  REQUIRE(open.directory->dropped().size() == 1);
  CHECK(open.directory->dropped()[0].reason == "the log, change 2: a vector that cannot be stored");
}

TEST_CASE("LoggedChanges: a logged vector without a direction is damage under cosine") {
  MemoryEnv env;
  ForgeLog(env, IdType::kNumber, {{LogRecordType::kAdd, 1, {}, {}, std::vector<float>(kDimension)}}, Metric::kCosine);
  CHECK(StartsWith(ErrorTextOf([&] { Open(env, kPath); }), "CORRUPT: the log, change 2: a vector that cannot be stored"));
}

TEST_CASE("LoggedChanges: a change that could not be made then cannot be made now, and is passed over") {
  const Vectors row = RandomVectors(1, kDimension, 2);
  const Ids known{2}, last{kMaxNumberId}, other{9};
  size_t vector_count = 0;
  const std::vector<LogRecord> records{{LogRecordType::kAdd, 1, known, {}, row.values},
                                       {LogRecordType::kAdd, 1, last, {}, row.values},
                                       {LogRecordType::kAdd, 1, {}, {}, row.values},  // no id is left
                                       {LogRecordType::kAdd, 1, other, {}, row.values}};
  CHECK(ErrorOfReplaying(IdType::kNumber, records, &vector_count) == "none");
  CHECK(vector_count == 5);
}

TEST_CASE("LoggedChanges: no number is left for another log file") {
  Damageable data;
  for (const std::string name : {"/log-4294967295-3", "/log-2147483647-3"}) {
    data.env.Create(kPath + name);
    CHECK(StartsWith(ErrorTextOf([&] { Open(data.env, kPath); }),
                     "CORRUPT: /data has a log file after which no number is left"));
    data.env.Remove(kPath + name);
  }
  CHECK(StateIn(data.env) == data.states.back());
  // The last number that opens: a change would take it, and leave none to a generation.
  data.env.Create(kPath + "/log-2147483646-3");
  LoggedIndex index(data.env, kPath);
  CHECK(StartsWith(ErrorTextOf([&] { index.Add(RandomVectors(1, kDimension, 3)); }),
                   "CORRUPT: /data has a log file after which no number is left"));
  CHECK(StateOf(*index) == data.states.back());
  index.Commit();
  index = {};
  CHECK(StateIn(data.env) == data.states.back());
}

TEST_CASE("LoggedChanges: on request a damaged log counts as far as it is sound") {
  Damageable data;
  data.env.bytes(kPath + "/log-3-3")[1100] ^= std::byte{1};  // the second of two changes
  const std::string error = ErrorTextOf([&] { Open(data.env, kPath); });
  CHECK(StartsWith(error, "CORRUPT: /data/log-3-3, offset 1024"));
  CHECK(error.find("recover: 'previous'") != std::string::npos);
  for (const bool logs_changes : {false, true}) {
    CHECK(StateIn(data.env, logs_changes, Recovering()) == data.states[4]);
  }
  LoggedIndex index(data.env, kPath, {}, Recovering());
  REQUIRE(index.directory().dropped().size() == 1);
  CHECK(index.directory().dropped()[0].generation == 3);
  CHECK(StartsWith(index.directory().dropped()[0].reason, "/data/log-3-3, offset 1024"));
  index.Add(RandomVectors(2, kDimension, 8));
  const State state = StateOf(*index);
  // From the first change on, what was passed over is gone for good.
  index = {};
  CHECK(StateIn(data.env) == state);
  index = LoggedIndex(data.env, kPath);
  CHECK(index.directory().dropped().empty());
  index.Commit();
  index = {};
  CHECK(StateIn(data.env) == state);
}

TEST_CASE("LoggedChanges: a damaged generation costs nothing, as the one before it and the log are still there") {
  Damageable data;
  data.env.bytes(kPath + "/MANIFEST-3")[100] ^= std::byte{1};
  CHECK(ErrorCodeOf([&] { Open(data.env, kPath); }) == "CORRUPT");
  LoggedIndex index(data.env, kPath, {}, Recovering());
  CHECK(StateOf(*index) == data.states.back());
  CHECK(index.directory().dropped().size() == 1);
  index.Add(RandomVectors(2, kDimension, 8));
  const State state = StateOf(*index);
  index.Commit();
  index = {};
  CHECK(StateIn(data.env) == state);
}

TEST_CASE("LoggedChanges: so they are after opening a generation that nothing had been logged behind") {
  MemoryEnv env;
  LoggedIndex index(env, kPath, Given());
  index.Add(RandomVectors(20, kDimension, 1));
  index.Commit();
  index.Add(RandomVectors(5, kDimension, 2));
  index.Commit();
  index = {};
  bool goes_on_from_before = true;
  SUBCASE("") {}
  SUBCASE("and a crash left a file of which nothing counts") { env.Create(kPath + "/log-9-3"); }
  SUBCASE("of whose changes the last were not logged") {
    OpenIndex open = Open(env, kPath);
    Add(*open.index, RandomVectors(2, kDimension, 9));
    Commit(open);
    goes_on_from_before = false;
  }
  index = LoggedIndex(env, kPath);
  index.Add(RandomVectors(3, kDimension, 3));
  index.Remove(Ids{7, 21});
  const State state = StateOf(*index);
  const uint64_t generation = index.directory().generation();
  index = {};
  CHECK(StateIn(env) == state);
  VerifyProgress progress;
  const auto report = VerifyDirectory(env, kPath, {}, 1, progress, [] {}, CancelToken());
  CHECK(report.is_sound());
  env.bytes(kPath + "/MANIFEST-" + std::to_string(generation))[100] ^= std::byte{1};
  CHECK((StateIn(env, true, Recovering()) == state) == goes_on_from_before);
}

TEST_CASE("LoggedChanges: a log that continues something else is not replayed") {
  Damageable data;
  SUBCASE("a file in between is missing") {
    data.env.bytes(kPath + "/MANIFEST-3")[100] ^= std::byte{1};
    data.env.Remove(kPath + "/log-2-2");
    CHECK(ErrorCodeOf([&] { StateIn(data.env, false, Recovering()); }) == "none");
    LoggedIndex index(data.env, kPath, {}, Recovering());
    CHECK(StateOf(*index) == data.states[1]);
    REQUIRE(index.directory().dropped().size() == 2);
    CHECK(index.directory().dropped()[1].reason.find("is missing") != std::string::npos);
    index.Add(RandomVectors(2, kDimension, 8));
    const State state = StateOf(*index);
    index = {};
    CHECK(StateIn(data.env, true, Recovering()) == state);
    index = LoggedIndex(data.env, kPath, {}, Recovering());
    index.Commit();
    index = {};
    CHECK(StateIn(data.env) == state);
  }
  SUBCASE("changes in between were not logged") {
    OpenIndex plain = Open(data.env, kPath);
    Add(*plain.index, RandomVectors(2, kDimension, 8));
    Commit(plain);
    Add(*plain.index, RandomVectors(2, kDimension, 9));
    Commit(plain);
    plain = {};
    LoggedIndex index(data.env, kPath);
    index.Add(RandomVectors(2, kDimension, 10));
    const State state = StateOf(*index);
    index = {};
    CHECK(StateIn(data.env) == state);
    data.env.bytes(kPath + "/MANIFEST-5")[100] ^= std::byte{1};
    index = LoggedIndex(data.env, kPath, {}, Recovering());
    CHECK(index->vector_count() == 20);
    CHECK(index.directory().dropped().size() == 2);
    CHECK(index.directory().dropped()[1].reason.find("expected 8 or before") != std::string::npos);
    // Not even when there are as many changes again.
    index = {};
    plain = Open(data.env, kPath, {}, Recovering());
    for (uint64_t i = 0; i < 2; ++i) Add(*plain.index, RandomVectors(1, kDimension, 11 + i));
    const State committed = StateOf(*plain.index);
    Commit(plain);
    plain = {};
    CHECK(StateIn(data.env) == committed);
  }
  SUBCASE("it is another index's") {
    Damageable other;
    data.env.bytes(kPath + "/log-3-3") = other.env.bytes(kPath + "/log-3-3");
    CHECK(ErrorTextOf([&] { Open(data.env, kPath); })
              .starts_with("CORRUPT: /data/log-3-3, offset 24, header: the file belongs to another index"));
  }
  SUBCASE("the one before it has lost its header") {
    data.env.bytes(kPath + "/MANIFEST-3")[100] ^= std::byte{1};
    auto& bytes = data.env.bytes(kPath + "/log-2-2");
    std::fill(bytes.begin(), bytes.end(), std::byte{0});
    LoggedIndex index(data.env, kPath, {}, Recovering());
    CHECK(StateOf(*index) == data.states[1]);
    REQUIRE(index.directory().dropped().size() == 2);
    CHECK(index.directory().dropped()[1].reason == "/data/log-2-2, offset 0, header: it is missing");
  }
  SUBCASE("it cannot be read") {
    FaultEnv env(data.env);
    size_t failed_count = 0;
    for (size_t call = 0, before = 0; env.call_count() >= before + call; ++call) {
      before = env.call_count();
      env.FailAt(call, FaultEnv::Fault::kOnce);
      const std::string error = ErrorCodeOf([&] { Open(env, kPath, {}, Recovering()); });
      // Nor is it taken for damage, and passed over.
      CHECK((error == "IO" || error == "none"));
      failed_count += error == "IO";
    }
    CHECK(failed_count > 10);
    CHECK(StateIn(data.env) == data.states.back());
  }
  SUBCASE("its number is there twice") {
    data.env.Create(kPath + "/log-3-2");
    CHECK(ErrorTextOf([&] { Open(data.env, kPath); }).find("has the number of another log file") != std::string::npos);
  }
}

TEST_CASE("LoggedChanges: turns that come before anybody could log ahead log for themselves") {
  MemoryEnv memory;
  FaultEnv env(memory);
  const Vectors rows = RandomVectors(4, kDimension, 3);
  LoggedIndex index(env, kPath, Given());
  std::vector<std::shared_ptr<LoggedChanges::Change>> changes;
  for (size_t i = 0; i < 4; ++i) {
    changes.push_back(index.changes().Make(LogRecordType::kAdd, StageOf(rows.Slice(i, i + 1)),
                                           std::make_shared<CancelToken>()));
  }
  const auto is_free = std::make_shared<std::atomic<bool>>(false);
  for (int i = 0; i < 16; ++i) {
    ThreadPool::Shared().Post(ThreadPool::Priority::kBulk, [is_free] {
      while (!*is_free) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    });
  }
  // Each is announced while one before it is synced.
  size_t announced_count = 1;
  env.BeforeEach([&](std::string_view syscall, const std::string&) {
    if (syscall == "fsync" && announced_count < 4) index.changes().Announce(changes[announced_count++]);
  });
  for (const auto& change : changes) index.Take(change);
  env.BeforeEach(nullptr);
  *is_free = true;
  CHECK(announced_count == 4);
  CHECK(index->vector_count() == 4);
  const State state = StateOf(*index);
  changes.clear();
  index = {};
  CHECK(StateIn(memory) == state);
}

TEST_CASE("LoggedChanges: a turn waits for whoever is logging its change") {
  MemoryEnv memory;
  FaultEnv env(memory);
  const Vectors rows = RandomVectors(2, kDimension, 3);
  LoggedIndex index(env, kPath, Given());
  const auto make = [&](size_t row) {
    return index.changes().Make(LogRecordType::kAdd, StageOf(rows.Slice(row, row + 1)), std::make_shared<CancelToken>());
  };
  const auto first = make(0), second = make(1);
  std::atomic<int> sync_count{0};
  env.BeforeEach([&](std::string_view syscall, const std::string&) {
    if (syscall != "fsync") return;
    const int count = ++sync_count;
    if (count == 1) index.changes().Announce(second);
    if (count == 3) std::this_thread::sleep_for(std::chrono::milliseconds(30));  // for its turn to come
  });
  index.Take(first);
  while (sync_count < 3) std::this_thread::yield();  // the pool logs ahead
  index.Take(second);
  env.BeforeEach(nullptr);
  CHECK(sync_count == 3);
  CHECK(index->vector_count() == 2);
}

TEST_CASE("LoggedChanges: one sync is for so many bytes and no more") {
  MemoryEnv memory;
  FaultEnv env(memory);
  LoggedIndex index(env, kPath, Given());
  std::atomic<int> sync_count{0};
  env.BeforeEach([&](std::string_view syscall, const std::string& path) {
    sync_count += syscall == "fsync" && path != kPath;
  });
  const auto syncs_of = [&](size_t id_count) {
    const int before = sync_count;
    std::vector<std::shared_ptr<LoggedChanges::Change>> changes;
    for (int i = 0; i < 3; ++i) {
      auto stage = std::make_unique<Stage>(kDimension, 0);
      stage->ids = IdRange(1, id_count);
      changes.push_back(
          index.changes().Make(LogRecordType::kRemove, std::move(stage), std::make_shared<CancelToken>()));
      index.changes().Announce(changes.back());
    }
    for (const auto& change : changes) index.Take(change);
    return sync_count - before;
  };
  CHECK(syncs_of(150'000) == 1);  // 3.6 MB
  CHECK(syncs_of(300'000) == 3);
  env.BeforeEach(nullptr);
}

TEST_CASE("LoggedChanges: what was refused for its own sake says so, though the others failed") {
  MemoryEnv memory;
  FaultEnv env(memory);
  LoggedIndex index(env, kPath, Given());
  const Vectors rows = RandomVectors(2, kDimension, 3);
  Vectors bad = rows.Slice(0, 1);
  bad.values[3] = NAN;
  const auto make = [&](const Vectors& vectors) {
    return index.changes().Make(LogRecordType::kAdd, StageOf(vectors), std::make_shared<CancelToken>());
  };
  const auto refused = make(bad), failed = make(rows);
  for (const auto& change : {refused, failed}) index.changes().Announce(change);
  env.BeforeEach([](std::string_view syscall, const std::string& path) {
    if (syscall == "fsync") throw SystemCallError("fsync", path, ENOSPC);
  });
  CHECK(ErrorCodeOf([&] { index.Take(refused); }) == "INVALID_VECTOR");
  CHECK(ErrorCodeOf([&] { index.Take(failed); }) == "IO");
  env.BeforeEach(nullptr);
  CHECK(index->vector_count() == 0);
  index.Add(rows);
  const State state = StateOf(*index);
  index = {};
  CHECK(StateIn(memory) == state);
}

TEST_CASE("LoggedChanges: a change that no id was left for comes to nothing again") {
  MemoryEnv env;
  LoggedIndex index(env, kPath, Given());
  const Vectors rows = RandomVectors(3, kDimension, 3);
  index.Add(rows.Slice(0, 1), Ids{kMaxNumberId});
  CHECK(ErrorCodeOf([&] { index.Add(rows.Slice(1, 2)); }) == "INVALID_ID");
  index.Add(rows.Slice(2, 3), Ids{7});
  const State state = StateOf(*index);
  index = {};
  CHECK(StateIn(env) == state);
}

TEST_CASE("LoggedChanges: a commit between changes that were logged together") {
  MemoryEnv env;
  LoggedIndex index(env, kPath, Given());
  const Vectors rows = RandomVectors(3, kDimension, 3);
  auto changes = index.AnnounceEach(rows);
  index.Take(changes[0]);
  index.Commit();
  CHECK(OpenReader(env, kPath).index->vector_count() == 1);
  for (size_t i = 1; i < 3; ++i) index.Take(changes[i]);
  CHECK(LogsIn(env) == std::vector<std::string>{"log-1-1"});
  const State state = StateOf(*index);
  changes.clear();
  index = {};
  CHECK(StateIn(env) == state);
}

TEST_CASE("LoggedChanges: what is logged after a damaged log was passed over can be read again") {
  MemoryEnv env;
  const Vectors rows = RandomVectors(5, kDimension, 3);
  {
    LoggedIndex index(env, kPath, Given());
    const auto changes = index.AnnounceEach(rows.Slice(0, 3));
    index.Take(changes[0]);
    index.Commit();
    for (size_t i = 1; i < 3; ++i) index.Take(changes[i]);
  }
  // The batch of all three, the first of which is in the generation.
  REQUIRE(LogsIn(env) == std::vector<std::string>{"log-1-1"});
  env.bytes(kPath + "/log-1-1")[700] ^= std::byte{1};
  CHECK(ErrorCodeOf([&] { Open(env, kPath); }) == "CORRUPT");
  LoggedIndex recovered(env, kPath, {}, Recovering());
  CHECK(recovered->vector_count() == 1);
  CHECK(recovered.directory().dropped().size() == 1);
  recovered.Add(rows.Slice(3, 4));
  recovered.Add(rows.Slice(4, 5));
  const State state = StateOf(*recovered);
  recovered = {};
  CHECK(StateIn(env) == state);
  CHECK(Open(env, kPath).index->vector_count() == 3);
}

TEST_CASE("LoggedChanges: opening with a log can be stopped at any call") {
  MemoryEnv memory;
  const IndexOptions options = OptionsFor(1000, Metric::kL2);
  {
    const LoggedIndex index(memory, kPath, GivenOptions::Of(options));
    index.Add(RandomVectors(200, 1000, 3));  // replayed in several steps
  }
  FaultEnv env(memory);
  size_t aborted_count = 0;
  for (size_t call = 0;; ++call) {
    CAPTURE(call);
    CancelToken cancel;
    env.BeforeCall(call, [&] { cancel.Cancel(); });
    const std::string code = ErrorCodeOf([&] { IndexDirectory(env, kPath, {}, OpenParameters(), cancel); });
    if (!env.is_reached()) break;
    CHECK(code == "ABORTED");
    ++aborted_count;
  }
  CHECK(aborted_count > 10);
  CHECK(Open(memory, kPath).index->vector_count() == 200);
}

TEST_CASE("LoggedChanges: log files of which one does not begin where the other ends") {
  MemoryEnv env;
  Manifest manifest;
  {
    LoggedIndex index(env, kPath, Given());
    index.Add(RandomVectors(3, kDimension, 1), Ids{1, 2, 3});
    index.Commit();
    manifest = Store(env, kPath, Store::Access::kRead).Read(2);
  }
  const uint64_t next = manifest.change_count + 1;
  const Vectors row = RandomVectors(1, kDimension, 2);
  const auto write = [&](uint64_t number, uint64_t sequence, uint64_t previous, uint64_t previous_size) {
    LogFileWriter writer(env.Create(kPath + "/log-" + std::to_string(number) + "-2"),
                         {manifest.identity, number, sequence, previous, previous_size});
    const Ids ids{number};
    writer.Write(sequence, std::vector<LogRecord>{{LogRecordType::kAdd, 1, ids, {}, row.values}}, {});
    return writer.size();
  };
  write(9, next + 4, 8, write(8, next, 0, 0));
  const std::string expected = "/data/log-9-2 begins with change 6; expected 3";
  CHECK(StartsWith(ErrorTextOf([&] { Open(env, kPath); }), "CORRUPT: " + expected));
  const OpenIndex open = Open(env, kPath, {}, Recovering());
  CHECK(open.index->vector_count() == 4);
  CHECK(open.index->Has(8));
  REQUIRE(open.directory->dropped().size() == 1);
  CHECK(open.directory->dropped()[0].reason == expected);
}

TEST_CASE("LoggedChanges: on request several damaged logs count as far as they are sound") {
  Damageable data;
  FaultEnv env(data.env);
  const std::string newest = kPath + "/log-3-3";
  State expected = data.states[3];
  std::string code = "CORRUPT", reason = newest;
  size_t place = 0;  // of the reason
  SUBCASE("the end of the second") {
    data.env.bytes(kPath + "/MANIFEST-3")[100] ^= std::byte{1};
    data.env.bytes(newest)[1100] ^= std::byte{1};
    expected = data.states[4];
    place = 1;
  }
  SUBCASE("the header of one and the end of the other") {
    data.env.bytes(kPath + "/MANIFEST-3")[100] ^= std::byte{1};
    data.env.bytes(newest)[100] ^= std::byte{1};
    data.env.bytes(kPath + "/log-2-2")[1100] ^= std::byte{1};
    expected = data.states[2];
    place = 1;
  }
  SUBCASE("one of a newer format") {
    PutAt<uint32_t>(data.env.bytes(newest), 16, 2);
    RepairSectors(data.env.bytes(newest));
    code = "UNSUPPORTED_FORMAT";
  }
  SUBCASE("one that is taken away while it is looked for") {
    env.BeforeEach([&](std::string_view, const std::string& path) {
      if (path == newest && data.env.Exists(newest)) data.env.Remove(newest);
    });
    const auto bytes = data.env.bytes(newest);
    CHECK(ErrorCodeOf([&] { Open(env, kPath); }) == "NOT_FOUND");
    data.env.Create(newest)->Append(bytes);
    code = "none";
    reason = "open of " + newest;
  }
  if (code != "none") CHECK(ErrorCodeOf([&] { Open(env, kPath); }) == code);
  const OpenIndex open = Open(env, kPath, {}, Recovering());
  CHECK(StateOf(*open.index) == expected);
  REQUIRE(open.directory->dropped().size() == place + 1);
  CHECK(StartsWith(open.directory->dropped()[place].reason, reason));
}

TEST_CASE("LoggedChanges: nothing goes on from an older log that is damaged") {
  MemoryEnv memory;
  LoggedIndex index(memory, kPath, Given());
  index.Add(RandomVectors(20, kDimension, 1));
  index.Commit();
  index.Add(RandomVectors(5, kDimension, 2));
  index.Commit();
  index = {};
  const std::string older = kPath + "/log-2-2";
  REQUIRE(LogsIn(memory) == std::vector<std::string>{"log-2-2"});
  SUBCASE("it has lost its header") { memory.bytes(older).clear(); }
  SUBCASE("it has lost a bit") { memory.bytes(older)[700] ^= std::byte{1}; }
  SUBCASE("it cannot be read, and may be sound") {
    FaultEnv env(memory);
    env.BeforeEach([&](std::string_view syscall, const std::string& path) {
      if (syscall == "pread" && path == older) throw SystemCallError("pread", path, EIO);
    });
    CHECK(ErrorCodeOf([&] { Open(env, kPath); }) == "IO");
    CHECK(Open(env, kPath, {}, Recovering()).index->vector_count() == 25);
    env.BeforeEach([&](std::string_view syscall, const std::string& path) {
      if (syscall == "pread" && path == older) throw Error(ErrorCode::kOutOfMemory, "out of memory");
    });
    CHECK(ErrorCodeOf([&] { Open(env, kPath); }) == "OUT_OF_MEMORY");
    return;
  }
  index = LoggedIndex(memory, kPath);
  index.Add(RandomVectors(3, kDimension, 3));
  const State state = StateOf(*index);
  index = {};
  const std::string path = kPath + "/log-3-3";
  REQUIRE(memory.Exists(path));
  const auto file = memory.Open(path);
  const Manifest manifest = Store(memory, kPath, Store::Access::kRead).Read(3);
  CHECK(LogFileReader(*file, path, manifest.identity.uuid, 3).header().previous_number == 0);
  CHECK(StateIn(memory) == state);
}

TEST_CASE("LoggedChanges: a verification that a commit overtakes does not blame the log") {
  Damageable data;
  data.env.bytes(kPath + "/log-3-3")[1100] ^= std::byte{1};
  FaultEnv env(data.env);
  bool is_gone = false;
  SUBCASE("a generation more") {}
  SUBCASE("none any more") { is_gone = true; }
  bool is_done = false;
  env.BeforeEach([&](std::string_view syscall, const std::string& path) {
    if (is_done || syscall != "pread" || path != kPath + "/log-3-3") return;
    is_done = true;
    if (!is_gone) data.env.Create(kPath + "/MANIFEST-4");
    if (is_gone) data.env.Remove(kPath + "/MANIFEST-2");
    if (is_gone) data.env.Remove(kPath + "/MANIFEST-3");
  });
  VerifyProgress progress;
  const auto report = VerifyDirectory(env, kPath, {}, 1, progress, [] {}, CancelToken());
  CHECK(is_done);
  CHECK(report.generations.size() == 2);
  CHECK(report.is_sound());
}

TEST_CASE("LoggedChanges: on the real file system") {
  const TemporaryDirectory temporary;
  const std::string path = temporary.path() + "/index";
  LoggedIndex index(Env::Real(), path, Given());
  const Vectors rows = RandomVectors(1500, kDimension, 3);
  index.Add(rows.Slice(0, 1200));
  index.Commit();
  index.Add(rows.Slice(1200, 1500));
  index.Remove(Ids{4});
  const State state = StateOf(*index);
  index = {};
  const OpenIndex again = Open(Env::Real(), path);
  CHECK(StateOf(*again.index) == state);
  CHECK(again.directory->log_bytes() > 300 * kDimension * sizeof(float));
}

}  // namespace
}  // namespace segvec
