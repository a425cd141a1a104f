#include "index/logged_changes.h"

#include <algorithm>
#include <new>
#include <utility>

#include "base/error.h"
#include "base/thread_pool.h"

namespace segvec {
namespace {

// What one sync makes safe at most, unless a single change is larger: the first of them waits for the last to be written.
constexpr size_t kMostGroupBytes = 4 << 20;

// Whether a change that fails like this does so again when the log is replayed.
bool FailsAlways(ErrorCode code) { return code == ErrorCode::kDuplicateId || code == ErrorCode::kInvalidId; }

}  // namespace

LoggedChanges::Change::Change(LogRecordType type, std::shared_ptr<Stage> stage, std::shared_ptr<CancelToken> cancel)
    : type_(type), stage_(std::move(stage)), cancel_(std::move(cancel)) {}

size_t LoggedChanges::Change::byte_count() const {
  return stage_->row_count() * stage_->dimension() * sizeof(float) + stage_->ids.size() * sizeof(uint64_t) +
         stage_->string_ids.size() * sizeof(std::string);
}

LogRecord LoggedChanges::Change::record() const {
  LogRecord record;
  record.type = type_;
  record.count = type_ == LogRecordType::kRemove ? stage_->id_count() : stage_->row_count();
  record.ids = stage_->ids;
  record.texts = stage_->string_ids;
  if (stage_->row_count() > 0) record.values = {stage_->row(0), stage_->row_count() * stage_->dimension()};
  return record;
}

LoggedChanges::LoggedChanges(std::shared_ptr<Index> index, std::shared_ptr<IndexDirectory> directory)
    : index_(std::move(index)), directory_(std::move(directory)) {}

std::shared_ptr<LoggedChanges::Change> LoggedChanges::Make(LogRecordType type, std::shared_ptr<Stage> stage,
                                                           std::shared_ptr<CancelToken> cancel) {
  return std::make_shared<Change>(type, std::move(stage), std::move(cancel));
}

void LoggedChanges::Announce(const std::shared_ptr<Change>& change) noexcept {
  std::lock_guard lock(queue_mutex_);
  if (change->state_ != Change::State::kNew) return;  // its turn has come already
  change->state_ = Change::State::kWaiting;
  change->ticket_.front() = change;
  waiting_.splice(waiting_.end(), change->ticket_);
}

bool LoggedChanges::IsDecided(const Change& change) {
  std::lock_guard lock(queue_mutex_);
  return change.state_ == Change::State::kDecided;
}

void LoggedChanges::LogWaiting(const std::shared_ptr<Change>& turn) {
  std::lock_guard log_lock(log_mutex_);
  Group group;
  {
    std::lock_guard lock(queue_mutex_);
    if (turn && turn->state_ == Change::State::kDecided) return;
    group.reserve(waiting_.size() + 1);
    size_t byte_count = 0;
    if (turn && turn->state_ == Change::State::kNew) {
      turn->state_ = Change::State::kWaiting;
      byte_count = turn->byte_count();
      group.push_back(turn);
    }
    while (!waiting_.empty()) {
      byte_count += waiting_.front()->byte_count();
      if (!group.empty() && byte_count > kMostGroupBytes) break;
      group.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
  }
  if (!group.empty()) LogGroup(group);
}

void LoggedChanges::LogGroup(const Group& group) noexcept {
  Group logged;
  std::exception_ptr failure;
  try {
    logged.reserve(group.size());
    std::vector<LogRecord> records;
    records.reserve(group.size());
    for (const auto& change : group) {
      try {
        change->cancel_->Check();
        index_->CheckVectors(*change->stage_, *change->cancel_);
      } catch (...) {
        change->refusal_ = std::current_exception();
        continue;
      }
      const LogRecord record = change->record();
      if (record.count == 0) continue;  // nothing to be done, and nothing to be logged
      records.push_back(record);
      logged.push_back(change);
    }
    if (!records.empty()) {
      // A large change is alone in its group, and may be given up while it is written.
      const CancelToken* cancel = group.size() == 1 ? group.front()->cancel_.get() : nullptr;
      uint64_t sequence = directory_->log().Append(records, directory_->generation(), [cancel] {
        if (cancel != nullptr) cancel->Check();
      });
      for (const auto& change : logged) change->sequence_.front() = sequence++;
    }
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure) {
    for (const auto& change : group) {
      if (!change->refusal_) change->refusal_ = failure;
    }
  }
  std::lock_guard lock(queue_mutex_);
  for (const auto& change : group) change->state_ = Change::State::kDecided;
}

void LoggedChanges::LogAhead() noexcept {
  {
    std::lock_guard lock(queue_mutex_);
    if (waiting_.empty()) return;
  }
  if (is_logging_ahead_.exchange(true)) return;
  try {
    ThreadPool::Shared().Post(ThreadPool::Priority::kBulk, [self = shared_from_this()] {
      self->is_logging_ahead_ = false;
      try {
        self->LogWaiting(nullptr);
      } catch (const std::bad_alloc&) {
        // Their own turns try again.
      }
    });
  } catch (const std::bad_alloc&) {
    is_logging_ahead_ = false;
  }
}

LoggedChanges::Result LoggedChanges::Perform(const std::shared_ptr<Change>& change) {
  if (!IsDecided(*change)) {
    try {
      LogWaiting(change);
    } catch (...) {
      Withdraw(change);  // before its rows are freed
      throw;
    }
  }
  LogAhead();
  if (change->refusal_) std::rethrow_exception(change->refusal_);
  directory_->log().Settle(directory_->generation());
  Result result;
  try {
    if (change->type_ == LogRecordType::kRemove) {
      result.removed_count = index_->Remove(*change->stage_, *change->cancel_);
    } else {
      result.assigned_ids = change->type_ == LogRecordType::kAdd ? index_->Add(*change->stage_, *change->cancel_)
                                                                 : index_->Upsert(*change->stage_, *change->cancel_);
    }
    change->is_settled_ = true;
  } catch (const Error& error) {
    change->is_settled_ = FailsAlways(error.code());
    throw;
  }
  return result;
}

void LoggedChanges::Withdraw(const std::shared_ptr<Change>& change) noexcept {
  if (IsDecided(*change)) return;
  // If somebody is logging it, that has to end first.
  std::lock_guard log_lock(log_mutex_);
  std::lock_guard lock(queue_mutex_);
  waiting_.remove(change);  // if that has not decided it
  change->state_ = Change::State::kDecided;
}

std::exception_ptr LoggedChanges::Conclude(const std::shared_ptr<Change>& change) noexcept {
  Withdraw(change);  // if it was not performed
  const uint64_t sequence = change->sequence_.front();
  if (sequence == 0) return nullptr;
  index_->set_change_count(sequence);
  return change->is_settled_ ? nullptr : directory_->log().Cancel(change->sequence_, directory_->generation());
}

void LoggedChanges::Close() {
  std::lock_guard log_lock(log_mutex_);
  index_ = nullptr;
  directory_ = nullptr;
}

}  // namespace segvec
