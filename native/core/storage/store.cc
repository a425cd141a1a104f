#include "storage/store.h"

#include <algorithm>
#include <cerrno>
#include <ranges>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/thread_pool.h"
#include "storage/file_names.h"

namespace segvec {
namespace {

// What may wait to be synced with the rest. A sync of more takes so long that no second thread, which may have a search to
// answer, is to wait for it; and files that wait are open.
constexpr uint64_t kMostUnsyncedBytes = 8 << 20;
constexpr size_t kMostUnsyncedFiles = 16;

// The directory that a directory's own name is in.
std::string ParentOf(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Store::Store(Env& env, std::string directory, Access access) : env_(env), directory_(std::move(directory)) {
  if (access == Access::kRead) return;
  std::vector<std::string> missing;
  for (std::string path = directory_; !env_.Exists(path); path = ParentOf(path)) missing.push_back(path);
  // Each name is safe before anything is made under it, so that one that is found may lack that, but none above it.
  for (const std::string& path : missing | std::views::reverse) {
    env_.CreateDirectory(path);
    env_.SyncDirectory(ParentOf(path));
  }
  lock_ = env_.Lock(PathOf("LOCK"));
  if (missing.empty() && Generations().empty()) SyncFoundName();
}

// Whoever made the directory may have ended before its name was safe, or not have cared. Where we may not read what it is in, or that
// has nothing to sync, the name is not ours to keep.
void Store::SyncFoundName() const {
  try {
    env_.SyncDirectory(ParentOf(directory_));
  } catch (const Error& error) {
    const int number = error.call() == nullptr ? 0 : error.call()->number;
    if (number != EACCES && number != EPERM && number != EINVAL && number != EROFS) throw;
  }
}

std::vector<std::string> Store::Names() const {
  try {
    return env_.List(directory_);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kNotFound) throw;
    throw Error(ErrorCode::kNotFound, "there is no index in " + directory_ + ": there is no such directory", error);
  }
}

std::string Store::ManifestName(uint64_t generation) {
  return std::string(kManifestPrefix) + std::to_string(generation);
}

std::vector<uint64_t> Store::Generations() const {
  std::vector<uint64_t> generations;
  for (const std::string& name : Names()) {
    const auto parsed = ParseFileName(name);
    if (parsed && parsed->role == FileRole::kManifest) generations.push_back(parsed->generation);
  }
  std::sort(generations.rbegin(), generations.rend());
  return generations;
}

bool Store::HasParts() const {
  const std::vector<std::string> names = Names();
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return !name.starts_with(kManifestPrefix) && ParseFileName(name).has_value();
  });
}

std::string Store::LogName::name() const {
  return std::string(kLogPrefix) + std::to_string(number) + "-" + std::to_string(generation);
}

std::vector<Store::LogName> Store::Logs() const {
  std::vector<LogName> logs;
  for (const std::string& name : Names()) {
    const auto parsed = ParseFileName(name);
    if (parsed && parsed->role == FileRole::kLog) logs.push_back({parsed->number, parsed->generation});
  }
  std::ranges::sort(logs, {}, &LogName::number);
  const auto twice = std::ranges::adjacent_find(logs, {}, &LogName::number);
  if (twice != logs.end()) {
    throw Error(ErrorCode::kCorrupt, PathOf(twice->name()) + " has the number of another log file");
  }
  return logs;
}

Manifest Store::Read(uint64_t generation) const {
  const std::string path = PathOf(ManifestName(generation));
  const Manifest manifest = ReadManifest(*env_.Open(path), path, {});
  if (manifest.identity.generation != generation) {
    throw Error(ErrorCode::kCorrupt, path + " is of generation " +
                                         std::to_string(manifest.identity.generation) +
                                         "; expected the one in its name");
  }
  return manifest;
}

void Store::Adopt(const Manifest& manifest, bool is_newest) {
  if (is_read_only()) return;
  std::vector<Kept> kept{KeptOf(manifest)};
  bool may_clear = is_newest;
  for (const uint64_t generation : Generations()) {
    if (generation >= manifest.identity.generation) continue;
    // One that cannot be read may be wanted for a rescue, with files that only it names.
    try {
      kept.insert(kept.begin(), KeptOf(Read(generation)));
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kOutOfMemory) throw;
      may_clear = false;
    }
    break;
  }
  kept_ = std::move(kept);
  has_outdated_ = may_clear;
  RemoveOutdated();
}

Store::Kept Store::KeptOf(const Manifest& manifest) {
  Kept kept{manifest.identity.generation, manifest.first_log, {ManifestName(manifest.identity.generation)}};
  for (const ManifestSegment& segment : manifest.segments) {
    kept.names.push_back(segment.file.name);
    if (segment.tombstones) kept.names.push_back(segment.tombstones->name);
  }
  for (const FileReference& file : manifest.string_id_files) kept.names.push_back(file.name);
  std::sort(kept.names.begin(), kept.names.end());
  return kept;
}

void Store::CheckInPlace() const {
  if (lock_->IsInPlace()) return;
  throw Error(ErrorCode::kLocked, PathOf("LOCK") + " is not the file that this index has locked: expected the directory that was "
                                                   "opened, got another one in its place, or none; close the index and open it anew");
}

void Store::RemoveOutdated() noexcept {
  if (!has_outdated_) return;
  has_outdated_ = false;
  if (!lock_->IsInPlace()) return;
  try {
    std::vector<std::string> doomed;
    for (const std::string& name : Names()) {
      const auto parsed = ParseFileName(name);
      if (!parsed) continue;
      const bool is_kept = std::any_of(kept_.begin(), kept_.end(), [&](const Kept& generation) {
        return parsed->role == FileRole::kLog
                   ? parsed->number >= generation.first_log
                   : std::binary_search(generation.names.begin(), generation.names.end(), name);
      });
      if (!is_kept) doomed.push_back(name);
    }
    // Manifests first ('M' sorts before the small letters): none may be left without its files.
    for (const std::string& name : doomed) {
      try {
        env_.Remove(PathOf(name));
      } catch (const Error&) {
        if (name.starts_with(kManifestPrefix)) return;
      }
    }
  } catch (const std::exception&) {
  }
}

// Above every number that a name in the directory bears, so that no name is ever used twice.
uint64_t Store::TakeGeneration() {
  if (next_generation_ == 0) {
    uint64_t newest = 0;
    for (const std::string& name : Names()) {
      if (const auto parsed = ParseFileName(name)) newest = std::max(newest, parsed->generation);
    }
    next_generation_ = newest + 1;
  }
  if (next_generation_ >= kGenerationLimit) {
    throw Error(ErrorCode::kCorrupt, directory_ + " holds a file of generation " + std::to_string(next_generation_ - 1) +
                                         ", after which none is left");
  }
  return next_generation_++;
}

Store::Transaction::Transaction(Store& store) : store_(store), generation_(store.TakeGeneration()) {
  store.has_outdated_ = false;  // what is written from here on is not, though nothing names it yet
  if (store.is_read_only())
    throw Error(ErrorCode::kReadOnly, store.directory_ + " was opened for reading only");
  store.CheckInPlace();
}

Store::Transaction::~Transaction() {
  if (written_.empty() || !store_.lock_->IsInPlace()) return;  // elsewhere the same names may be somebody else's
  for (const std::string& name : written_) {
    try {
      store_.env_.Remove(store_.PathOf(name));
    } catch (const std::exception&) {
      // A later commit clears it away.
    }
  }
}

FileReference Store::Transaction::Write(const std::string& kind, uint32_t number,
                                        const std::function<FileStamp(WritableFile&)>& write) {
  const std::string name = kind + "-" + std::to_string(number) + "-" + std::to_string(generation_);
  std::unique_ptr<WritableFile> file = store_.env_.Create(store_.PathOf(name));
  written_.push_back(name);
  const FileStamp stamp = write(*file);
  unsynced_.push_back(std::move(file));
  unsynced_bytes_ += stamp.size;
  if (unsynced_bytes_ > kMostUnsyncedBytes || unsynced_.size() == kMostUnsyncedFiles) SyncFiles();
  return {name, stamp};
}

void Store::Transaction::SyncFiles() {
  for (const std::unique_ptr<WritableFile>& file : unsynced_) {
    file->Sync();
    file->Close();
  }
  unsynced_.clear();
  unsynced_bytes_ = 0;
}

// Each sync waits for the disk, and those that wait together wait hardly longer than one.
void Store::Transaction::SyncAll() {
  const size_t count = unsynced_.size() + 1;
  ThreadPool::Shared().ParallelForIfIdle(count, static_cast<int>(count), [this](size_t i) {
    if (i < unsynced_.size()) {
      unsynced_[i]->Sync();
    } else {
      store_.env_.SyncDirectory(store_.directory_);
    }
  });
  for (const std::unique_ptr<WritableFile>& file : unsynced_) file->Close();
  unsynced_.clear();
}

void Store::Transaction::Publish(const Manifest& manifest) {
  Kept kept = KeptOf(manifest);
  std::vector<Kept> all_kept = store_.kept_;
  if (all_kept.size() == 2) all_kept.erase(all_kept.begin());
  all_kept.push_back(std::move(kept));

  Env& env = store_.env_;
  const std::string name = ManifestName(generation_);
  const std::string path = store_.PathOf(name), temporary_path = path + std::string(kTemporarySuffix);
  unsynced_.push_back(env.Create(temporary_path));
  written_.push_back(name + std::string(kTemporarySuffix));
  WriteManifest(manifest, *unsynced_.back());
  SyncAll();
  store_.CheckInPlace();
  // From here on nothing of it may be removed: a rename that failed may have happened, and what was made safe
  // may be found after a power failure.
  written_.clear();
  env.RenameNoReplace(temporary_path, path);
  env.SyncDirectory(store_.directory_);
  store_.kept_.swap(all_kept);
  store_.has_outdated_ = true;
}

}  // namespace segvec
