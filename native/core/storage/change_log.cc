#include "storage/change_log.h"

#include <algorithm>
#include <new>

#include "base/error.h"

namespace segvec {

ChangeLog::ChangeLog(const Store& store, const Uuid& uuid, const LogChain& chain, const LogChain::File& last)
    : store_(store), uuid_(uuid), next_sequence_(chain.next_sequence), next_number_(chain.next_number) {
  for (const LogChain::File& file : chain.files) files_.push_back({file.number, file.first_sequence, file.size});
  previous_number_ = last.number;
  previous_size_ = last.size;
  CountBytes();
}

uint64_t ChangeLog::Append(std::span<const LogRecord> changes, uint64_t generation,
                           const std::function<void()>& poll) {
  std::lock_guard lock(mutex_);
  Write(changes, generation, poll);
  next_sequence_ += changes.size();
  return next_sequence_ - changes.size();
}

void ChangeLog::Write(std::span<const LogRecord> changes, uint64_t generation, const std::function<void()>& poll) {
  const std::vector<uint64_t> cancelled(cancelled_.begin(), cancelled_.end());
  std::vector<LogRecord> records;
  if (!cancelled.empty()) records.push_back({LogRecordType::kCancel, cancelled.size(), cancelled, {}, {}});
  records.insert(records.end(), changes.begin(), changes.end());
  files_.reserve(files_.size() + 1);
  const bool is_new = !writer_;
  bool is_written = false;
  std::string path;
  try {
    if (is_new) {
      store_.CheckInPlace();
      CheckNumbersLeft(store_, next_number_ - 1, 2);  // the generation to come names the one after it
      const uint64_t number = next_number_++;
      path = store_.PathOf(Store::LogName{static_cast<uint32_t>(number), generation}.name());
      writer_ = std::make_unique<LogFileWriter>(
          store_.env().Create(path),
          LogHeader{{uuid_, generation}, number, next_sequence_, previous_number_, previous_size_});
    }
    writer_->Write(next_sequence_, records, poll);
    is_written = true;
    writer_->Sync();
    if (is_new) store_.env().SyncDirectory(store_.directory());
    // Whoever has taken the directory over, as a LOCK that is deleted allows, has read the log without this.
    store_.CheckInPlace();
  } catch (...) {
    const bool is_begun = is_new && writer_;
    writer_ = nullptr;
    if (is_begun) {
      try {
        store_.env().Remove(path);
      } catch (const Error&) {
        // Nothing in it counts; the next commit clears it away.
      }
    }
    // The disk may keep what it would not sync, and then it would be there after a crash. A file that begins behind what counts says
    // that it never came to be.
    if (is_written && !changes.empty()) {
      try {
        Write({}, generation, {});
      } catch (const std::exception&) {
        // The next change begins one.
      }
    }
    throw;
  }
  if (is_new) files_.push_back({next_number_ - 1, next_sequence_, 0});
  files_.back().size = writer_->size();
  previous_number_ = files_.back().number;
  previous_size_ = files_.back().size;
  cancelled_.clear();
  has_cancelled_.store(false, std::memory_order_release);
  CountBytes();
}

std::exception_ptr ChangeLog::Cancel(std::list<uint64_t>& sequence, uint64_t generation) noexcept {
  std::lock_guard lock(mutex_);
  cancelled_.splice(cancelled_.end(), sequence);
  has_cancelled_.store(true, std::memory_order_release);
  try {
    Write({}, generation, {});
  } catch (const std::exception&) {
    return std::current_exception();  // it stays on the list, and nothing is acknowledged before it is safe
  }
  return nullptr;
}

void ChangeLog::Settle(uint64_t generation) {
  if (!has_cancelled_.load(std::memory_order_acquire)) return;
  std::lock_guard lock(mutex_);
  if (!cancelled_.empty()) Write({}, generation, {});
}

uint64_t ChangeLog::Rotate(uint64_t change_count) {
  std::lock_guard lock(mutex_);
  writer_ = nullptr;
  if (next_sequence_ <= change_count + 1) return next_number_;
  // Changes have been logged ahead of the one that the generation ends with. The first of them is in a file that begins with
  // it or before; no generation that ends earlier could do without that file, so it has not been dropped.
  return std::prev(std::ranges::upper_bound(files_, change_count + 1, {}, &File::first_sequence))->number;
}

void ChangeLog::DropBelow(uint64_t first_log) {
  std::lock_guard lock(mutex_);
  std::erase_if(files_, [&](const File& file) { return file.number < first_log; });
  CountBytes();
}

void ChangeLog::CountBytes() {
  uint64_t bytes = 0;
  for (const File& file : files_) bytes += file.size;
  bytes_.store(bytes, std::memory_order_relaxed);
}

}  // namespace segvec
