// Compactions beside searches, adds and removals; in the background, on request, and cancelled. A load for ThreadSanitizer.
#include "index/compactor.h"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "base/strand.h"
#include "support/countdown.h"
#include "support/errors.h"
#include "support/index_of.h"
#include "support/sanitizers.h"
#include "support/vectors.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

constexpr size_t kDimension = 16;

struct Setup {
  explicit Setup(const IndexOptions& options) : index(MakeIndex(options)) {
    compactor = std::make_shared<Compactor>(index, writer);
  }

  // Waits for what was posted before.
  template <class Task>
  void Write(const Task& task) {
    Countdown done(1);
    writer->Post([&] {
      task();
      done.CountDown();
    });
    done.Wait();
  }
  // Returns what the compaction ended with, "none" for success.
  std::string CompactAndWait(std::shared_ptr<CancelToken> cancel = std::make_shared<CancelToken>()) {
    Countdown done(1);
    std::exception_ptr ended;
    compactor->Start(std::move(cancel), std::make_shared<CompactionProgress>(), [&](std::exception_ptr error) {
      ended = std::move(error);
      done.CountDown();
    });
    done.Wait();
    return ErrorCodeOf([&] {
      if (ended) std::rethrow_exception(ended);
    });
  }
  void AwaitIdle() const {
    while (compactor->stats().is_running) std::this_thread::yield();
  }

  std::shared_ptr<Index> index;
  std::shared_ptr<Strand> writer = std::make_shared<Strand>();
  std::shared_ptr<Compactor> compactor;
};

TEST_CASE("Compactor: on request, beside readers and writers") {
  for (const int threads : {1, 3}) {
    const size_t count = Sized(4000, 2400, 2200);
    const Vectors vectors = RandomVectors(2 * count, kDimension, 1);
    Setup setup(OptionsFor(kDimension, Metric::kL2, {threads, 2}));
    Add(*setup.index, vectors.Slice(0, count));
    std::atomic<bool> is_done{false};
    std::atomic<size_t> missing{0}, doubled{0};
    std::vector<std::thread> readers;
    for (uint64_t reader = 0; reader < 2; ++reader) {
      readers.emplace_back([&, reader] {
        Dice dice(reader);
        while (!is_done) {
          const uint64_t id = dice.Below(count / 2);  // these stay
          missing += !setup.index->Has(id);
          missing += !setup.index->Get(id).has_value();
          const auto hits = Search(*setup.index, vectors.row(id), 10, 64);
          missing += hits.empty() || hits[0].distance != 0;
          for (size_t i = 1; i < hits.size(); ++i) doubled += hits[i].id == hits[i - 1].id;
        }
      });
    }
    Countdown compacted(1);
    setup.compactor->Start(std::make_shared<CancelToken>(), std::make_shared<CompactionProgress>(),
                           [&](std::exception_ptr) { compacted.CountDown(); });
    for (size_t begin = 0; begin < count; begin += count / 4) {
      setup.Write([&] {
        Add(*setup.index, vectors.Slice(count + begin, count + begin + count / 4));
        Remove(*setup.index, IdRange(count / 2 + begin / 2, count / 16));
      });
    }
    compacted.Wait();
    CHECK(setup.CompactAndWait() == "none");
    is_done = true;
    for (std::thread& reader : readers) reader.join();
    CHECK(missing == 0);
    CHECK(doubled == 0);
    CHECK(setup.index->snapshot()->views.size() == 1);
    CHECK(setup.index->vector_count() == 2 * count - 4 * (count / 16));
  }
}

TEST_CASE("Compactor: in the background, when much of a segment is dead") {
  const Vectors vectors = RandomVectors(3000, kDimension, 2);
  for (const bool in_background : {true, false}) {
    IndexOptions options = OptionsFor(kDimension, Metric::kL2, {2, 1});
    options.compacts_in_background = in_background;
    Setup setup(options);
    setup.Write([&] { Add(*setup.index, vectors); });
    setup.compactor->Consider();
    setup.AwaitIdle();
    CHECK(setup.compactor->stats().finished_count == 0);
    setup.Write([&] { Remove(*setup.index, IdRange(0, 1500)); });
    setup.compactor->Consider();
    setup.AwaitIdle();
    CHECK(setup.compactor->stats().finished_count == (in_background ? 1 : 0));
    CHECK_FALSE(setup.compactor->stats().last_error);
    CHECK(setup.index->snapshot()->views[0].slot_count == (in_background ? 1500 : 3000));
    CHECK(setup.index->vector_count() == 1500);
    CHECK(setup.index->Get(2000) == vectors.RowCopy(2000));
  }
}

TEST_CASE("Compactor: one at a time, cancelled by their tokens, and by Stop in the background only") {
  const Vectors vectors = RandomVectors(3000, kDimension, 3);
  for (int round = 0; round < 5; ++round) {
    Setup setup(OptionsFor(kDimension, Metric::kL2, {2, 2}));
    Add(*setup.index, vectors);
    Remove(*setup.index, IdRange(0, 1300));
    setup.compactor->Consider();
    const auto cancelled = std::make_shared<CancelToken>();
    cancelled->Cancel();
    Countdown both(2);
    std::string outcomes[2];
    for (int i = 0; i < 2; ++i) {
      setup.compactor->Start(i == 0 ? cancelled : std::make_shared<CancelToken>(), std::make_shared<CompactionProgress>(),
                             [&, i](std::exception_ptr error) {
                               outcomes[i] = ErrorCodeOf([&] {
                                 if (error) std::rethrow_exception(error);
                               });
                               both.CountDown();
                             });
    }
    setup.compactor->Stop();
    both.Wait();
    CHECK(outcomes[0] == "ABORTED");
    CHECK(outcomes[1] == "none");
    CHECK(setup.index->snapshot()->views.size() == 1);
    CHECK(setup.index->vector_count() == 1700);
    setup.compactor->Consider();
    setup.AwaitIdle();
    CHECK_FALSE(setup.compactor->stats().last_error);
  }
}

}  // namespace
}  // namespace segvec
