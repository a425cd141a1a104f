// An Env of real files whose n-th call is the last thing that the process does: SIGKILL before it, in the
// middle of it or after it.
#pragma once

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "storage/env.h"

namespace segvec::testing {

class KillEnv : public Env {
 public:
  enum class Moment { kBefore, kMiddle, kAfter };

  // `call` counts from 0; ~0 for never.
  KillEnv(Env& env, uint64_t call, Moment moment) : env_(env), call_(call), moment_(moment) {}

  std::unique_ptr<WritableFile> Create(const std::string& path) override {
    auto file = Do([&] { return env_.Create(path); });
    return std::make_unique<File>(*this, std::move(file));
  }
  std::unique_ptr<RandomAccessFile> Open(const std::string& path) override {
    return Do([&] { return env_.Open(path); });
  }
  std::shared_ptr<const MappedFile> Map(const std::string& path) override {
    return Do([&] { return env_.Map(path); });
  }
  void CreateDirectory(const std::string& path) override {
    Do([&] { env_.CreateDirectory(path); });
  }
  bool Exists(const std::string& path) override {
    return Do([&] { return env_.Exists(path); });
  }
  std::vector<std::string> List(const std::string& directory) override {
    return Do([&] { return env_.List(directory); });
  }
  void SyncDirectory(const std::string& directory) override {
    Do([&] { env_.SyncDirectory(directory); });
  }
  void SyncFile(const std::string& path) override {
    Do([&] { env_.SyncFile(path); });
  }
  void RenameNoReplace(const std::string& from, const std::string& to) override {
    Do([&] { env_.RenameNoReplace(from, to); });
  }
  void Remove(const std::string& path) override {
    Do([&] { env_.Remove(path); });
  }
  std::unique_ptr<FileLock> Lock(const std::string& path) override {
    return Do([&] { return env_.Lock(path); });
  }

 private:
  class File : public WritableFile {
   public:
    File(KillEnv& kills, std::unique_ptr<WritableFile> file) : kills_(kills), file_(std::move(file)) {}
    void Append(std::span<const std::byte> bytes) override {
      if (kills_.IsNext() && kills_.moment_ == Moment::kMiddle) {
        file_->Append(bytes.first(bytes.size() / 2));
        Die();
      }
      kills_.Do([&] { file_->Append(bytes); });
    }
    void Sync() override {
      kills_.Do([&] { file_->Sync(); });
    }
    void Close() override {
      kills_.Do([&] { file_->Close(); });
    }

   private:
    KillEnv& kills_;
    const std::unique_ptr<WritableFile> file_;
  };

  [[noreturn]] static void Die() {
    for (;;) kill(getpid(), SIGKILL);
  }
  bool IsNext() const { return done_.load() == call_; }

  template <class Call>
  auto Do(const Call& call) -> decltype(call()) {
    const bool is_last = done_.fetch_add(1) == call_;
    if (is_last && moment_ != Moment::kAfter) Die();
    struct After {
      ~After() {
        if (is_last) Die();
      }
      const bool is_last;
    } after{is_last};
    return call();
  }

  Env& env_;
  const uint64_t call_;
  const Moment moment_;
  std::atomic<uint64_t> done_{0};
};

}  // namespace segvec::testing
