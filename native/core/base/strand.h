// Runs tasks one after another, in the order they were posted, on the shared pool.
//
// An index has one: its writers need no locks against each other, and the same calls in the same order build the
// same bytes.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "base/thread_pool.h"

namespace segvec {

class Strand : public std::enable_shared_from_this<Strand> {
 public:
  // A task and all the memory that posting it takes: that of a turn on the pool, in which the first of all tasks is run, too.
  struct Ticket {
    ThreadPool::Ticket task, turn;
  };

  // REQUIRES: `task` does not throw. Throws std::bad_alloc.
  Ticket Prepare(std::function<void()> task) {
    Ticket ticket;
    ticket.task.push_back(std::move(task));
    ticket.turn.push_back([self = shared_from_this()] { self->RunOne(); });
    return ticket;
  }

  // Throws std::bad_alloc; nothing has been posted then.
  void Post(std::function<void()> task) { Post(Prepare(std::move(task))); }
  // REQUIRES: the ticket was prepared by this strand.
  void Post(Ticket ticket) noexcept {
    {
      std::lock_guard lock(mutex_);
      tasks_.splice(tasks_.end(), ticket.task);
      turns_.splice(turns_.end(), ticket.turn);
      if (is_running_) return;
      is_running_ = true;
    }
    TakeTurn();
  }

 private:
  void TakeTurn() noexcept {
    ThreadPool::Ticket turn;
    {
      std::lock_guard lock(mutex_);
      turn.splice(turn.end(), turns_, turns_.begin());
    }
    ThreadPool::Shared().Post(ThreadPool::Priority::kBulk, std::move(turn));
  }

  // One task per turn, so that several strands share the pool fairly.
  void RunOne() {
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
    TakeTurn();
  }

  std::mutex mutex_;
  ThreadPool::Ticket tasks_;
  ThreadPool::Ticket turns_;  // one for each task that waits
  bool is_running_ = false;
};

}  // namespace segvec
