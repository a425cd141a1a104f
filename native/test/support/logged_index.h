// An index in a directory whose changes are logged, in the shape that tests use it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "index/index_directory.h"
#include "index/logged_changes.h"
#include "support/index_of.h"

namespace segvec::testing {

class LoggedIndex {
 public:
  LoggedIndex() = default;
  LoggedIndex(Env& env, const std::string& path, const GivenOptions& given = {}, OpenParameters parameters = {}) {
    parameters.logs_changes = true;
    ThreadPool::Shared().EnsureThreads(parameters.threads);
    directory_ = std::make_shared<IndexDirectory>(env, path, given, parameters, CancelToken());
    index_ = directory_->TakeIndex();
    changes_ = std::make_shared<LoggedChanges>(index_, directory_);
  }

  LoggedIndex(LoggedIndex&&) = default;
  LoggedIndex& operator=(LoggedIndex&& other) noexcept {
    Close();
    directory_ = std::move(other.directory_);
    index_ = std::move(other.index_);
    changes_ = std::move(other.changes_);
    return *this;
  }
  // A task of the pool that wanted to log ahead may still hold the changes, but not the files.
  ~LoggedIndex() { Close(); }

  Index& operator*() const { return *index_; }
  Index* operator->() const { return index_.get(); }
  IndexDirectory& directory() const { return *directory_; }
  LoggedChanges& changes() const { return *changes_; }

  LoggedChanges::Result Do(LogRecordType type, std::unique_ptr<Stage> stage,
                           std::shared_ptr<CancelToken> cancel = std::make_shared<CancelToken>()) const {
    const auto change = changes_->Make(type, std::move(stage), std::move(cancel));
    return Take(change);
  }
  // The turn of a change.
  LoggedChanges::Result Take(const std::shared_ptr<LoggedChanges::Change>& change) const {
    struct Conclusion {
      LoggedChanges& changes;
      const std::shared_ptr<LoggedChanges::Change>& change;
      ~Conclusion() { changes.Conclude(change); }
    } conclusion{*changes_, change};
    return changes_->Perform(change);
  }

  // Adds of one row each that wait for their turns.
  std::vector<std::shared_ptr<LoggedChanges::Change>> AnnounceEach(const Vectors& rows) const {
    std::vector<std::shared_ptr<LoggedChanges::Change>> waiting;
    for (size_t i = 0; i < rows.count(); ++i) {
      waiting.push_back(
          changes_->Make(LogRecordType::kAdd, StageOf(rows.Slice(i, i + 1)), std::make_shared<CancelToken>()));
      changes_->Announce(waiting.back());
    }
    return waiting;
  }

  Ids Add(const Vectors& vectors) const { return Do(LogRecordType::kAdd, StageOf(vectors)).assigned_ids; }
  void Add(const Vectors& vectors, const Ids& ids) const { Do(LogRecordType::kAdd, WithIds(vectors, ids)); }
  void Add(const Vectors& vectors, const Texts& ids) const { Do(LogRecordType::kAdd, WithIds(vectors, ids)); }
  void Upsert(const Vectors& vectors, const Ids& ids) const { Do(LogRecordType::kUpsert, WithIds(vectors, ids)); }
  void Upsert(const Vectors& vectors, const Texts& ids) const { Do(LogRecordType::kUpsert, WithIds(vectors, ids)); }
  template <class SomeIds>
  size_t Remove(const SomeIds& ids) const {
    return Do(LogRecordType::kRemove, WithIds({index_->options().dimension, {}}, ids)).removed_count;
  }

  void Commit() const {
    directory_->Commit(directory_->Capture(*index_, CancelToken()), CancelToken());
    directory_->RemoveOutdated();
  }

  static std::unique_ptr<Stage> WithIds(const Vectors& vectors, const Ids& ids) {
    auto stage = StageOf(vectors);
    stage->ids = ids;
    return stage;
  }
  static std::unique_ptr<Stage> WithIds(const Vectors& vectors, const Texts& ids) {
    auto stage = StageOf(vectors);
    stage->string_ids = ids;
    return stage;
  }

 private:
  void Close() {
    if (changes_) changes_->Close();
    changes_ = nullptr;
    index_ = nullptr;
    directory_ = nullptr;
  }

  std::shared_ptr<IndexDirectory> directory_;
  std::shared_ptr<Index> index_;
  std::shared_ptr<LoggedChanges> changes_;
};

}  // namespace segvec::testing
