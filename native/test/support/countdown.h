// Waits until something has happened `count` times.
//
// Why not std::latch: the thread that counts down to zero may still be inside it when the waiting one destroys it.
#pragma once

#include <condition_variable>
#include <mutex>

namespace segvec::testing {

class Countdown {
 public:
  explicit Countdown(int count) : count_(count) {}

  void CountDown() {
    std::lock_guard lock(mutex_);
    if (--count_ == 0) reached_.notify_all();
  }
  void Wait() {
    std::unique_lock lock(mutex_);
    reached_.wait(lock, [this] { return count_ <= 0; });
  }
  void CountDownAndWait() {
    CountDown();
    Wait();
  }

 private:
  std::mutex mutex_;
  std::condition_variable reached_;
  int count_;
};

}  // namespace segvec::testing
