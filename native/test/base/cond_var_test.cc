#include "base/cond_var.h"

#include <doctest/doctest.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

namespace segvec {
namespace {

TEST_CASE("CondVar: waits for the condition, not for the signal") {
  std::mutex mutex;
  CondVar changed;
  int value = 0;
  std::atomic<int> woken_count{0};
  std::vector<std::thread> waiters;
  for (int i = 0; i < 3; ++i) {
    waiters.emplace_back([&] {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return value == 2; });
      ++woken_count;
    });
  }
  for (int next = 1; next <= 2; ++next) {
    {
      std::lock_guard lock(mutex);
      CHECK(woken_count == 0);
      value = next;
    }
    changed.notify_one();
    changed.notify_all();
  }
  for (std::thread& waiter : waiters) waiter.join();
  CHECK(woken_count == 3);
}

}  // namespace
}  // namespace segvec
