// A request for memory fails, once or from then on: a typed error, nothing leaked, the index as it was.
#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "faults/failing_memory.h"
#include "faults/for_requests.h"
#include "faults/outcome.h"
#include "index/index.h"
#include "support/index_of.h"
#include "support/sanitizers.h"
#include "support/segment_check.h"
#include "support/vectors.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

constexpr size_t kDimension = 4;

IndexOptions TestOptions(int threads) {
  IndexOptions options = OptionsFor(kDimension, Metric::kL2, {threads, threads > 1 ? 2 : 1});
  options.ef_construction = 40;
  return options;
}

// An add that takes the index from a scanned segment to a graph, fails, and is repeated. Of vectors on a line some are lost
// at first, so that links to them are added.
TEST_CASE("Memory: a failed add leaves the index as it was") {
  const Vectors line = RowOfVectors(kScanLimit + 20, kDimension, 1);
  const Vectors present = line.Slice(0, kScanLimit - 10), batch = line.Slice(kScanLimit - 10, kScanLimit + 20);
  for (const IdType type : {IdType::kNumber, IdType::kString}) {
    ForRequests([&](int64_t number, FaultKind kind) {
      IndexOptions options = TestOptions(1);
      options.id_type = type;
      const auto index = MakeIndex(options);
      Add(*index, present);
      const auto before = ExactSearch(*index, batch.row(0), 50);
      const auto stage = StageOf(batch);
      MemoryFault fault(number, kind);
      const Outcome outcome = OutcomeOf([&] { index->Add(*stage, CancelToken()); });
      const bool has_failed = fault.Stop();
      if (outcome == Outcome::kDone) {
        CHECK(index->vector_count() == present.count() + batch.count());
        return has_failed;
      }
      CHECK(outcome == Outcome::kOutOfMemory);
      CHECK(index->vector_count() == present.count());
      const auto after = ExactSearch(*index, batch.row(0), 50);
      CHECK(std::equal(before.begin(), before.end(), after.begin(), after.end(),
                       [](const Result& a, const Result& b) { return a.id == b.id && a.distance == b.distance; }));
      if (type == IdType::kNumber) {
        CHECK(MissedSelfCount(*index, present, 200, 50) == 0);
        CHECK_FALSE(index->Has(present.count()));
        CHECK(Add(*index, batch) == IdRange(present.count(), batch.count()));
        CHECK(index->Get(present.count() + 3) == batch.RowCopy(3));
      } else {
        CHECK(Add(*index, batch) == IdRange(present.count(), batch.count()));
        const auto text = index->string_ids().Find(std::to_string(present.count() + 3));
        REQUIRE(text.has_value());
        CHECK(index->Get(*text) == batch.RowCopy(3));
      }
      CHECK(index->vector_count() == present.count() + batch.count());
      CHECK(ExactSearch(*index, batch.row(0), 10'000).size() == present.count() + batch.count());
      const auto snapshot = index->snapshot();
      const SegmentView& view = snapshot->views[0];
      CHECK(Violation(*view.segment, view.segment->slot_count()) == "");
      return has_failed;
    });
  }
}

TEST_CASE("Memory: a failed add on several threads leaves the index as it was") {
  const Vectors present = RandomVectors(1600, kDimension, 3);
  const Vectors batch = RandomVectors(600, kDimension, 4);
  for (int64_t number = 1; number < 400; number += Sized(5, 13, 50)) {
    CAPTURE(number);
    const auto index = MakeIndex(TestOptions(3));
    Add(*index, present.Slice(0, number % 2 == 0 ? 1600 : 300));
    const size_t count = index->vector_count();
    const auto before = ExactSearch(*index, batch.row(0), 50);
    const auto stage = StageOf(batch);
    MemoryFault fault(number, FaultKind::kOnce);
    const Outcome outcome = OutcomeOf([&] { index->Add(*stage, CancelToken()); });
    fault.Stop();
    if (outcome == Outcome::kDone) continue;
    CHECK(outcome == Outcome::kOutOfMemory);
    CHECK(index->vector_count() == count);
    const auto after = ExactSearch(*index, batch.row(0), 50);
    CHECK(std::equal(before.begin(), before.end(), after.begin(), after.end(),
                     [](const Result& a, const Result& b) { return a.id == b.id && a.distance == b.distance; }));
    CHECK(Add(*index, batch) == IdRange(count, batch.count()));
    CHECK(ExactSearch(*index, batch.row(0), 10'000).size() == count + batch.count());
  }
}

// Half of the rows replace others.
TEST_CASE("Memory: a failed upsert leaves the index as it was") {
  const Vectors present = RandomVectors(kScanLimit - 10, kDimension, 1);
  const Vectors batch = RandomVectors(30, kDimension, 2);
  for (const IdType type : {IdType::kNumber, IdType::kString}) {
    Ids ids;
    Texts texts;
    for (size_t row = 0; row < batch.count(); ++row) {
      ids.push_back(present.count() - batch.count() / 2 + row);
      texts.push_back(std::to_string(ids.back()));
    }
    const bool has_texts = type == IdType::kString;
    ForRequests([&](int64_t number, FaultKind kind) {
      IndexOptions options = TestOptions(1);
      options.id_type = type;
      const auto index = MakeIndex(options);
      Add(*index, present);
      const auto get = [&](uint64_t id) -> std::optional<std::vector<float>> {
        const auto key = has_texts ? index->string_ids().Find(std::to_string(id)) : std::optional(id);
        return key ? index->Get(*key) : std::nullopt;
      };
      const IndexState before(*index);
      const auto stage = StageOf(batch);
      if (has_texts) {
        stage->string_ids = texts;
      } else {
        stage->ids = ids;
      }
      MemoryFault fault(number, kind);
      const Outcome outcome = OutcomeOf([&] { index->Upsert(*stage, CancelToken()); });
      const bool has_failed = fault.Stop();
      if (outcome != Outcome::kDone) {
        CHECK(outcome == Outcome::kOutOfMemory);
        CHECK(index->vector_count() == before.vector_count);
        for (const uint64_t id : ids) {
          REQUIRE(get(id) == (id < present.count() ? std::optional(present.RowCopy(id)) : std::nullopt));
        }
        if (has_texts) {
          Upsert(*index, batch, texts);
        } else {
          Upsert(*index, batch, ids);
        }
      }
      CHECK(index->vector_count() == present.count() + batch.count() / 2);
      for (size_t row = 0; row < batch.count(); ++row) REQUIRE(get(ids[row]) == batch.RowCopy(row));
      CHECK(ExactSearch(*index, batch.row(0), 10'000).size() == index->vector_count());
      return has_failed;
    });
  }
}

TEST_CASE("Memory: a failed remove leaves the index as it was") {
  const Vectors present = RandomVectors(1500, kDimension, 1);
  for (const IdType type : {IdType::kNumber, IdType::kString}) {
    IndexOptions options = TestOptions(1);
    options.id_type = type;
    options.segment_capacity = 600;
    Ids ids;
    Texts texts;
    for (uint64_t id = 1; id < present.count() + 9; id += 3) {
      ids.push_back(id);
      texts.push_back(std::to_string(id));
    }
    ForRequests([&](int64_t number, FaultKind kind) {
      const auto index = MakeIndex(options);
      Add(*index, present);
      const IndexState before(*index);
      Stage stage(kDimension, 0);
      if (type == IdType::kString) {
        stage.string_ids = texts;
      } else {
        stage.ids = ids;
      }
      size_t removed_count = 0;
      MemoryFault fault(number, kind);
      const Outcome outcome = OutcomeOf([&] { removed_count = index->Remove(stage, CancelToken()); });
      const bool has_failed = fault.Stop();
      if (outcome != Outcome::kDone) {
        CHECK(outcome == Outcome::kOutOfMemory);
        CHECK(IndexState(*index) == before);
        removed_count = index->Remove(stage, CancelToken());
      }
      CHECK(removed_count == 500);
      CHECK(index->vector_count() == 1000);
      CHECK(ExactSearch(*index, present.row(1), 10'000).size() == 1000);
      Add(*index, present.Slice(0, 10));
      CHECK(index->vector_count() == 1010);
      return has_failed;
    });
  }
}

TEST_CASE("Memory: an index that could not be made, and a stage that could not be filled, throw") {
  const Vectors batch = RandomVectors(2000, kDimension, 5);
  ForRequests([&](int64_t number, FaultKind kind) {
    std::unique_ptr<Index> index;
    std::unique_ptr<Stage> stage;
    MemoryFault fault(number, kind);
    const Outcome outcome = OutcomeOf([&] {
      index = std::make_unique<Index>(TestOptions(2));
      stage = std::make_unique<Stage>(kDimension, batch.count());
      for (size_t row = 0; row < batch.count(); row += 500) stage->AppendRows(batch.row(row), 500 * kDimension);
    });
    const bool has_failed = fault.Stop();
    if (has_failed) CHECK(outcome == Outcome::kOutOfMemory);
    return has_failed;
  });
}

TEST_CASE("Memory: a failed search can be repeated") {
  const Vectors vectors = RandomVectors(Sized(3000, 1500), kDimension, 6);
  const auto index = MakeIndex(TestOptions(1));
  Add(*index, vectors.Slice(0, 1300));
  for (const size_t query_count : {1, 3}) {
    for (const bool is_exact : {false, true}) {
      ForRequests([&](int64_t number, FaultKind kind) {
        // A fresh index without a reused search context, and larger than the one before.
        const auto fresh = MakeIndex(TestOptions(1));
        Add(*fresh, vectors.Slice(0, 1100));
        const SearchParameters parameters{20, 50, is_exact};
        const SearchResults expected = index->Search(vectors.row(0), query_count, parameters, CancelToken());
        MemoryFault fault(number, kind);
        const Outcome outcome =
            OutcomeOf([&] { fresh->Search(vectors.row(0), query_count, parameters, CancelToken()); });
        const bool has_failed = fault.Stop();
        CHECK(outcome != Outcome::kOther);
        CHECK(fresh->Search(vectors.row(0), query_count, parameters, CancelToken()).counts ==
              std::vector<uint32_t>(query_count, 20));
        Add(*fresh, vectors.Slice(1100, 1300));
        CHECK(fresh->Search(vectors.row(0), query_count, {20, 50, true}, CancelToken()).ids ==
              index->Search(vectors.row(0), query_count, {20, 50, true}, CancelToken()).ids);
        (void)expected;
        return has_failed;
      });
    }
  }
}

// Whoever has no memory, the thread that searches or one that helps.
TEST_CASE("Memory: a failed search with help can be repeated") {
  constexpr size_t kWide = 64;
  IndexOptions options = OptionsFor(kWide, Metric::kL2, {3, 1});
  options.ef_construction = 10;
  options.segment_capacity = kScanLimit + 10;
  const Vectors vectors = RandomVectors(3 * options.segment_capacity, kWide, 7);
  const SearchParameters parameters{20, 60, false, true};
  const auto index = MakeIndex(options);
  Add(*index, vectors);
  const std::vector<uint64_t> expected = index->Search(vectors.row(0), 1, parameters, CancelToken()).ids;
  size_t failed_count = 0;
  for (int64_t number = 1; number < 40; ++number) {
    CAPTURE(number);
    // Without a reused search context.
    IndexImage image = index->Capture([](const IndexImage::Part&) { return false; }, CancelToken());
    const auto fresh = std::make_unique<Index>(options, std::move(image), false, CancelToken());
    MemoryFault fault(number, FaultKind::kOnce);
    const Outcome outcome = OutcomeOf([&] { fresh->Search(vectors.row(0), 1, parameters, CancelToken()); });
    fault.Stop();
    CHECK(outcome != Outcome::kOther);
    failed_count += outcome == Outcome::kOutOfMemory;
    CHECK(fresh->Search(vectors.row(0), 1, parameters, CancelToken()).ids == expected);
  }
  CHECK(failed_count > 10);
}

// Two segments with graphs, one that is scanned, some of each dead: every step of a merge.
TEST_CASE("Memory: a failed compaction leaves the index as it was") {
  const Vectors vectors = RandomVectors(2 * (kScanLimit + 10) + 30, kDimension, 9);
  ForRequests([&](int64_t number, FaultKind kind) {
    IndexOptions options = TestOptions(1);
    options.ef_construction = 10;
    options.segment_capacity = kScanLimit + 10;
    const auto index = MakeIndex(options);
    Add(*index, vectors);
    const Ids removed = IdRange(5, 8, 77);
    Remove(*index, removed);
    const IndexState before(*index);
    const_cast<IndexOptions&>(index->options()).segment_capacity = 1u << 20;
    MemoryFault fault(number, kind);
    const Outcome outcome = OutcomeOf([&] {
      CompactionProgress progress;
      Compaction compaction(*index, Compaction::Scope::kEverything, progress, CancelToken());
      try {
        compaction.Merge(CancelToken());
        compaction.Publish();
      } catch (...) {
        compaction.GiveUp();
        throw;
      }
    });
    const bool has_failed = fault.Stop();
    if (outcome != Outcome::kDone) {
      CHECK(outcome == Outcome::kOutOfMemory);
      CHECK(IndexState(*index) == before);
      CHECK(index->Get(0) == vectors.RowCopy(0));
      CHECK_FALSE(index->Has(removed[3]));
      CHECK(Compact(*index));
    }
    CHECK(index->snapshot()->views.size() == 1);
    CHECK(index->vector_count() == before.vector_count);
    const SegmentView view = index->snapshot()->views[0];
    CHECK(Violation(*view.segment, view.segment->slot_count()) == "");
    for (size_t row = 0; row < vectors.count(); row += 13) {
      const bool is_removed = std::find(removed.begin(), removed.end(), row) != removed.end();
      REQUIRE(index->Get(row) == (is_removed ? std::nullopt : std::optional(vectors.RowCopy(row))));
    }
    return has_failed;
  });
}

}  // namespace
}  // namespace segvec
