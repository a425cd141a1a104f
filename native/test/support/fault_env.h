// An Env whose n-th call fails, once or from then on: every single point at which a disk can let us down.
#pragma once

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/env.h"

namespace segvec::testing {

class FaultEnv : public Env {
 public:
  enum class Fault {
    kNone,
    kOnce,       // one call fails
    kFromThen,   // it, and every one after it
    kAfterwards  // one call fails though it did what it should
  };

  explicit FaultEnv(Env& env) : env_(env) {}

  // The `call`-th call from now on fails, counted from 0.
  void FailAt(size_t call, Fault fault, int number = EIO) {
    fault_ = fault;
    number_ = number;
    fail_at_ = call_count_ + call;
  }
  void Heal() { fault_ = Fault::kNone; }
  // Called before each call, with its name and path; what it throws, the call throws. Null: nothing is. REQUIRES: nothing
  // uses the Env meanwhile.
  using Before = std::function<void(std::string_view syscall, const std::string& path)>;
  void BeforeEach(Before before) { before_ = std::move(before); }
  // Calls `action` once, before the `call`-th call from now on, counted from 0; is_reached() says whether it came to that.
  void BeforeCall(size_t call, std::function<void()> action) {
    is_reached_ = false;
    BeforeEach([this, left = call, action = std::move(action)](std::string_view, const std::string&) mutable {
      if (is_reached_ || left-- > 0) return;
      is_reached_ = true;
      action();
    });
  }
  bool is_reached() const { return is_reached_; }
  size_t call_count() const { return call_count_; }

  std::unique_ptr<WritableFile> Create(const std::string& path) override {
    return Try("open", path, [&]() -> std::unique_ptr<WritableFile> {
      return std::make_unique<File>(*this, path, env_.Create(path));
    });
  }
  std::unique_ptr<RandomAccessFile> Open(const std::string& path) override {
    return Try("open", path, [&]() -> std::unique_ptr<RandomAccessFile> {
      return std::make_unique<Reader>(*this, path, env_.Open(path));
    });
  }
  std::shared_ptr<const MappedFile> Map(const std::string& path) override {
    return Try("mmap", path, [&] { return env_.Map(path); });
  }
  void CreateDirectory(const std::string& path) override {
    Try("mkdir", path, [&] { env_.CreateDirectory(path); });
  }
  bool Exists(const std::string& path) override {
    return Try("access", path, [&] { return env_.Exists(path); });
  }
  std::vector<std::string> List(const std::string& directory) override {
    return Try("opendir", directory, [&] { return env_.List(directory); });
  }
  void SyncDirectory(const std::string& directory) override {
    Try("fsync", directory, [&] { env_.SyncDirectory(directory); });
  }
  void SyncFile(const std::string& path) override {
    Try("fsync", path, [&] { env_.SyncFile(path); });
  }
  void RenameNoReplace(const std::string& from, const std::string& to) override {
    Try("renameat2", to, [&] { env_.RenameNoReplace(from, to); });
  }
  void Remove(const std::string& path) override {
    Try("unlink", path, [&] { env_.Remove(path); });
  }
  std::unique_ptr<FileLock> Lock(const std::string& path) override {
    return Try("flock", path, [&] { return env_.Lock(path); });
  }

 private:
  class File : public WritableFile {
   public:
    File(FaultEnv& faults, std::string path, std::unique_ptr<WritableFile> file)
        : faults_(faults), path_(std::move(path)), file_(std::move(file)) {}
    // What fails has written half.
    void Append(std::span<const std::byte> bytes) override {
      const size_t half = bytes.size() / 2;
      file_->Append(bytes.first(half));
      faults_.Try("pwrite", path_, [&] { file_->Append(bytes.subspan(half)); });
    }
    void Sync() override {
      faults_.Try("fsync", path_, [&] { file_->Sync(); });
    }
    void Close() override {
      faults_.Try("close", path_, [&] { file_->Close(); });
    }

   private:
    FaultEnv& faults_;
    const std::string path_;
    const std::unique_ptr<WritableFile> file_;
  };

  class Reader : public RandomAccessFile {
   public:
    Reader(FaultEnv& faults, std::string path, std::unique_ptr<RandomAccessFile> file)
        : faults_(faults), path_(std::move(path)), file_(std::move(file)) {}
    uint64_t size() const override { return file_->size(); }
    void Read(uint64_t offset, std::span<std::byte> out) const override {
      faults_.Try("pread", path_, [&] { file_->Read(offset, out); });
    }

   private:
    FaultEnv& faults_;
    const std::string path_;
    const std::unique_ptr<RandomAccessFile> file_;
  };

  template <class Call>
  auto Try(const char* syscall, const std::string& path, Call call) -> decltype(call()) {
    const size_t at = call_count_.fetch_add(1);
    if (before_) before_(syscall, path);
    const Fault fault = fault_;
    if (fault == Fault::kAfterwards && at == fail_at_) {
      call();
      throw SystemCallError(syscall, path, number_);
    }
    if ((fault == Fault::kOnce && at == fail_at_) || (fault == Fault::kFromThen && at >= fail_at_)) {
      throw SystemCallError(syscall, path, number_);
    }
    return call();
  }

  Env& env_;
  std::atomic<size_t> call_count_{0};
  std::atomic<size_t> fail_at_{0};
  std::atomic<Fault> fault_{Fault::kNone};
  std::atomic<int> number_{EIO};
  Before before_;
  bool is_reached_ = false;
};

}  // namespace segvec::testing
