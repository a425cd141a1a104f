#include "support/memory_env.h"

#include <algorithm>
#include <cerrno>

#include "base/random.h"

namespace segvec::testing {
namespace {

constexpr size_t kSectorBytes = 512;

std::string DirectoryOf(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

bool IsRoot(const std::string& path) { return path == "/" || path == "."; }

class MemoryFile : public RandomAccessFile {
 public:
  MemoryFile(std::string path, std::vector<std::byte> bytes)
      : path_(std::move(path)), bytes_(std::move(bytes)) {}
  uint64_t size() const override { return bytes_.size(); }
  void Read(uint64_t offset, std::span<std::byte> out) const override {
    if (offset > bytes_.size() || out.size() > bytes_.size() - offset) {
      throw Error(ErrorCode::kCorrupt, path_ + " ends at byte " + std::to_string(bytes_.size()));
    }
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
  }

 private:
  const std::string path_;
  const std::vector<std::byte> bytes_;
};

// At an address that a page could begin at, as a real mapping is.
class MemoryMapping : public MappedFile {
 public:
  explicit MemoryMapping(const std::vector<std::byte>& bytes)
      : pages_((bytes.size() + sizeof(Page) - 1) / sizeof(Page)), size_(bytes.size()) {
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<std::byte*>(pages_.data()));
  }
  std::span<const std::byte> bytes() const override {
    return {reinterpret_cast<const std::byte*>(pages_.data()), size_};
  }

 private:
  struct alignas(4096) Page {
    std::byte bytes[4096];
  };
  std::vector<Page> pages_;
  const size_t size_;
};

}  // namespace

class MemoryWritableFile : public WritableFile {
 public:
  MemoryWritableFile(MemoryEnv& env, size_t file, std::shared_ptr<MemoryEnv::Node> node)
      : env_(env), file_(file), node_(std::move(node)) {}
  void Append(std::span<const std::byte> bytes) override { env_.AppendTo(file_, *node_, bytes); }
  void Sync() override { env_.Sync(file_, *node_); }
  void Close() override {}

 private:
  MemoryEnv& env_;
  const size_t file_;
  const std::shared_ptr<MemoryEnv::Node> node_;
};

std::unique_ptr<WritableFile> MemoryEnv::Create(const std::string& path) {
  std::lock_guard lock(mutex_);
  RequireDirectory("open", DirectoryOf(path), path);
  auto node = std::make_shared<Node>();
  if (!names_.emplace(path, node).second) throw SystemCallError("open", path, EEXIST);
  changes_.push_back({Change::Kind::kCreate, path, "", {}, file_count_});
  node->file = file_count_;
  return std::make_unique<MemoryWritableFile>(*this, file_count_++, std::move(node));
}

void MemoryEnv::AppendTo(size_t file, Node& node, std::span<const std::byte> bytes) {
  std::lock_guard lock(mutex_);
  node.bytes.insert(node.bytes.end(), bytes.begin(), bytes.end());
  changes_.push_back({Change::Kind::kAppend, "", "", Bytes(bytes.begin(), bytes.end()), file});
}

void MemoryEnv::Sync(size_t file, Node& node) {
  std::lock_guard lock(mutex_);
  node.synced_size = node.bytes.size();
  changes_.push_back({Change::Kind::kSync, "", "", {}, file});
}

MemoryEnv::Node& MemoryEnv::Find(const char* syscall, const std::string& path) {
  const auto found = names_.find(path);
  if (found == names_.end()) throw SystemCallError(syscall, path, ENOENT);
  if (!found->second) throw SystemCallError(syscall, path, EISDIR);
  return *found->second;
}

void MemoryEnv::RequireDirectory(const char* syscall, const std::string& path,
                                 const std::string& for_path) const {
  if (path.empty()) return;
  const auto found = names_.find(path);
  if (found == names_.end()) throw SystemCallError(syscall, for_path, ENOENT);
  if (found->second) throw SystemCallError(syscall, for_path, ENOTDIR);
}

std::unique_ptr<RandomAccessFile> MemoryEnv::Open(const std::string& path) {
  std::lock_guard lock(mutex_);
  return std::make_unique<MemoryFile>(path, Find("open", path).bytes);
}

std::shared_ptr<const MappedFile> MemoryEnv::Map(const std::string& path) {
  std::lock_guard lock(mutex_);
  return std::make_shared<MemoryMapping>(Find("open", path).bytes);
}

void MemoryEnv::CreateDirectory(const std::string& path) {
  std::lock_guard lock(mutex_);
  for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (names_.emplace(part, nullptr).second) {
      changes_.push_back({Change::Kind::kCreateDirectory, part, "", {}});
    } else if (names_.at(part)) {
      throw SystemCallError("mkdir", part, end == std::string::npos ? EEXIST : ENOTDIR);
    }
    if (end == std::string::npos) return;
  }
}

bool MemoryEnv::Exists(const std::string& path) {
  std::lock_guard lock(mutex_);
  return IsRoot(path) || names_.contains(path);
}

std::vector<std::string> MemoryEnv::List(const std::string& directory) {
  std::lock_guard lock(mutex_);
  RequireDirectory("opendir", directory, directory);
  std::vector<std::string> found;
  for (const auto& [path, node] : names_) {
    if (path != directory && DirectoryOf(path) == directory)
      found.push_back(path.substr(path.find_last_of('/') + 1));
  }
  return found;
}

void MemoryEnv::SyncDirectory(const std::string& directory) {
  std::lock_guard lock(mutex_);
  if (!IsRoot(directory)) RequireDirectory("open", directory, directory);
  changes_.push_back({Change::Kind::kSyncDirectory, IsRoot(directory) ? "" : directory, "", {}});
}

void MemoryEnv::SyncFile(const std::string& path) {
  std::lock_guard lock(mutex_);
  Node& node = Find("open", path);
  node.synced_size = node.bytes.size();
  changes_.push_back({Change::Kind::kSync, "", "", {}, node.file});
}

void MemoryEnv::RenameNoReplace(const std::string& from, const std::string& to) {
  std::lock_guard lock(mutex_);
  const auto found = names_.find(from);
  if (found == names_.end()) throw SystemCallError("renameat2", from, ENOENT);
  if (names_.contains(to)) throw SystemCallError("renameat2", to, EEXIST);
  names_[to] = found->second;
  names_.erase(from);
  changes_.push_back({Change::Kind::kRename, from, to, {}});
}

void MemoryEnv::Remove(const std::string& path) {
  std::lock_guard lock(mutex_);
  Find("unlink", path);
  names_.erase(path);
  changes_.push_back({Change::Kind::kRemove, path, "", {}});
}

struct MemoryEnv::Held : public FileLock {
  Held(std::shared_ptr<std::set<std::string>> held_locks, std::string locked_path)
      : locks(std::move(held_locks)), path(std::move(locked_path)) {
    locks->insert(path);
  }
  ~Held() override { locks->erase(path); }
  const std::shared_ptr<std::set<std::string>> locks;
  const std::string path;
};

std::unique_ptr<FileLock> MemoryEnv::Lock(const std::string& path) {
  std::lock_guard lock(mutex_);
  RequireDirectory("open", DirectoryOf(path), path);
  if (locks_->contains(path)) throw Error(ErrorCode::kLocked, path + " is held by this process");
  if (names_.emplace(path, std::make_shared<Node>()).second) {
    changes_.push_back({Change::Kind::kCreate, path, "", {}, file_count_++});
  }
  return std::make_unique<Held>(locks_, path);
}

size_t MemoryEnv::change_count() const {
  std::lock_guard lock(mutex_);
  return changes_.size();
}

std::vector<std::byte>& MemoryEnv::bytes(const std::string& path) {
  std::lock_guard lock(mutex_);
  return Find("open", path).bytes;
}

// The file system while its changes are repeated: what is there, and what is safe.
class MemoryEnv::State {
 public:
  void Apply(const Change& change) {
    switch (change.kind) {
      case Change::Kind::kCreate:
        files_.resize(std::max(files_.size(), change.file + 1));
        files_[change.file] = std::make_shared<Node>();
        live_[change.path] = files_[change.file];
        return;
      case Change::Kind::kAppend: {
        Bytes& bytes = files_[change.file]->bytes;
        bytes.insert(bytes.end(), change.bytes.begin(), change.bytes.end());
        return;
      }
      case Change::Kind::kSync:
        files_[change.file]->synced_size = files_[change.file]->bytes.size();
        return;
      case Change::Kind::kCreateDirectory:
        live_[change.path] = nullptr;
        return;
      case Change::Kind::kSyncDirectory:
        SyncNames(change.path);
        return;
      case Change::Kind::kRename:
        live_[change.to] = live_.at(change.path);
        live_.erase(change.path);
        return;
      case Change::Kind::kRemove:
        live_.erase(change.path);
        return;
    }
  }

  Names AfterLoss(const PowerLoss& loss) const {
    uint64_t dice = loss.seed;
    const auto roll = [&dice](size_t sides) { return (dice = Mix(dice + 1)) % sides; };
    std::set<std::string> paths;
    for (const Names* names : {&live_, &safe_}) {
      for (const auto& [path, node] : *names) paths.insert(path);
    }
    Names left;
    for (const std::string& path : paths) {  // a directory comes before what is in it
      const bool is_live =
          loss.names == PowerLoss::Names::kKept || (loss.names == PowerLoss::Names::kMixed && roll(2) == 0);
      const Names& names = is_live ? live_ : safe_;
      const auto found = names.find(path);
      const std::string directory = DirectoryOf(path);
      if (found == names.end() || (!directory.empty() && !left.contains(directory))) continue;
      left[path] = found->second ? std::make_shared<Node>(Left(*found->second, loss, roll)) : nullptr;
    }
    return left;
  }

 private:
  void SyncNames(const std::string& directory) {
    std::erase_if(safe_, [&](const auto& entry) { return DirectoryOf(entry.first) == directory; });
    for (const auto& [path, node] : live_) {
      if (DirectoryOf(path) == directory) safe_[path] = node;
    }
  }

  template <class Roll>
  static Node Left(const Node& node, const PowerLoss& loss, Roll& roll) {
    Node left{node.bytes};
    const auto first_unsafe = left.bytes.begin() + static_cast<std::ptrdiff_t>(node.synced_size);
    switch (loss.bytes) {
      case PowerLoss::Bytes::kKept:
        break;
      case PowerLoss::Bytes::kDropped:
        left.bytes.resize(node.synced_size);
        break;
      case PowerLoss::Bytes::kZeroed:
        std::fill(first_unsafe, left.bytes.end(), std::byte{0});
        break;
      case PowerLoss::Bytes::kTorn: {
        const size_t first_sector = node.synced_size / kSectorBytes;
        const size_t sectors = left.bytes.size() / kSectorBytes - first_sector;
        left.bytes.resize(std::max(node.synced_size, (first_sector + roll(sectors + 1)) * kSectorBytes));
        for (size_t at = first_sector + 1; at * kSectorBytes < left.bytes.size(); ++at) {
          if (roll(4) != 0) continue;
          const size_t end = std::min(left.bytes.size(), (at + 1) * kSectorBytes);
          std::fill(left.bytes.begin() + static_cast<std::ptrdiff_t>(at * kSectorBytes),
                    left.bytes.begin() + static_cast<std::ptrdiff_t>(end), std::byte{0});
        }
        break;
      }
    }
    left.synced_size = left.bytes.size();
    return left;
  }

  std::vector<std::shared_ptr<Node>> files_;
  Names live_, safe_;
};

bool MemoryEnv::IsSync(size_t change) const {
  const Change::Kind kind = changes_[change].kind;
  return kind == Change::Kind::kSync || kind == Change::Kind::kSyncDirectory;
}

bool MemoryEnv::IsBetweenSyncs(size_t change_count) const {
  std::lock_guard lock(mutex_);
  return SyncsMeetAt(change_count);
}

bool MemoryEnv::SyncsMeetAt(size_t change_count) const {
  return change_count > 0 && change_count < changes_.size() && IsSync(change_count - 1) && IsSync(change_count);
}

std::unique_ptr<MemoryEnv> MemoryEnv::After(size_t change_count, const PowerLoss& loss) const {
  std::lock_guard lock(mutex_);
  State state;
  size_t syncs_begin = change_count, syncs_end = change_count;
  if (SyncsMeetAt(change_count)) {
    while (syncs_begin > 0 && IsSync(syncs_begin - 1)) --syncs_begin;
    while (syncs_end < changes_.size() && IsSync(syncs_end)) ++syncs_end;
  }
  for (size_t i = 0; i < syncs_begin; ++i) state.Apply(changes_[i]);
  for (size_t i = syncs_begin; i < syncs_end; ++i) {
    if (Mix(loss.seed + i) % 2 == 0) state.Apply(changes_[i]);
  }
  auto env = std::make_unique<MemoryEnv>();
  env->names_ = state.AfterLoss(loss);
  return env;
}

}  // namespace segvec::testing
