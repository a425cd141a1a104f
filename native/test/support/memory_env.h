// A file system in memory that writes down what was done to it, and can show what a power failure would have
// left.
//
// The model: bytes are safe once their file has been synced, names once their directory has. Anything else
// may be there, be missing, or be there in part after the power fails, file by file and name by name. Syncs that follow
// one another with nothing between them may have been under way at the same time: when the power fails between two of
// them, each may have been done or not. Thread safety: all methods may be called from any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "storage/env.h"

namespace segvec::testing {

struct PowerLoss {
  enum class Bytes {
    kKept,     // written though nobody asked
    kDropped,  // the file ends where it was last synced
    kTorn,     // cut at a multiple of 512 bytes, with sectors before it that never arrived
    kZeroed,   // as long as it was, with zeros behind what was synced
  };
  enum class Names {
    kKept,
    kLost,   // creations, renames and removals since the directory was synced are undone
    kMixed,  // each of them is, or is not
  };
  Bytes bytes = Bytes::kDropped;
  Names names = Names::kLost;
  uint64_t seed = 1;  // for what is torn and mixed, and for the syncs that were done
};

class MemoryEnv : public Env {
 public:
  std::unique_ptr<WritableFile> Create(const std::string& path) override;
  std::unique_ptr<RandomAccessFile> Open(const std::string& path) override;
  std::shared_ptr<const MappedFile> Map(const std::string& path) override;
  void CreateDirectory(const std::string& path) override;
  bool Exists(const std::string& path) override;
  std::vector<std::string> List(const std::string& directory) override;
  void SyncDirectory(const std::string& directory) override;
  void SyncFile(const std::string& path) override;
  void RenameNoReplace(const std::string& from, const std::string& to) override;
  void Remove(const std::string& path) override;
  std::unique_ptr<FileLock> Lock(const std::string& path) override;

  // Changes made so far: every one is a moment at which the power may fail.
  size_t change_count() const;
  // What is found when the power fails after the first `change_count` changes. REQUIRES: this file system
  // began empty.
  std::unique_ptr<MemoryEnv> After(size_t change_count, const PowerLoss& loss) const;
  // Whether the change that many changes ended with is a sync, and so is the next one.
  bool IsBetweenSyncs(size_t change_count) const;

  // The bytes of a file, for tests that damage it.
  std::vector<std::byte>& bytes(const std::string& path);

 private:
  friend class MemoryWritableFile;
  using Bytes = std::vector<std::byte>;

  struct Node {
    Bytes bytes;
    size_t synced_size = 0;
    size_t file = 0;
  };
  using Names = std::map<std::string, std::shared_ptr<Node>>;  // by path; a directory's node is null
  struct Change {
    enum class Kind { kCreate, kAppend, kSync, kCreateDirectory, kSyncDirectory, kRename, kRemove };
    Kind kind;
    std::string path, to;
    Bytes bytes;
    size_t file = 0;  // of kCreate, kAppend and kSync
  };
  class State;
  struct Held;

  bool IsSync(size_t change) const;
  bool SyncsMeetAt(size_t change_count) const;

  Node& Find(const char* syscall, const std::string& path);
  void RequireDirectory(const char* syscall, const std::string& path, const std::string& for_path) const;
  void AppendTo(size_t file, Node& node, std::span<const std::byte> bytes);
  void Sync(size_t file, Node& node);

  mutable std::mutex mutex_;
  Names names_;
  std::vector<Change> changes_;
  size_t file_count_ = 0;
  std::shared_ptr<std::set<std::string>> locks_ = std::make_shared<std::set<std::string>>();
};

}  // namespace segvec::testing
