// The log between commits as a writer goes on with it: each change is made safe before it is made.
//
// A file is written from its start to its end and given up at the first failure, never to be synced again; the next
// change begins another, whose header says how much of the former one counts. Nothing is written to a file that was
// there when the index was opened.
//
// Changes have sequence numbers, one after another. A change that is logged and then fails for a reason that will not
// be there another time (memory, an abort) is cancelled: a record says that it never came to be. No later change may be
// acknowledged before that is safe (Settle).
//
// Thread safety: all methods may be called from any thread. Errors: those of Env.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "storage/log_chain.h"
#include "storage/log_file.h"
#include "storage/store.h"

namespace segvec {

class ChangeLog {
 public:
  // Goes on where `chain` ends, behind its LastFile(). `store` outlives it.
  ChangeLog(const Store& store, const Uuid& uuid, const LogChain& chain, const LogChain::File& last);

  // Logs changes, all or none: when it returns they are safe. Returns the sequence number of the first. `poll`: as for
  // LogFileWriter::Write.
  uint64_t Append(std::span<const LogRecord> changes, uint64_t generation, const std::function<void()>& poll);

  // Takes back a logged change, whose number is the one element of the list. If that cannot be made safe now, Settle()
  // or the next Append() does it, and the reason is returned; else null.
  std::exception_ptr Cancel(std::list<uint64_t>& sequence, uint64_t generation) noexcept;
  // Makes sure that what was cancelled stays so.
  void Settle(uint64_t generation);

  // The changes up to `change_count` are about to be stored in a generation: what comes next goes to another file.
  // Returns the number of the first file that may hold changes after those.
  uint64_t Rotate(uint64_t change_count);
  // They have been stored: files with smaller numbers are needed no more.
  void DropBelow(uint64_t first_log);

  // Bytes that a reopening would read.
  uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  struct File {
    uint64_t number, first_sequence, size;
  };

  // REQUIRES, of both: mutex_ held.
  void Write(std::span<const LogRecord> changes, uint64_t generation, const std::function<void()>& poll);
  void CountBytes();

  const Store& store_;
  const Uuid uuid_;
  std::mutex mutex_;
  std::unique_ptr<LogFileWriter> writer_;  // null: the next change begins a file
  std::vector<File> files_;                // those that count, oldest first; the last is the writer's, if there is one
  uint64_t next_sequence_, next_number_;
  uint64_t previous_number_ = 0, previous_size_ = 0;  // what the next file continues
  std::list<uint64_t> cancelled_;                     // not safe yet
  std::atomic<bool> has_cancelled_{false};
  std::atomic<uint64_t> bytes_{0};
};

}  // namespace segvec
