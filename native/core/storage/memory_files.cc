#include "storage/memory_files.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace segvec {
namespace {

class MemoryWriter : public WritableFile {
 public:
  explicit MemoryWriter(std::shared_ptr<MemoryFiles::File> file) : file_(std::move(file)) {}
  void Append(std::span<const std::byte> bytes) override {
    auto copy = std::make_shared<const std::vector<std::byte>>(bytes.begin(), bytes.end());
    const std::span<const std::byte> view(*copy);
    file_->pieces.push_back({view, std::move(copy)});
    file_->size += bytes.size();
  }
  void Sync() override {}
  void Close() override {}

 private:
  const std::shared_ptr<MemoryFiles::File> file_;
};

class MemoryReader : public RandomAccessFile {
 public:
  MemoryReader(std::string path, std::shared_ptr<const MemoryFiles::File> file)
      : path_(std::move(path)), file_(std::move(file)) {}
  uint64_t size() const override { return file_->size; }
  void Read(uint64_t offset, std::span<std::byte> out) const override {
    if (offset > file_->size || out.size() > file_->size - offset) {
      throw Error(ErrorCode::kCorrupt, path_ + " ends at byte " + std::to_string(file_->size));
    }
    for (const MemoryFiles::Piece& piece : file_->pieces) {
      if (out.empty()) return;
      if (offset >= piece.bytes.size()) {
        offset -= piece.bytes.size();
        continue;
      }
      const size_t count = std::min<size_t>(out.size(), piece.bytes.size() - static_cast<size_t>(offset));
      std::memcpy(out.data(), piece.bytes.data() + offset, count);
      out = out.subspan(count);
      offset = 0;
    }
  }

 private:
  const std::string path_;
  const std::shared_ptr<const MemoryFiles::File> file_;
};

}  // namespace

void MemoryFiles::Add(const std::string& name, Piece content) {
  auto file = std::make_shared<File>();
  file->size = content.bytes.size();
  file->pieces.push_back(std::move(content));
  files_[PathOf(name)] = std::move(file);
}

std::unique_ptr<WritableFile> MemoryFiles::Create(const std::string& path) {
  const auto [at, is_new] = files_.try_emplace(path);
  if (!is_new) throw SystemCallError("open", path, EEXIST);
  at->second = std::make_shared<File>();
  return std::make_unique<MemoryWriter>(at->second);
}

std::shared_ptr<MemoryFiles::File> MemoryFiles::Find(const char* syscall, const std::string& path) const {
  const auto found = files_.find(path);
  if (found == files_.end()) throw SystemCallError(syscall, path, ENOENT);
  return found->second;
}

std::unique_ptr<RandomAccessFile> MemoryFiles::Open(const std::string& path) {
  std::shared_ptr<File> file = Find("open", path);
  file->was_opened = true;
  return std::make_unique<MemoryReader>(path, std::move(file));
}

std::shared_ptr<const MappedFile> MemoryFiles::Map(const std::string& path) {
  throw SystemCallError("mmap", path, ENOTSUP);
}

std::vector<std::string> MemoryFiles::List(const std::string&) {
  std::vector<std::string> names;
  for (const auto& [path, file] : files_) names.push_back(path.substr(directory_.size() + 1));
  return names;
}

void MemoryFiles::RenameNoReplace(const std::string& from, const std::string& to) {
  const std::shared_ptr<File> file = Find("rename", from);
  if (!files_.emplace(to, file).second) throw SystemCallError("rename", to, EEXIST);
  files_.erase(from);
}

void MemoryFiles::Remove(const std::string& path) {
  Find("unlink", path);
  files_.erase(path);
}

}  // namespace segvec
