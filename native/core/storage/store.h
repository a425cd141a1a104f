// The directory of an index on disk: which files there are, who may write them, and how a new generation
// comes to be.
//
//   LOCK                       held by the one writer (flock); says which process that is
//   MANIFEST-<generation>      what the index consisted of at one commit; the newest one counts
//   segment-<number>-<generation>, tombstones-<number>-<generation>, strings-<number>-<generation>
//                              named by manifests, never changed; generation: the commit that wrote them
//   log-<number>-<generation>  changes since a commit, where they are logged; generation: the newest when it was begun
//
// Commit protocol: new files under names never used before are written, and the manifest under a temporary name.
// All of them and the directory are synced, in any order, where they are small at the same time. When the last of
// these syncs has come back, and not before, the manifest is renamed without replacing anything, which is the commit
// point; the directory is synced again. Files of neither of the last two generations may be removed from then on; log
// files are kept for as long as one of the two may need them.
//
// Thread safety: one thread at a time.
// Errors: those of Env; kCorrupt for what should be there and is not; kReadOnly for a reader that would
// write.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/env.h"
#include "storage/format.h"
#include "storage/manifest.h"

namespace segvec {

class Store {
 public:
  enum class Access { kRead, kWrite };

  // A writer creates the directory and takes its lock, until it is destroyed. Errors: kLocked.
  Store(Env& env, std::string directory, Access access);

  const std::string& directory() const { return directory_; }
  bool is_read_only() const { return !lock_; }
  Env& env() const { return env_; }
  std::string PathOf(const std::string& name) const { return directory_ + "/" + name; }
  static std::string ManifestName(uint64_t generation);

  // The generations that have a manifest, newest first.
  std::vector<uint64_t> Generations() const;
  // Whether there is any file that only an index leaves, manifests apart.
  bool HasParts() const;
  // The log files, by ascending number. Errors: kCorrupt when a number is there twice.
  struct LogName {
    uint32_t number = 0;
    uint64_t generation = 0;
    std::string name() const;
  };
  std::vector<LogName> Logs() const;
  // Errors: kNotFound, kCorrupt, kUnsupportedFormat.
  Manifest Read(uint64_t generation) const;

  // The generation that was loaded, on which the next one builds; the writer also clears away what a crash
  // left. `is_newest`: no newer one was passed over, whose files would be lost by that.
  void Adopt(const Manifest& manifest, bool is_newest);

  // Removes the files of neither of the last two generations, as far as that can be done; the rest is left to the next
  // commit. Does nothing but after a transaction that was published, which need not wait for it. REQUIRES: no transaction
  // is open.
  void RemoveOutdated() noexcept;
  // Throws kLocked when another directory is in the place of the one that was locked. REQUIRES: not read-only.
  void CheckInPlace() const;

  // A generation in the making. Destroyed without Publish(), it removes what it wrote, as far as that can be
  // done.
  class Transaction {
   public:
    explicit Transaction(Store& store);
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;

    uint64_t generation() const { return generation_; }
    // Writes "<kind>-<number>-<generation>", which is safe at the latest when Publish() makes the commit.
    FileReference Write(const std::string& kind, uint32_t number,
                        const std::function<FileStamp(WritableFile&)>& write);
    // Makes the manifest the newest generation. When it throws, the next open may find either generation.
    // REQUIRES: manifest.identity.generation == generation().
    void Publish(const Manifest& manifest);

   private:
    // Syncs and closes what is open.
    void SyncFiles();
    // The same and the directory, at the same time where threads have nothing else to do.
    void SyncAll();

    Store& store_;
    const uint64_t generation_;
    std::vector<std::string> written_;
    std::vector<std::unique_ptr<WritableFile>> unsynced_;
    uint64_t unsynced_bytes_ = 0;
  };

 private:
  struct Kept {
    uint64_t generation;
    uint64_t first_log;              // needed to go on from it, as are all after it
    std::vector<std::string> names;  // of all its other files, sorted
  };

  std::vector<std::string> Names() const;  // of all files, ours or not
  void SyncFoundName() const;
  static Kept KeptOf(const Manifest& manifest);
  uint64_t TakeGeneration();

  Env& env_;
  const std::string directory_;
  std::unique_ptr<FileLock> lock_;
  std::vector<Kept> kept_;        // at most two, the newest last
  bool has_outdated_ = false;     // all that counts is in kept_
  uint64_t next_generation_ = 0;  // 0: not known yet
};

}  // namespace segvec
