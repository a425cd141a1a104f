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

// The component that says which version of a row a vector is; the others say which row.
constexpr size_t kVersionAt = kDimension - 1;

// One thread replaces all rows of a band of ids again and again, another band comes and goes; others look on. Within a
// band all rows are of one version in any snapshot.
TEST_CASE("Concurrency: upserts and removes take effect in one step") {
  const size_t band = Sized(400, 250), round_count = Sized(25, 8);
  for (const IdType type : {IdType::kNumber, IdType::kString}) {
    IndexOptions options = OptionsFor(kDimension, Metric::kL2, {2, 1});
    options.segment_capacity = 1400;
    options.id_type = type;
    const auto index = MakeIndex(options);
    const bool has_texts = type == IdType::kString;
    const Vectors rows = RandomVectors(3 * band, kDimension, 9);
    const auto version_of = [&](size_t begin, size_t version) {
      Vectors vectors = rows.Slice(begin, begin + band);
      for (size_t i = 0; i < band; ++i) vectors.row(i)[kVersionAt] = static_cast<float>(version);
      return vectors;
    };
    const auto texts_from = [&](size_t begin) {
      Texts texts;
      for (size_t i = 0; i < band; ++i) texts.push_back("row " + std::to_string(begin + i));
      return texts;
    };
    const auto upsert = [&](size_t begin, size_t version) {
      const Vectors vectors = version_of(begin, version);
      if (has_texts) return Upsert(*index, vectors, texts_from(begin));
      Upsert(*index, vectors, IdRange(begin, band));
    };
    const auto remove = [&](size_t begin) {
      return has_texts ? Remove(*index, texts_from(begin)) : Remove(*index, IdRange(begin, band));
    };
    const auto get = [&](size_t row) -> std::optional<std::vector<float>> {
      const std::optional<uint64_t> id =
          has_texts ? index->string_ids().Find("row " + std::to_string(row)) : std::optional<uint64_t>(row);
      return id ? index->Get(*id) : std::nullopt;
    };
    // Rows: [0, band) stay, [band, 2 band) are replaced, [2 band, 3 band) come and go.
    upsert(0, 0);
    upsert(band, 0);
    std::atomic<size_t> acknowledged{0};  // version of the second band
    std::atomic<size_t> presence{0};  // even while the third band may be gone, odd while it must be there
    std::atomic<bool> is_done{false};
    Wrongs wrongs;
    std::vector<std::thread> readers;
    for (int reader = 0; reader < 3; ++reader) {
      readers.emplace_back([&, reader] {
        Dice dice(static_cast<uint64_t>(reader));
        while (!is_done) {
          const size_t replaced = band + dice.Below(band), fleeting = 2 * band + dice.Below(band);
          switch (dice.Below(4)) {
            case 0: {  // never absent, never older than acknowledged
              const size_t known = acknowledged;
              const auto row = get(replaced);
              wrongs.missing += !row || (*row)[kVersionAt] < static_cast<float>(known);
              wrongs.missing += !get(dice.Below(band));
              break;
            }
            case 1: {
              const size_t before = presence;
              const bool is_there = get(fleeting).has_value();
              wrongs.missing += before % 2 == 1 && presence == before && !is_there;
              break;
            }
            case 2: {  // a snapshot shows the bands whole, and of one version
              const auto snapshot = index->snapshot();
              std::set<float> versions;
              size_t replaced_count = 0, fleeting_count = 0;
              for (const SegmentView& view : snapshot->views) {
                for (uint32_t slot = 0; slot < view.slot_count; ++slot) {
                  if (!view.visibility().Contains(slot)) continue;
                  const std::string text = has_texts ? index->string_ids().Text(view.segment->id(slot)) : "";
                  const size_t row = has_texts ? std::stoul(text.substr(4)) : view.segment->id(slot);
                  fleeting_count += row >= 2 * band;
                  if (row < band || row >= 2 * band) continue;
                  ++replaced_count;
                  versions.insert(view.segment->rows().floats.Row(slot)[kVersionAt]);
                }
              }
              wrongs.torn += versions.size() != 1 || replaced_count != band;
              wrongs.torn += fleeting_count != 0 && fleeting_count != band;
              break;
            }
            case 3: {
              const SearchResults results =
                  index->Search(rows.row(replaced), 2, {20, 100, dice.Below(2) == 0}, CancelToken());
              for (size_t q = 0; q < 2; ++q) {
                std::set<uint64_t> ids;
                std::set<std::string> texts;
                for (size_t i = q * 20; i < q * 20 + results.counts[q]; ++i) {
                  ids.insert(results.ids[i]);
                  if (has_texts) texts.insert(results.texts[results.text_places[i]]);
                  wrongs.disordered += i > q * 20 && results.distances[i - 1] > results.distances[i];
                }
                wrongs.disordered += ids.size() != results.counts[q];
                wrongs.torn += has_texts && texts.size() != ids.size();
                wrongs.missing += results.counts[q] != 20;
              }
              break;
            }
          }
        }
      });
    }
    for (size_t round = 1; round <= round_count; ++round) {
      if (round % 4 == 0) {  // one that fails half-way
        const auto stage = StageOf(version_of(band, 1'000'000));
        if (has_texts) {
          stage->string_ids = texts_from(band);
        } else {
          stage->ids = IdRange(band, band);
        }
        CancelToken cancel;
        std::thread canceller([&] { cancel.Cancel(); });
        const std::string code = ErrorCodeOf([&] { index->Upsert(*stage, cancel); });
        canceller.join();
        CHECK((code == "ABORTED" || code == "none"));
      }
      upsert(band, round);
      acknowledged = round;
      upsert(2 * band, round);
      ++presence;
      CHECK(index->vector_count() == 3 * band);
      ++presence;
      CHECK(remove(2 * band) == band);
      CHECK(index->vector_count() == 2 * band);
    }
    is_done = true;
    for (std::thread& reader : readers) reader.join();
    CHECK(wrongs.missing.load() == 0);
    CHECK(wrongs.torn.load() == 0);
    CHECK(wrongs.disordered.load() == 0);
  }
}

TEST_CASE("Concurrency: the memory in use can be asked for while adds run") {
  IndexOptions options = OptionsFor(kDimension, Metric::kCosine, {2, 1});
  options.segment_capacity = 1200;  // some are sealed meanwhile
  const auto index = MakeIndex(options);
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
