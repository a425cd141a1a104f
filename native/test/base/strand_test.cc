#include "base/strand.h"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "base/thread_pool.h"
#include "support/countdown.h"

namespace segvec {
namespace {

using testing::Countdown;

std::shared_ptr<Strand> MakeStrand() {
  ThreadPool::Shared().EnsureThreads(4);
  return std::make_shared<Strand>();
}

TEST_CASE("Strand: runs tasks in the order they were posted, one at a time") {
  constexpr int kCount = 2000;
  const auto strand = MakeStrand();
  std::vector<int> order;  // no lock: that is the point
  Countdown finished(kCount);
  for (int i = 0; i < kCount; ++i) {
    strand->Post([&order, &finished, i] {
      order.push_back(i);
      finished.CountDown();
    });
  }
  finished.Wait();
  REQUIRE(order.size() == kCount);
  for (int i = 0; i < kCount; ++i) REQUIRE(order[static_cast<size_t>(i)] == i);
}

TEST_CASE("Strand: keeps each poster's order when several threads post") {
  constexpr int kPosters = 4, kCount = 500;
  const auto strand = MakeStrand();
  std::vector<int> last(kPosters, -1);
  int wrong_count = 0;
  Countdown finished(kPosters * kCount);
  std::vector<std::thread> posters;
  for (int poster = 0; poster < kPosters; ++poster) {
    posters.emplace_back([&, poster] {
      for (int i = 0; i < kCount; ++i) {
        strand->Post([&, poster, i] {
          int& previous = last[static_cast<size_t>(poster)];
          wrong_count += previous != i - 1;
          previous = i;
          finished.CountDown();
        });
      }
    });
  }
  for (std::thread& poster : posters) poster.join();
  finished.Wait();
  CHECK(wrong_count == 0);
}

TEST_CASE("Strand: a task may post to its own strand, and may use the pool") {
  const auto strand = MakeStrand();
  std::vector<int> order;
  Countdown finished(3);
  strand->Post([&] {
    strand->Post([&] {
      order.push_back(3);
      finished.CountDown();
    });
    order.push_back(1);
    finished.CountDown();
  });
  std::atomic<int> sum{0};
  strand->Post([&] {
    ThreadPool::Shared().ParallelFor(10, 4, ThreadPool::Priority::kBulk, [&](size_t) { ++sum; });
    order.push_back(2);
    finished.CountDown();
  });
  finished.Wait();
  CHECK(sum == 10);
  // The first task may have run before the second one was posted.
  CHECK((order == std::vector{1, 2, 3} || order == std::vector{1, 3, 2}));
}

TEST_CASE("Strand: two strands make progress side by side") {
  const auto first = MakeStrand(), second = MakeStrand();
  Countdown met(2), finished(2);
  for (const auto& strand : {first, second}) {
    strand->Post([&] {
      met.CountDownAndWait();
      finished.CountDown();
    });
  }
  finished.Wait();

}

TEST_CASE("Strand: lives until its tasks are done") {
  auto strand = MakeStrand();
  Countdown may_run(1), finished(100);
  for (int i = 0; i < 100; ++i) {
    strand->Post([&] {
      may_run.Wait();
      finished.CountDown();
    });
  }
  strand.reset();
  may_run.CountDown();
  finished.Wait();

}

}  // namespace
}  // namespace segvec
