// Files that are nothing but bytes in memory, for tests that damage them by the thousand.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "base/error.h"
#include "storage/env.h"

namespace segvec::testing {

using Bytes = std::vector<std::byte>;

// What is appended goes to `bytes`, which outlives it.
class ByteSink : public WritableFile {
 public:
  explicit ByteSink(Bytes& bytes) : bytes_(bytes) {}
  void Append(std::span<const std::byte> bytes) override {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  void Sync() override {}
  void Close() override {}

 private:
  Bytes& bytes_;
};

class ByteSource : public RandomAccessFile {
 public:
  explicit ByteSource(std::span<const std::byte> bytes) : bytes_(bytes) {}
  uint64_t size() const override { return bytes_.size(); }
  void Read(uint64_t offset, std::span<std::byte> out) const override {
    if (offset > bytes_.size() || out.size() > bytes_.size() - offset) {
      throw Error(ErrorCode::kCorrupt, "the file ends too early");
    }
    if (!out.empty()) std::memcpy(out.data(), bytes_.data() + offset, out.size());
  }

 private:
  std::span<const std::byte> bytes_;
};

// A copy of `bytes` at a whole cache line, as a mapping would be; `shift` moves it off.
class ByteMapping : public MappedFile {
 public:
  explicit ByteMapping(const Bytes& bytes, size_t shift = 0)
      : size_(bytes.size()), lines_(bytes.size() / 64 + 2) {
    begin_ = lines_.data()->bytes + shift;
    std::ranges::copy(bytes, begin_);
  }
  std::span<const std::byte> bytes() const override { return {begin_, size_}; }
  std::byte& operator[](size_t at) { return begin_[at]; }

 private:
  struct alignas(64) Line {
    std::byte bytes[64] = {};
  };
  size_t size_;
  std::vector<Line> lines_;
  std::byte* begin_;
};

}  // namespace segvec::testing
