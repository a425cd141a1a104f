#include "base/thread_pool.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "support/countdown.h"
#include "support/errors.h"
#include "support/sanitizers.h"

namespace segvec {
namespace {

using Priority = ThreadPool::Priority;
using testing::Countdown;
using testing::Sized;

// The pool of this process has as many threads as its tests ever asked for, so all ask for the same number.
constexpr int kThreads = 4;

ThreadPool& Pool() {
  ThreadPool::Shared().EnsureThreads(kThreads);
  return ThreadPool::Shared();
}

TEST_CASE("ThreadPool: ParallelFor covers each index once") {
  for (const Priority priority : {Priority::kInteractive, Priority::kBulk}) {
    for (const size_t count : {0, 1, 2, 3, 7, 100, 5000}) {
      for (const int max_parallel : {-1, 0, 1, 2, 4, 100}) {
        std::vector<std::atomic<int>> visits(count);
        Pool().ParallelFor(count, max_parallel, priority, [&](size_t i) { visits[i].fetch_add(1); });
        CHECK(std::all_of(visits.begin(), visits.end(), [](const auto& visit) { return visit == 1; }));
      }
    }
  }
}

// Keeps more interactive tasks waiting than there are threads, until so many of them have run.
class Flood {
 public:
  explicit Flood(int task_count = 400'000, std::chrono::microseconds each = std::chrono::microseconds(20))
      : each_(each), left_(task_count) {
    for (int i = 0; i < 4 * kThreads; ++i) Post();
  }
  ~Flood() {
    left_ = 0;
    while (waiting_ > 0) std::this_thread::yield();
  }
  bool is_going() const { return left_ > 0; }

 private:
  void Post() {
    ++waiting_;
    Pool().Post(Priority::kInteractive, [this] {
      std::this_thread::sleep_for(each_);
      if (left_ > 0) {
        --left_;
        Post();
      }
      --waiting_;
    });
  }

  const std::chrono::microseconds each_;
  std::atomic<int> left_, waiting_{0};
};

TEST_CASE("ThreadPool: no work is passed over for ever") {
  Countdown done(2);
  const Flood flood;
  for (const Priority priority : {Priority::kBulk, Priority::kBackground}) Pool().Post(priority, [&] { done.CountDown(); });
  done.Wait();
  CHECK(flood.is_going());
}

TEST_CASE("ThreadPool: nor for long, where few pieces of work take long") {
  Countdown done(1);
  const Flood flood(12 * kThreads, std::chrono::milliseconds(20));  // fewer than may go first
  Pool().Post(Priority::kBulk, [&] { done.CountDown(); });
  done.Wait();
  CHECK(flood.is_going());
}

TEST_CASE("ThreadPool: whoever is let in for a loop does a part of it at a time") {
  std::atomic<bool> is_over{false}, has_come_back{false}, came_back_in_time{false};
  std::mutex helpers_mutex;
  std::set<std::thread::id> helpers;
  Countdown all_busy(kThreads), finished(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    Pool().Post(Priority::kBulk, [&] {
      all_busy.CountDownAndWait();
      const std::thread::id self = std::this_thread::get_id();
      while (!is_over) {
        Pool().YieldToInteractive();
        std::lock_guard lock(helpers_mutex);
        if (helpers.contains(self)) has_come_back = true;
      }
      finished.CountDown();
    });
  }
  all_busy.Wait();
  const std::thread::id caller = std::this_thread::get_id();
  Pool().ParallelFor(3000, kThreads, Priority::kInteractive, [&](size_t) {
    if (has_come_back) {
      came_back_in_time = true;
      return;
    }
    if (std::this_thread::get_id() != caller) {
      std::lock_guard lock(helpers_mutex);
      helpers.insert(std::this_thread::get_id());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  });
  CHECK(came_back_in_time);
  is_over = true;
  finished.Wait();
}

TEST_CASE("ThreadPool: who helps with a long loop leaves it after a while for work that waits") {
  Countdown all_helping(kThreads + 1), done(1);
  std::atomic<bool> is_done{false}, was_done_in_time{false};
  Pool().ParallelFor(3000, kThreads + 1, Priority::kInteractive, [&](size_t i) {
    if (i <= kThreads) all_helping.CountDownAndWait();
    if (i == 0) {
      Pool().Post(Priority::kBulk, [&] {
        is_done = true;
        done.CountDown();
      });
    }
    if (is_done) {
      was_done_in_time = true;
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  CHECK(was_done_in_time);
  done.Wait();
}

TEST_CASE("ThreadPool: whoever lets interactive work in goes on, however much there is") {
  Countdown done(2);
  const Flood flood;
  Pool().Post(Priority::kBulk, [&] {
    for (int i = 0; i < 100; ++i) Pool().YieldToInteractive();
    done.CountDown();
  });
  Pool().Post(Priority::kBackground, [&] {
    for (int i = 0; i < 100; ++i) Pool().YieldToAll();
    done.CountDown();
  });
  done.Wait();
  CHECK(flood.is_going());
}

TEST_CASE("ThreadPool: with one at a time ParallelFor stays on the calling thread") {
  std::set<std::thread::id> threads;
  Pool().ParallelFor(100, 1, Priority::kBulk, [&](size_t) { threads.insert(std::this_thread::get_id()); });
  CHECK(threads == std::set{std::this_thread::get_id()});
}

TEST_CASE("ThreadPool: ParallelFor runs no more at a time than asked") {
  for (const int max_parallel : {1, 2, 3}) {
    std::atomic<int> running{0}, most{0};
    Pool().ParallelFor(300, max_parallel, Priority::kBulk, [&](size_t) {
      const int now = ++running;
      int known = most;
      while (now > known && !most.compare_exchange_weak(known, now)) {
      }
      std::this_thread::yield();
      --running;
    });
    CHECK(most <= max_parallel);
  }
}

TEST_CASE("ThreadPool: ParallelFor runs on several threads") {
  // Every body waits for all of them, which only as many threads as bodies can satisfy.
  Countdown all_started(kThreads);
  Pool().ParallelFor(kThreads, kThreads, Priority::kBulk, [&](size_t) { all_started.CountDownAndWait(); });
  all_started.Wait();
}

TEST_CASE("ThreadPool: ParallelFor passes an exception on when all bodies have finished") {
  for (const int max_parallel : {1, 4}) {
    std::atomic<size_t> finished_count{0};
    const auto error = testing::ErrorOf([&] {
      Pool().ParallelFor(200, max_parallel, Priority::kBulk, [&](size_t i) {
        if (i % 50 == 7) {
          ++finished_count;
          throw Error(ErrorCode::kInvalidVector, "body " + std::to_string(i % 50));
        }
        std::this_thread::yield();
        ++finished_count;
      });
    });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::kInvalidVector);
    CHECK(std::string(error->what()) == "body 7");
    CHECK(finished_count == 200);
  }
  CHECK_THROWS_AS(
      Pool().ParallelFor(1, 1, Priority::kBulk, [](size_t) { throw std::runtime_error("not ours"); }),
      std::runtime_error);
}

TEST_CASE("ThreadPool: ParallelFor may be nested") {
  std::atomic<size_t> count{0};
  Pool().ParallelFor(8, 8, Priority::kBulk, [&](size_t) {
    Pool().ParallelFor(8, 8, Priority::kBulk, [&](size_t) {
      Pool().ParallelFor(4, 4, Priority::kInteractive, [&](size_t) { ++count; });
    });
  });
  CHECK(count == 8 * 8 * 4);
}

TEST_CASE("ThreadPool: many threads use it at once") {
  Pool();
  std::atomic<size_t> count{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&count, caller] {
      for (size_t round = 0; round < Sized(200, 40); ++round) {
        const Priority priority = caller % 2 == 0 ? Priority::kBulk : Priority::kInteractive;
        Pool().ParallelFor(16, 3, priority, [&](size_t) {
          ++count;
          Pool().YieldToInteractive();
        });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(count == 4 * Sized(200, 40) * 16);
}

TEST_CASE("ThreadPool: interactive work runs while bulk work keeps every thread busy") {
  std::mutex mutex;
  std::set<std::thread::id> bulk_threads;
  std::thread::id interactive_thread;
  Countdown all_busy(kThreads), bulk_finished(kThreads);
  std::atomic<bool> is_done{false};
  for (int i = 0; i < kThreads; ++i) {
    Pool().Post(Priority::kBulk, [&] {
      {
        std::lock_guard lock(mutex);
        bulk_threads.insert(std::this_thread::get_id());
      }
      all_busy.CountDownAndWait();
      while (!is_done) {
        Pool().YieldToInteractive();
        std::this_thread::yield();
      }
      bulk_finished.CountDown();
    });
  }
  all_busy.Wait();
  Pool().Post(Priority::kInteractive, [&] {
    interactive_thread = std::this_thread::get_id();
    is_done = true;
  });
  bulk_finished.Wait();
  CHECK(bulk_threads.size() == kThreads);
  CHECK(bulk_threads.count(interactive_thread) == 1);
}

TEST_CASE("ThreadPool: waiting interactive work goes before waiting bulk work") {
  Countdown all_busy(kThreads), may_go(1), may_end(1), finished(kThreads + 4);
  for (int i = 0; i < kThreads; ++i) {
    Countdown& gate = i == 0 ? may_go : may_end;
    Pool().Post(Priority::kBulk, [&] {
      all_busy.CountDownAndWait();
      gate.Wait();
      finished.CountDown();
    });
  }
  all_busy.Wait();
  std::string order;  // written by the one thread that is let go
  const auto post = [&](Priority priority, char name) {
    Pool().Post(priority, [&order, &finished, &may_end, name] {
      order += name;
      if (order.size() == 4) may_end.CountDown();
      finished.CountDown();
    });
  };
  post(Priority::kBulk, 'a');
  post(Priority::kInteractive, 'x');
  post(Priority::kBulk, 'b');
  post(Priority::kInteractive, 'y');
  may_go.CountDown();
  finished.Wait();
  CHECK(order == "xyab");
}

// Runs `body` as help is called for, again until a thread of the pool has come.
template <class Body>
void UntilHelped(size_t count, const Body& body) {
  const std::thread::id caller = std::this_thread::get_id();
  for (std::atomic<bool> is_helped{false}; !is_helped;) {
    Pool().ParallelForIfIdle(count, kThreads, [&](size_t i) {
      if (std::this_thread::get_id() != caller) is_helped = true;
      body(i);
    });
  }
}

TEST_CASE("ThreadPool: idle threads help, each index once") {
  const size_t count = 20;
  std::vector<std::atomic<int>> visits(count);
  std::atomic<int> round_count{0};
  UntilHelped(count, [&](size_t i) {
    if (i == 0) ++round_count;
    ++visits[i];
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  });
  CHECK(std::all_of(visits.begin(), visits.end(), [&](const auto& visit) { return visit == round_count; }));
  Pool().ParallelForIfIdle(0, kThreads, [](size_t) { FAIL("there is nothing to do"); });
}

TEST_CASE("ThreadPool: what a helper throws reaches the caller when all bodies have finished") {
  const std::thread::id caller = std::this_thread::get_id();
  std::string code = "none";
  while (code == "none") {
    std::atomic<size_t> finished_count{0};
    code = testing::ErrorCodeOf([&] {
      Pool().ParallelForIfIdle(20, kThreads, [&](size_t) {
        std::this_thread::sleep_for(std::chrono::microseconds(100));
        ++finished_count;
        if (std::this_thread::get_id() != caller) throw Error(ErrorCode::kOutOfMemory, "in a helper");
      });
    });
    CHECK(finished_count == 20);
  }
  CHECK(code == "OUT_OF_MEMORY");
}

TEST_CASE("ThreadPool: nobody who is busy is asked for help") {
  Countdown all_busy(kThreads), may_end(1), finished(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    Pool().Post(Priority::kBackground, [&] {
      all_busy.CountDownAndWait();
      may_end.Wait();
      finished.CountDown();
    });
  }
  all_busy.Wait();
  std::set<std::thread::id> threads;
  Pool().ParallelForIfIdle(100, kThreads, [&](size_t) { threads.insert(std::this_thread::get_id()); });
  CHECK(threads == std::set{std::this_thread::get_id()});
  may_end.CountDown();
  finished.Wait();
}

TEST_CASE("ThreadPool: a helper leaves for work that waits") {
  Countdown others_busy(kThreads), may_end(1), finished(kThreads - 1);
  for (int i = 0; i < kThreads - 1; ++i) {
    Pool().Post(Priority::kBackground, [&] {
      others_busy.CountDownAndWait();
      may_end.Wait();
      finished.CountDown();
    });
  }
  others_busy.CountDownAndWait();
  const std::thread::id caller = std::this_thread::get_id();
  size_t body_count = 0;  // of the one helper there can be
  std::thread::id helper, worker;
  Countdown has_worked(1);
  UntilHelped(200, [&](size_t) {
    std::this_thread::sleep_for(std::chrono::microseconds(100));
    if (std::this_thread::get_id() == caller || ++body_count > 1) return;
    helper = std::this_thread::get_id();
    Pool().Post(Priority::kInteractive, [&] {
      worker = std::this_thread::get_id();
      has_worked.CountDown();
    });
  });
  has_worked.Wait();
  CHECK(worker == helper);
  CHECK(body_count == 1);
  may_end.CountDown();
  finished.Wait();
}

TEST_CASE("ThreadPool: YieldToInteractive returns at once when nothing waits") {
  Pool().YieldToInteractive();
  CHECK(true);
}

}  // namespace
}  // namespace segvec
