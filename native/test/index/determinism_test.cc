// The same options and the same adds build the same bytes.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "index/index.h"
#include "support/index_of.h"
#include "support/names.h"
#include "support/sanitizers.h"
#include "support/vectors.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

const Vectors& TestVectors() {
  static const Vectors vectors = ClusteredVectors(Sized(3000, 1700, 1300), 16, 30, 1);
  return vectors;
}

uint64_t FingerprintOf(const IndexOptions& options, size_t batch) {
  const auto index = MakeIndex(options);
  const Vectors& vectors = TestVectors();
  for (size_t begin = 0; begin < vectors.count(); begin += batch) {
    Add(*index, vectors.Slice(begin, std::min(vectors.count(), begin + batch)));
  }
  return index->Fingerprint();
}

TEST_CASE("Determinism: equal options and adds give equal indexes, however the threads run") {
  for (const Metric metric : kMetrics) {
    for (const int segments : {1, 3}) {
      for (const size_t batch : {size_t{4000}, size_t{777}}) {
        for (const uint32_t capacity : {1u << 20, 600u}) {
          CAPTURE(Name(metric));
          CAPTURE(segments);
          CAPTURE(batch);
          CAPTURE(capacity);
          IndexOptions options = OptionsFor(16, metric, {1, segments});
          options.segment_capacity = capacity;
          const uint64_t fingerprint = FingerprintOf(options, batch);
          for (const int threads : {1, 2, 4, 8}) {
            if (kIsSanitized && threads != 4) continue;
            options.threads = threads;
            CHECK(FingerprintOf(options, batch) == fingerprint);
          }
        }
      }
    }
  }
}

TEST_CASE("Determinism: searches meanwhile change nothing") {
  const IndexOptions options = OptionsFor(16, Metric::kL2, {2, 2});
  const uint64_t expected = FingerprintOf(options, 500);
  const auto index = MakeIndex(options);
  const Vectors& vectors = TestVectors();
  std::atomic<bool> is_done{false};
  std::thread searcher([&] {
    while (!is_done) index->Search(vectors.row(0), 20, {10, 50, false}, CancelToken());
  });
  for (size_t begin = 0; begin < vectors.count(); begin += 500) {
    Add(*index, vectors.Slice(begin, std::min(vectors.count(), begin + 500)));
  }
  is_done = true;
  searcher.join();
  CHECK(index->Fingerprint() == expected);
}

TEST_CASE("Determinism: every option that shapes the index shows") {
  const IndexOptions options = OptionsFor(16, Metric::kL2, {2, 1});  // all rows in one segment, so that it has a graph
  const uint64_t fingerprint = FingerprintOf(options, 4000);
  const auto differs = [&](auto change) {
    IndexOptions other = options;
    change(other);
    return FingerprintOf(other, 4000) != fingerprint;
  };
  CHECK(differs([](IndexOptions& other) { other.seed = 2; }));
  CHECK(differs([](IndexOptions& other) { other.M = 8; }));
  CHECK(differs([](IndexOptions& other) { other.quantization = Quantization::kNone; }));
  CHECK(differs([](IndexOptions& other) { other.ef_construction = 20; }));
  CHECK(differs([](IndexOptions& other) { other.growing_segments = 3; }));
  CHECK(differs([](IndexOptions& other) { other.metric = Metric::kIp; }));
  CHECK(differs([](IndexOptions& other) { other.segment_capacity = 500; }));
  CHECK(FingerprintOf(options, 1000) != fingerprint);
}

}  // namespace
}  // namespace segvec
