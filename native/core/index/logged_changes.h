// The changes of an index whose log makes each of them safe before it is made.
//
// Life of a change: made and announced by whoever posts its turn to the writer (JavaScript's thread) -> logged together
// with others that wait, by whoever gets there first (the turn itself, or a task that logs ahead while the turn before
// it works) -> made, in its turn (Perform) -> concluded: taken back in the log if it failed for a reason that would not
// be there when the log is replayed.
//
// Thread safety: Announce() by one thread at a time; Perform() and Conclude() in the writer's turn; all of them at once.
// Invariant: changes are logged in the order of their turns.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "base/cancel_token.h"
#include "index/index.h"
#include "index/index_directory.h"
#include "index/stage.h"
#include "storage/log_file.h"

namespace segvec {

class LoggedChanges : public std::enable_shared_from_this<LoggedChanges> {
 public:
  class Change {
   public:
    // `type`: not kCancel.
    Change(LogRecordType type, std::shared_ptr<Stage> stage, std::shared_ptr<CancelToken> cancel);

   private:
    friend class LoggedChanges;
    enum class State { kNew, kWaiting, kDecided };

    size_t byte_count() const;  // about
    LogRecord record() const;

    const LogRecordType type_;
    const std::shared_ptr<Stage> stage_;
    const std::shared_ptr<CancelToken> cancel_;
    // Its place in the queue, and its number in the log: lists of one, so that neither announcing nor cancelling needs
    // memory.
    std::list<std::shared_ptr<Change>> ticket_{nullptr};
    std::list<uint64_t> sequence_{0};  // 0 until it is logged
    State state_ = State::kNew;   // guarded by queue_mutex_
    std::exception_ptr refusal_;  // why it was not logged; not touched once that is decided
    bool is_settled_ = false;     // made, or failed as it will when it is replayed
  };

  // The index is that of the directory, opened with logs_changes.
  LoggedChanges(std::shared_ptr<Index> index, std::shared_ptr<IndexDirectory> directory);

  std::shared_ptr<Change> Make(LogRecordType type, std::shared_ptr<Stage> stage, std::shared_ptr<CancelToken> cancel);
  // Lets a change be logged ahead of its turn. REQUIRES: its turn has been posted, after those announced before.
  void Announce(const std::shared_ptr<Change>& change) noexcept;

  struct Result {
    std::vector<uint64_t> assigned_ids;  // of an add or upsert, as Index::Add returns them
    size_t removed_count = 0;            // of a remove
  };
  // Logs the change if that has not been done, and makes it. Errors: kIo when it could not be logged, and those of
  // Index::Add(), Upsert() and Remove(); nothing is changed then.
  Result Perform(const std::shared_ptr<Change>& change);
  // Ends the turn of a change, whether or not it was performed. Returns why one that failed may be there again after a crash all the
  // same; else null.
  std::exception_ptr Conclude(const std::shared_ptr<Change>& change) noexcept;

  // Lets go of index and directory. REQUIRES: no change is on its way.
  void Close();

 private:
  using Group = std::vector<std::shared_ptr<Change>>;

  bool IsDecided(const Change& change);
  // Logs some of what waits, the change whose turn it is among it, if one is given.
  void LogWaiting(const std::shared_ptr<Change>& turn);
  // Nobody will log the change from here on, if nobody has.
  void Withdraw(const std::shared_ptr<Change>& change) noexcept;
  // REQUIRES: log_mutex_ held.
  void LogGroup(const Group& group) noexcept;
  void LogAhead() noexcept;

  std::mutex log_mutex_;  // taken first: who holds it logs
  std::shared_ptr<Index> index_;
  std::shared_ptr<IndexDirectory> directory_;

  std::mutex queue_mutex_;
  std::list<std::shared_ptr<Change>> waiting_;
  std::atomic<bool> is_logging_ahead_{false};
};

}  // namespace segvec
