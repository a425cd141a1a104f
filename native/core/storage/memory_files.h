// Files that are nothing but bytes in memory, in one directory: where an index is put together that becomes
// one piece of bytes, or is taken from one.
//
// Thread safety: one thread at a time. Nothing is durable, so that syncing and locking do nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "storage/env.h"

namespace segvec {

class MemoryFiles : public Env {
 public:
  // Bytes that `owner` keeps.
  struct Piece {
    std::span<const std::byte> bytes;
    std::shared_ptr<const void> owner;
  };
  struct File {
    std::vector<Piece> pieces;
    uint64_t size = 0;
    bool was_opened = false;
  };

  explicit MemoryFiles(std::string directory) : directory_(std::move(directory)) {}

  std::string PathOf(const std::string& name) const { return directory_ + "/" + name; }
  const std::map<std::string, std::shared_ptr<File>>& files() const { return files_; }  // by path
  void Add(const std::string& name, Piece content);

  std::unique_ptr<WritableFile> Create(const std::string& path) override;
  std::unique_ptr<RandomAccessFile> Open(const std::string& path) override;
  std::shared_ptr<const MappedFile> Map(const std::string& path) override;  // kIo: they are in memory already
  void CreateDirectory(const std::string&) override {}
  bool Exists(const std::string& path) override { return path == directory_ || files_.contains(path); }
  std::vector<std::string> List(const std::string& directory) override;
  void SyncDirectory(const std::string&) override {}
  void SyncFile(const std::string&) override {}
  void RenameNoReplace(const std::string& from, const std::string& to) override;
  void Remove(const std::string& path) override;
  std::unique_ptr<FileLock> Lock(const std::string&) override { return std::make_unique<FileLock>(); }

 private:
  std::shared_ptr<File> Find(const char* syscall, const std::string& path) const;

  const std::string directory_;
  std::map<std::string, std::shared_ptr<File>> files_;
};

}  // namespace segvec
