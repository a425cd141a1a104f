// Random sequences of operations on an index and on a model of it, side by side.
//
// SEGVEC_TEST_SEED=<number> tries another sequence; the seed is printed with every failure.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "index/index.h"
#include "reference/index_model.h"
#include "support/errors.h"
#include "support/index_of.h"
#include "support/names.h"
#include "support/sanitizers.h"
#include "support/vectors.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

constexpr size_t kDimension = 16;

uint64_t FirstSeed() {
  const char* text = std::getenv("SEGVEC_TEST_SEED");
  return text == nullptr ? 1 : std::strtoull(text, nullptr, 10);
}

class Sequence {
 public:
  Sequence(uint64_t seed, Metric metric) : dice_(seed), metric_(metric), model_(metric, kDimension) {
    const int threads = 1 + static_cast<int>(dice_.Below(4));
    IndexOptions options = OptionsFor(kDimension, metric, {threads, 1 + static_cast<int>(dice_.Below(3))});
    options.quantization = dice_.Below(2) == 0 ? Quantization::kNone : Quantization::kInt8;
    options.seed = seed;
    options.M = 8 + static_cast<uint32_t>(dice_.Below(12));
    const uint32_t capacities[] = {50, 700, 1100, 2000, 1u << 20};
    options.segment_capacity = capacities[dice_.Below(5)];
    index_ = MakeIndex(options);
  }

  void Step() {
    switch (dice_.Below(18)) {
      case 0:
      case 1: return AddRows(true);
      case 2:
      case 3: return AddRows(false);
      case 4: return AddTakenId();
      case 5: return AddBadRow();
      case 6: return CancelRows();
      case 7: return LookUp();
      case 8: return SearchExactly();
      case 9:
      case 10: return UpsertRows();
      case 11: return UpsertRepeatedId();
      case 12:
      case 13: return RemoveIds();
      case 14: return CompactSegments();
      default: return SearchNearly();
    }
  }

  double MeanRecall() const {
    return asked_count_ == 0 ? 1 : static_cast<double>(found_count_) / static_cast<double>(asked_count_);
  }

 private:
  // Mostly small batches, sometimes large ones.
  Vectors NextBatch() {
    const size_t largest[] = {1, 5, 100, Sized(1500, 900, 500)};
    return NextVectors(1 + dice_.Below(largest[dice_.Below(4)]));
  }
  // Distances between these are exact, and many of them equal.
  Vectors NextVectors(size_t count) {
    return metric_ == Metric::kCosine ? SignVectors(count, kDimension, dice_.Word())
                                      : WholeVectors(count, kDimension, 3, dice_.Word());
  }
  Ids FreeIds(size_t count) {
    std::set<uint64_t> ids;
    while (ids.size() < count) {
      const uint64_t id = dice_.Below(1'000'000);
      if (!model_.Get(id)) ids.insert(id);
    }
    Ids list(ids.begin(), ids.end());
    dice_.Shuffle(list);
    return list;
  }
  uint64_t SomeId() { return known_ids_.empty() ? 0 : known_ids_[dice_.Below(known_ids_.size())]; }

  void AddRows(bool is_automatic) {
    const Vectors batch = NextBatch();
    Ids ids;
    if (is_automatic) {
      ids = Add(*index_, batch);
      CHECK(ids == model_.AutomaticIds(batch.count()));
    } else {
      ids = FreeIds(batch.count());
      Add(*index_, batch, ids);
    }
    for (size_t row = 0; row < batch.count(); ++row) model_.Add(ids[row], batch.RowCopy(row));
    known_ids_.insert(known_ids_.end(), ids.begin(), ids.end());
    CHECK(index_->vector_count() == model_.size());
  }

  // Some of them known, some new.
  Ids MixedIds(size_t count) {
    std::set<uint64_t> ids;
    while (ids.size() < count) ids.insert(dice_.Below(3) == 0 ? dice_.Below(1'000'000) : SomeId() + dice_.Below(3));
    Ids list(ids.begin(), ids.end());
    dice_.Shuffle(list);
    return list;
  }

  void UpsertRows() {
    const Vectors batch = NextBatch();
    const Ids ids = MixedIds(batch.count());
    Upsert(*index_, batch, ids);
    for (size_t row = 0; row < batch.count(); ++row) model_.Add(ids[row], batch.RowCopy(row));
    known_ids_.insert(known_ids_.end(), ids.begin(), ids.end());
    CHECK(index_->vector_count() == model_.size());
    for (const uint64_t id : ids) REQUIRE(index_->Get(id) == model_.Get(id));
  }

  // Rows are removed and added while segments are merged.
  void CompactSegments() {
    CompactionProgress progress;
    const auto scope = dice_.Below(3) == 0 ? Compaction::Scope::kWorthwhile : Compaction::Scope::kEverything;
    Compaction compaction(*index_, scope, progress, CancelToken());
    if (compaction.is_empty()) return;
    if (dice_.Below(2) == 0) RemoveIds();
    compaction.Merge(CancelToken());
    if (dice_.Below(2) == 0) UpsertRows();
    if (dice_.Below(4) == 0) {
      compaction.GiveUp();
    } else {
      compaction.Publish();
    }
    CHECK(index_->vector_count() == model_.size());
    for (const uint64_t id : known_ids_) REQUIRE(index_->Get(id) == model_.Get(id));
  }

  void UpsertRepeatedId() {
    const Vectors batch = NextBatch();
    Ids ids = MixedIds(batch.count());
    ids[dice_.Below(ids.size())] = ids[dice_.Below(ids.size())];
    const auto repeated_row = model_.FirstRepeatedRow(ids);
    if (!repeated_row) return;
    const IndexState before(*index_);
    CHECK(StartsWith(ErrorTextOf([&] { Upsert(*index_, batch, ids); }),
                     "DUPLICATE_ID: row " + std::to_string(*repeated_row) + ": id " +
                         std::to_string(ids[*repeated_row])));
    CHECK(IndexState(*index_) == before);
    for (const uint64_t id : ids) REQUIRE(index_->Get(id) == model_.Get(id));
  }

  // Mostly a few ids, sometimes nearly all there are.
  void RemoveIds() {
    Ids ids;
    if (dice_.Below(4) == 0) {
      ids = model_.Ids();
      const uint64_t kept_share = 1 + dice_.Below(4);
      std::erase_if(ids, [&](uint64_t) { return dice_.Below(10) < kept_share; });
    } else {
      const size_t count = 1 + dice_.Below(50);
      for (size_t i = 0; i < count; ++i) ids.push_back(dice_.Below(3) == 0 ? dice_.Below(1'000'000) : SomeId());
    }
    dice_.Shuffle(ids);
    size_t expected_count = 0;
    for (const uint64_t id : ids) expected_count += model_.Remove(id);
    CHECK(Remove(*index_, ids) == expected_count);
    CHECK(index_->vector_count() == model_.size());
    for (const uint64_t id : ids) REQUIRE_FALSE(index_->Has(id));
  }

  void AddTakenId() {
    const Vectors batch = NextBatch();
    Ids ids = FreeIds(batch.count());
    if (dice_.Below(2) == 0) ids[dice_.Below(ids.size())] = SomeId();
    if (dice_.Below(2) == 0) ids[dice_.Below(ids.size())] = ids[dice_.Below(ids.size())];
    const auto taken_row = model_.FirstTakenRow(ids);
    if (!taken_row) return;
    const IndexState before(*index_);
    CHECK(StartsWith(ErrorTextOf([&] { Add(*index_, batch, ids); }),
                     "DUPLICATE_ID: row " + std::to_string(*taken_row) + ": id " + std::to_string(ids[*taken_row])));
    CHECK(IndexState(*index_) == before);
    for (const uint64_t id : ids) REQUIRE(index_->Has(id) == model_.Get(id).has_value());
  }

  void AddBadRow() {
    Vectors batch = NextBatch();
    const size_t row = dice_.Below(batch.count()), position = dice_.Below(kDimension);
    batch.row(row)[position] = std::numeric_limits<float>::quiet_NaN();
    const IndexState before(*index_);
    CHECK(StartsWith(ErrorTextOf([&] { Add(*index_, batch); }), "INVALID_VECTOR: row " + std::to_string(row) +
                                                                    ", position " + std::to_string(position)));
    CHECK(IndexState(*index_) == before);
  }

  void CancelRows() {
    const Vectors batch = NextVectors(1 + dice_.Below(Sized(2500, 1500, 1200)));
    const auto stage = StageOf(batch);
    const bool is_upsert = dice_.Below(2) == 0;
    stage->ids = is_upsert ? MixedIds(batch.count()) : FreeIds(batch.count());
    const Ids ids = stage->ids;
    const size_t after = dice_.Below(batch.count());
    CancelToken cancel;
    std::thread canceller([&] {
      while (stage->inserted_count < after) std::this_thread::sleep_for(std::chrono::microseconds(20));
      cancel.Cancel();
    });
    const std::string code = ErrorCodeOf([&] {
      if (is_upsert) {
        index_->Upsert(*stage, cancel);
      } else {
        index_->Add(*stage, cancel);
      }
    });
    canceller.join();
    if (code == "none") {
      for (size_t row = 0; row < batch.count(); ++row) model_.Add(ids[row], batch.RowCopy(row));
      known_ids_.insert(known_ids_.end(), ids.begin(), ids.end());
    } else {
      CHECK(code == "ABORTED");
    }
    CHECK(index_->vector_count() == model_.size());
    for (const uint64_t id : ids) REQUIRE(index_->Get(id) == model_.Get(id));
  }

  void LookUp() {
    for (int i = 0; i < 20; ++i) {
      const uint64_t id = i % 2 == 0 ? SomeId() : dice_.Below(1'000'000);
      CHECK(index_->Get(id) == model_.Get(id));
      CHECK(index_->Has(id) == model_.Get(id).has_value());
    }
  }

  void SearchExactly() {
    const Vectors query = NextVectors(1);
    const size_t k = dice_.Below(30);
    CHECK(AreEqual(ExactSearch(*index_, query.row(0), k), model_.Nearest(query.row(0), k)));
  }

  void SearchNearly() {
    const Vectors query = NextVectors(1);
    const size_t k = 1 + dice_.Below(20);
    const auto results = Search(*index_, query.row(0), k, 200);
    const auto expected = model_.Nearest(query.row(0), k);
    CHECK(results.size() == expected.size());
    std::set<uint64_t> ids;
    for (size_t i = 0; i < results.size(); ++i) {
      ids.insert(results[i].id);
      const auto vector = model_.Get(results[i].id);
      REQUIRE(vector.has_value());
      REQUIRE(double{results[i].distance} == reference::Distance(metric_, query.row(0), vector->data(), kDimension));
      if (i > 0) {
        REQUIRE(reference::IsNearer({results[i - 1].distance, results[i - 1].id},
                                    {results[i].distance, results[i].id}));
      }
      found_count_ += results[i].distance <= expected.back().distance;
    }
    CHECK(ids.size() == results.size());
    asked_count_ += expected.size();
  }

  Dice dice_;
  Metric metric_;
  reference::IndexModel model_;
  std::unique_ptr<Index> index_;
  Ids known_ids_;
  size_t found_count_ = 0, asked_count_ = 0;
};

TEST_CASE("Random operations: an index does what its model does") {
  const uint64_t first_seed = FirstSeed();
  for (uint64_t seed = first_seed; seed < first_seed + Sized(8, 3, 2); ++seed) {
    CAPTURE(seed);
    const Metric metric = kMetrics[seed % std::size(kMetrics)];
    Sequence sequence(seed, metric);
    for (size_t step = 0; step < Sized(100, 60, 30); ++step) {
      CAPTURE(step);
      sequence.Step();
    }
    CHECK(sequence.MeanRecall() >= 0.97);
  }
}

}  // namespace
}  // namespace segvec
