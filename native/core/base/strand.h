// Runs tasks one after another, in the order they were posted, on the shared pool.
//
// An index has one: its writers need no locks against each other, and the same calls in the same order build the
// same bytes.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <utility>

#include "base/thread_pool.h"

namespace segvec {

class Strand : public std::enable_shared_from_this<Strand> {
 public:
  // REQUIRES: `task` does not throw.
  void Post(std::function<void()> task) {
    {
      std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
      if (is_running_) return;
      is_running_ = true;
    }
    try {
      Schedule();
    } catch (...) {
      std::lock_guard lock(mutex_);
      tasks_.pop_back();
      is_running_ = false;
      throw;
    }
  }

 private:
  void Schedule() {
    ThreadPool::Shared().Post(ThreadPool::Priority::kBulk, [self = shared_from_this()] { self->RunOne(); });
  }

  // One task per turn, so that several strands share the pool fairly.
  void RunOne() {
    for (;;) {
      std::function<void()> task;
      {
        std::lock_guard lock(mutex_);
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task();
      task = nullptr;
      {
        std::lock_guard lock(mutex_);
        if (tasks_.empty()) {
          is_running_ = false;
          return;
        }
      }
      try {
        return Schedule();
      } catch (const std::bad_alloc&) {
        // Without memory for a turn of its own the next task has this one.
      }
    }
  }

  std::mutex mutex_;
  std::deque<std::function<void()>> tasks_;
  bool is_running_ = false;
};

}  // namespace segvec
