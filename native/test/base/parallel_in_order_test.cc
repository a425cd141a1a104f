#include "base/parallel_in_order.h"

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "base/thread_pool.h"
#include "support/countdown.h"
#include "support/errors.h"

namespace segvec {
namespace {

using testing::Countdown;
using testing::ErrorTextOf;

constexpr int kThreads = 4;

TEST_CASE("ParallelInOrder: every index once, for any number of threads") {
  ThreadPool::Shared().EnsureThreads(kThreads);
  for (const int threads : {0, 1, 2, kThreads}) {
    for (const size_t count : {0, 1, 2, 500}) {
      std::vector<std::atomic<int>> calls(count);
      ParallelInOrder(count, threads, [&](size_t i) { ++calls[i]; });
      for (const std::atomic<int>& call : calls) CHECK(call == 1);
    }
  }
}

TEST_CASE("ParallelInOrder: several threads take part") {
  ThreadPool::Shared().EnsureThreads(kThreads);
  // Each body waits for all of them.
  Countdown all_started(kThreads);
  ParallelInOrder(kThreads, kThreads, [&](size_t) { all_started.CountDownAndWait(); });
  all_started.Wait();
}

TEST_CASE("ParallelInOrder: the smallest index that fails decides, even when a larger one fails before it") {
  ThreadPool::Shared().EnsureThreads(kThreads);
  for (const int threads : {1, 2, kThreads}) {
    for (int round = 0; round < 20; ++round) {
      std::atomic<size_t> done_below{0};
      const std::string error = ErrorTextOf([&] {
        ParallelInOrder(200, threads, [&](size_t i) {
          if (i == 30) std::this_thread::yield();
          if (i == 30 || i == 31 || i > 100) throw Error(ErrorCode::kCorrupt, "body " + std::to_string(i));
          done_below += i < 30;
        });
      });
      CHECK(error == "CORRUPT: body 30");
      CHECK(done_below == 30);
    }
  }
}

}  // namespace
}  // namespace segvec
