// Searches and lookups beside adds. The main load for ThreadSanitizer.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/strand.h"
#include "index/index.h"
#include "support/countdown.h"
#include "support/errors.h"
#include "support/index_of.h"
#include "support/names.h"
#include "support/sanitizers.h"
#include "support/vectors.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

constexpr size_t kDimension = 16;

struct Wrongs {
  std::atomic<size_t> missing{0};     // acknowledged, but not found by a lookup or an exact search
  std::atomic<size_t> torn{0};        // a result, row or count that no state of the index has
  std::atomic<size_t> disordered{0};  // results that do not ascend, or repeat

  // Acknowledged rows that a walk through the graphs did not find.
  void AddMissed(size_t row) {
    std::lock_guard lock(mutex);
    missed_rows.push_back(row);
  }
  std::mutex mutex;
  std::vector<size_t> missed_rows;
};

// Checks one list of results against what must hold at any time.
void CheckResults(const std::vector<Result>& results, const Vectors& vectors, const float* query, Metric metric,
                  Wrongs& wrongs) {
  std::set<uint64_t> ids;
  for (size_t i = 0; i < results.size(); ++i) {
    ids.insert(results[i].id);
    if (results[i].id >= vectors.count()) {
      ++wrongs.torn;
      continue;
    }
    const float* row = vectors.row(results[i].id);
    const double expected = reference::Distance(metric, query, row, kDimension);
    const double tolerance = reference::Tolerance(metric, query, row, kDimension);
    wrongs.torn += !(std::abs(results[i].distance - expected) <= tolerance);
    if (i > 0) wrongs.disordered += results[i - 1].distance > results[i].distance;
  }
  wrongs.disordered += ids.size() != results.size();
}

// One thread adds batches and publishes how many rows are acknowledged; others search, look up and count meanwhile.
// Between the batches are some that fail. Ids are row numbers.
void AddBesideReaders(const IndexOptions& options, const Vectors& vectors, size_t batch, int reader_count) {
  const auto index = MakeIndex(options);
  std::atomic<size_t> acknowledged{0};
  std::atomic<bool> is_done{false};
  Wrongs wrongs;
  std::vector<std::thread> readers;
  for (int reader = 0; reader < reader_count; ++reader) {
    readers.emplace_back([&, reader] {
      Dice dice(static_cast<uint64_t>(reader));
      for (size_t round = 0; !is_done || round < 20; ++round) {
        const size_t known = acknowledged;
        if (known == 0) continue;
        const size_t wanted = dice.Below(known);
        const float* query = vectors.row(wanted);
        const bool is_self_nearest = options.metric != Metric::kIp;
        switch (dice.Below(6)) {
          case 0: {
            const auto results = ExactSearch(*index, query, 5);
            CheckResults(results, vectors, query, options.metric, wrongs);
            wrongs.missing += is_self_nearest && !HasId(results, wanted);
            break;
          }
          case 1:
          case 2: {
            const auto results = Search(*index, query, 10, 200);
            CheckResults(results, vectors, query, options.metric, wrongs);
            if (is_self_nearest && !HasId(results, wanted)) wrongs.AddMissed(wanted);
            wrongs.torn += results.size() != std::min<size_t>(10, known) && known >= 10;
            break;
          }
          case 3: {  // several queries: spread over the pool that the add keeps busy
            const size_t count = std::min<size_t>(20, known);
            const size_t first = dice.Below(known - count + 1);
            const SearchResults results =
                index->Search(vectors.row(first), count, {3, 200, false}, CancelToken());
            for (size_t q = 0; q < count; ++q) {
              const auto list = ResultsOf(results, q);
              CheckResults(list, vectors, vectors.row(first + q), options.metric, wrongs);
              if (is_self_nearest && !HasId(list, first + q)) wrongs.AddMissed(first + q);
            }
            break;
          }
          case 4: {
            wrongs.missing += !index->Has(wanted) || index->Get(wanted) != vectors.RowCopy(wanted);
            const size_t later = dice.Below(vectors.count());
            const auto row = index->Get(later);
            wrongs.torn += row && *row != vectors.RowCopy(later);
            wrongs.missing += later < known && !row;
            break;
          }
          case 5: {
            // Batches become visible as a whole.
            const size_t count = index->vector_count();
            wrongs.torn += count < known || (count % batch != 0 && count != vectors.count());
            size_t live_count = 0;
            const auto snapshot = index->snapshot();
            for (const SegmentView& view : snapshot->views) live_count += view.live_count();
            wrongs.torn += live_count < known;
            break;
          }
        }
      }
    });
  }
  Dice dice(77);
  for (size_t begin = 0; begin < vectors.count(); begin += batch) {
    const size_t end = std::min(vectors.count(), begin + batch);
    if (begin > 0 && dice.Below(3) == 0) {
      Ids ids = IdRange(begin, end - begin);
      ids.back() = dice.Below(begin);
      CHECK(ErrorCodeOf([&] { Add(*index, vectors.Slice(begin, end), ids); }) == "DUPLICATE_ID");
    }
    if (dice.Below(3) == 0) {
      const auto stage = StageOf(vectors.Slice(begin, end));
      stage->ids = IdRange(begin, end - begin);
      CancelToken cancel;
      std::thread canceller([&] {
        while (stage->inserted_count == 0) std::this_thread::sleep_for(std::chrono::microseconds(20));
        cancel.Cancel();
      });
      const std::string code = ErrorCodeOf([&] { index->Add(*stage, cancel); });
      canceller.join();
      if (code == "none") {  // it was through before the cancellation came
        acknowledged = end;
        continue;
      }
      CHECK(code == "ABORTED");
    }
    Add(*index, vectors.Slice(begin, end), IdRange(begin, end - begin));
    acknowledged = end;
  }
  is_done = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(wrongs.missing.load() == 0);
  CHECK(wrongs.torn.load() == 0);
  CHECK(wrongs.disordered.load() == 0);
  CHECK(wrongs.missed_rows.size() == 0);
  CHECK(index->vector_count() == vectors.count());
}

TEST_CASE("Concurrency: acknowledged vectors are found and nothing torn is seen while adds run") {
  const Vectors vectors = ClusteredVectors(Sized(4800, 2400, 1800), kDimension, 30, 1);
  for (const Metric metric : kMetrics) {
    for (const Spread spread : {Spread{1, 1}, {2, 1}, {2, 2}, {4, 4}}) {
      if (kIsSanitized && spread.threads == 1) continue;
      CAPTURE(Name(metric));
      CAPTURE(Name(spread));
      IndexOptions options = OptionsFor(kDimension, metric, spread);
      options.segment_capacity = spread.segments == 2 ? 1300 : 1u << 20;
      options.quantization = spread.segments == 1 ? Quantization::kInt8 : Quantization::kNone;
      AddBesideReaders(options, vectors, spread.segments == 1 ? 300 : 600, 3);
    }
  }
}

TEST_CASE("Concurrency: the memory in use can be asked for while adds run") {
  const auto index = MakeIndex(OptionsFor(kDimension, Metric::kCosine, {2, 1}));
  const Vectors vectors = RandomVectors(Sized(5000, 2500), kDimension, 2);
  std::atomic<bool> is_done{false};
  std::atomic<size_t> wrong_count{0};
  std::thread asker([&] {
    while (!is_done) wrong_count += index->memory_bytes() > (size_t{1} << 30);
  });
  for (size_t begin = 0; begin < vectors.count(); begin += 500) Add(*index, vectors.Slice(begin, begin + 500));
  is_done = true;
  asker.join();
  CHECK(wrong_count.load() == 0);
}

TEST_CASE("Concurrency: several indexes share the pool, each with its own strand") {
  constexpr int kIndexes = 3, kAdds = 6;
  const size_t batch = Sized(400, 150);
  struct Writer {
    std::unique_ptr<Index> index = MakeIndex(OptionsFor(kDimension, Metric::kL2, {3, 2}));
    std::shared_ptr<Strand> strand = std::make_shared<Strand>();
    std::vector<Ids> ids = std::vector<Ids>(kAdds);
  };
  std::vector<Writer> writers(kIndexes);
  const Vectors vectors = RandomVectors(batch, kDimension, 3);
  Countdown finished(kIndexes * kAdds);
  for (int add = 0; add < kAdds; ++add) {
    for (Writer& writer : writers) {
      writer.strand->Post([&, add] {
        writer.ids[static_cast<size_t>(add)] = Add(*writer.index, vectors);
        finished.CountDown();
      });
    }
  }
  finished.Wait();
  for (const Writer& writer : writers) {
    CHECK(writer.index->vector_count() == kAdds * batch);
    for (size_t add = 0; add < kAdds; ++add) CHECK(writer.ids[add] == IdRange(add * batch, batch));
    CHECK(writer.index->Fingerprint() == writers[0].index->Fingerprint());
  }
}

TEST_CASE("Concurrency: a search may outlive the index's later growth, and the index its searches' cancellation") {
  const auto index = MakeIndex(OptionsFor(kDimension, Metric::kL2, {4, 2}));
  const Vectors vectors = RandomVectors(3000, kDimension, 4);
  Add(*index, vectors);
  std::vector<std::thread> searchers;
  std::atomic<size_t> wrong_count{0};
  for (int searcher = 0; searcher < 3; ++searcher) {
    searchers.emplace_back([&] {
      for (size_t round = 0; round < Sized(50, 10); ++round) {
        CancelToken cancel;
        std::thread canceller([&] { cancel.Cancel(); });
        const std::string code =
            ErrorCodeOf([&] { index->Search(vectors.row(0), 100, {10, 64, round % 2 == 0}, cancel); });
        canceller.join();
        wrong_count += code != "none" && code != "ABORTED";
      }
    });
  }
  for (std::thread& searcher : searchers) searcher.join();
  CHECK(wrong_count.load() == 0);
  CHECK(MissedSelfCount(*index, vectors.Slice(0, 100), 64) == 0);
}

}  // namespace
}  // namespace segvec
