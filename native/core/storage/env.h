// The one door to the file system: everything that storage reads or writes goes through an Env, so that a
// test can put a fault behind any call of it.
//
// Thread safety: an Env may be used from any thread; a file by one thread at a time, RandomAccessFile::Read
// from any. Errors: kIo with the system call, the path and the errno in Error::call(), kNotFound where a file
// is missing. A failed call changes nothing that a later call relies on; after a failed Sync a file must be
// given up, never synced again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"

namespace segvec {

// A file that is being written, from its start to its end; never seen under its name by a reader before it is
// complete.
class WritableFile {
 public:
  virtual ~WritableFile() = default;  // closes what is still open, without a word
  virtual void Append(std::span<const std::byte> bytes) = 0;
  virtual void Sync() = 0;   // fsync
  virtual void Close() = 0;  // and says so when it fails
};

// A file that is read; it never changes under us but by damage.
class RandomAccessFile {
 public:
  virtual ~RandomAccessFile() = default;
  virtual uint64_t size() const = 0;
  // Fills `out` with the bytes from `offset` on; kCorrupt when the file ends before them.
  virtual void Read(uint64_t offset, std::span<std::byte> out) const = 0;
};

// A whole file mapped read-only; the bytes stay until the last holder lets go.
class MappedFile {
 public:
  virtual ~MappedFile() = default;
  virtual std::span<const std::byte> bytes() const = 0;
};

// Held while it lives. `flock`, and a registry inside the process: flock does not exclude the same process
// everywhere.
class FileLock {
 public:
  virtual ~FileLock() = default;
  // Whether the file of that name is the one that is locked: its directory may have been moved, and another put into its place.
  virtual bool IsInPlace() const noexcept { return true; }
};

class Env {
 public:
  virtual ~Env() = default;

  static Env& Real();  // never ends

  // Creates the file; kIo (EEXIST) when the name is taken.
  virtual std::unique_ptr<WritableFile> Create(const std::string& path) = 0;
  virtual std::unique_ptr<RandomAccessFile> Open(const std::string& path) = 0;
  virtual std::shared_ptr<const MappedFile> Map(const std::string& path) = 0;

  virtual void CreateDirectory(const std::string& path) = 0;  // and its parents; fine when it is there
  virtual bool Exists(const std::string& path) = 0;
  virtual std::vector<std::string> List(const std::string& directory) = 0;  // names, sorted, without . and ..
  virtual void SyncDirectory(const std::string& directory) = 0;
  virtual void SyncFile(const std::string& path) = 0;  // whoever has written to it
  // Renames within a directory; kIo (EEXIST) when `to` is taken: a compare-and-swap against a second writer.
  virtual void RenameNoReplace(const std::string& from, const std::string& to) = 0;
  virtual void Remove(const std::string& path) = 0;

  // Takes the lock file, creating it; kLocked naming the holder's pid when another index has it.
  virtual std::unique_ptr<FileLock> Lock(const std::string& path) = 0;
};

// What a failed system call is reported as: kNotFound under ENOENT, kIo under anything else.
Error SystemCallError(const char* syscall, const std::string& path, int number);

// Whether it says that what is stored cannot be read: damaged, missing, of another format, or on a medium that fails.
bool IsDamage(const Error& error);
// Whether it is for want of memory or of file descriptors, and tells nothing of the file.
bool IsForWant(const Error& error);

}  // namespace segvec
