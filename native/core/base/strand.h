// Runs tasks one after another, in the order they were posted, on the shared pool.
//
// An index has one: its writers need no locks against each other, and the same calls in the same order build the
// same bytes.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <new>
#include <utility>

#include "base/thread_pool.h"

namespace segvec {

class Strand : public std::enable_shared_from_this<Strand> {
 public:
  // A task in the making: all the memory that posting it takes.
  using Ticket = std::list<std::function<void()>>;

  // REQUIRES: `task` does not throw.
  void Post(std::function<void()> task) {
    Ticket ticket;
    ticket.push_back(std::move(task));
    const auto posted = ticket.begin();
    {
      std::lock_guard lock(mutex_);
      tasks_.splice(tasks_.end(), ticket);
      if (is_running_) return;
      is_running_ = true;
    }
    try {
      Schedule();
    } catch (...) {
      std::lock_guard lock(mutex_);
      tasks_.erase(posted);
      is_running_ = false;
      throw;
    }
  }

  // Posts the one task of the ticket without fail, if need be by running on this thread what waits.
  // REQUIRES: called from a thread of the pool.
  void Post(Ticket ticket) noexcept {
    {
      std::lock_guard lock(mutex_);
      tasks_.splice(tasks_.end(), ticket);
      if (is_running_) return;
      is_running_ = true;
    }
    try {
      Schedule();
    } catch (const std::bad_alloc&) {
      RunOne();
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
  Ticket tasks_;
  bool is_running_ = false;
};

}  // namespace segvec
