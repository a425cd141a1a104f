// hnswlib's own C++ code, compiled for this machine: what is left of hnswlib-node without JavaScript and without the
// missing instruction sets. Reads commands from stdin, answers each with one line of JSON on stdout.
//
//   hnswlib_headers <l2|cosine|ip> <dimension> <base.f32> <queries.f32>
//   build <M> <efConstruction> <threads>   ->  {"seconds": 1.5}
//   search <k> <ef>              ->  {"seconds": 0.1, "found": [[3, 1], ...]}
//   latency <k> <ef>             ->  [0.051, 0.048, ...], milliseconds of single searches
//
// Searches on one thread. Under cosine, vectors are normalized as hnswlib-node does: base and queries on the clock.

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "hnswlib.h"
#include "read_floats.h"

namespace {

// As in bench/ann/adapters/search-pass.ts: passes are repeated this long before and on the clock.
constexpr double kWarmUpSeconds = 0.05;
constexpr double kTimedSeconds = 0.2;
constexpr double kLatencySeconds = 0.5;
constexpr double kMostLatencySeconds = 4;
constexpr size_t kLeastLatencies = 2000;
constexpr size_t kSeed = 100;

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

class Bench {
 public:
  Bench(const std::string& metric, size_t dimension, const char* base, const char* queries)
      : dimension_(dimension), is_cosine_(metric == "cosine"), base_(ReadFloats(base)), queries_(ReadFloats(queries)),
        scratch_(dimension) {
    if (metric == "l2") space_ = std::make_unique<hnswlib::L2Space>(dimension);
    else space_ = std::make_unique<hnswlib::InnerProductSpace>(dimension);
  }

  // addPoint may be called from several threads at once, once there is an entry to the graph.
  void Build(size_t m, size_t ef_construction, size_t thread_count) {
    const size_t count = base_.size() / dimension_;
    index_.reset();
    const auto start = std::chrono::steady_clock::now();
    index_ = std::make_unique<hnswlib::HierarchicalNSW<float>>(space_.get(), count, m, ef_construction, kSeed);
    index_->addPoint(Ready(base_.data(), scratch_), 0);
    std::atomic<size_t> next{1};
    const auto add = [&] {
      std::vector<float> scratch(dimension_);
      for (size_t row; (row = next.fetch_add(1)) < count;) index_->addPoint(Ready(&base_[row * dimension_], scratch), row);
    };
    std::vector<std::thread> helpers;
    for (size_t i = 1; i < thread_count; ++i) helpers.emplace_back(add);
    add();
    for (std::thread& helper : helpers) helper.join();
    std::printf("{\"seconds\":%.9g}\n", SecondsSince(start));
  }

  void Search(size_t k, size_t ef) {
    if (!index_) throw std::runtime_error("search before build");
    const size_t count = queries_.size() / dimension_;
    index_->setEf(ef);
    const auto warm_up = std::chrono::steady_clock::now();
    for (size_t q = 0; SecondsSince(warm_up) < kWarmUpSeconds; q = (q + 1) % count) One(q, k);
    std::vector<std::vector<size_t>> found;
    size_t passes = 0;
    const auto start = std::chrono::steady_clock::now();
    do {
      found.clear();
      for (size_t q = 0; q < count; ++q) found.push_back(One(q, k));
      ++passes;
    } while (SecondsSince(start) < kTimedSeconds);
    std::printf("{\"seconds\":%.9g,\"found\":[", SecondsSince(start) / static_cast<double>(passes));
    for (size_t q = 0; q < count; ++q) {
      std::printf(q == 0 ? "[" : ",[");
      for (size_t i = 0; i < found[q].size(); ++i) std::printf(i == 0 ? "%zu" : ",%zu", found[q][i]);
      std::printf("]");
    }
    std::printf("]}\n");
  }

  // Prints the milliseconds of each of many single searches; how many is as in adapters/search-pass.ts.
  void Latency(size_t k, size_t ef) {
    if (!index_) throw std::runtime_error("latency before build");
    const size_t count = queries_.size() / dimension_;
    index_->setEf(ef);
    const auto warm_up = std::chrono::steady_clock::now();
    for (size_t q = 0; SecondsSince(warm_up) < kWarmUpSeconds; q = (q + 1) % count) One(q, k);
    std::vector<double> seconds;
    const auto begin = std::chrono::steady_clock::now();
    for (size_t q = 0;; q = (q + 1) % count) {
      const double elapsed = SecondsSince(begin);
      if (elapsed >= kLatencySeconds && (seconds.size() >= kLeastLatencies || elapsed >= kMostLatencySeconds)) break;
      const auto start = std::chrono::steady_clock::now();
      One(q, k);
      seconds.push_back(SecondsSince(start));
    }
    for (size_t i = 0; i < seconds.size(); ++i) std::printf(i == 0 ? "[%.6g" : ",%.6g", seconds[i] * 1e3);
    std::printf("]\n");
  }

 private:
  const float* Ready(const float* vector, std::vector<float>& scratch) const {
    if (!is_cosine_) return vector;
    float squares = 0;
    for (size_t i = 0; i < dimension_; ++i) squares += vector[i] * vector[i];
    const float scale = 1.0f / (std::sqrt(squares) + 1e-30f);
    for (size_t i = 0; i < dimension_; ++i) scratch[i] = vector[i] * scale;
    return scratch.data();
  }

  std::vector<size_t> One(size_t q, size_t k) {
    auto heap = index_->searchKnn(Ready(&queries_[q * dimension_], scratch_), k);
    std::vector<size_t> rows(heap.size());
    for (size_t i = heap.size(); i-- > 0; heap.pop()) rows[i] = heap.top().second;
    return rows;
  }

  size_t dimension_;
  bool is_cosine_;
  std::vector<float> base_;
  std::vector<float> queries_;
  std::vector<float> scratch_;
  std::unique_ptr<hnswlib::SpaceInterface<float>> space_;
  std::unique_ptr<hnswlib::HierarchicalNSW<float>> index_;
};

}  // namespace

int main(int count, char** arguments) try {
  if (count != 5) throw std::runtime_error("usage: hnswlib_headers <metric> <dimension> <base.f32> <queries.f32>");
  Bench bench(arguments[1], std::stoul(arguments[2]), arguments[3], arguments[4]);
  std::string command;
  size_t first = 0;
  size_t second = 0;
  while (std::cin >> command >> first >> second) {
    size_t threads = 0;
    if (command == "build" && std::cin >> threads) bench.Build(first, second, threads);
    else if (command == "search") bench.Search(first, second);
    else if (command == "latency") bench.Latency(first, second);
    else throw std::runtime_error("unknown command " + command);
    std::fflush(stdout);
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "hnswlib_headers: %s\n", error.what());
  return 1;
}
