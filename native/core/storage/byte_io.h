// Numbers and names to bytes and back, little-endian as everything on disk.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace segvec {

static_assert(std::endian::native == std::endian::little, "files are little-endian and mapped as they are");

class ByteWriter {
 public:
  template <class T>
  void Put(T value) {
    const size_t at = bytes_.size();
    bytes_.resize(at + sizeof(T));
    std::memcpy(bytes_.data() + at, &value, sizeof(T));
  }
  void PutBytes(std::span<const std::byte> bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  // The length as 32 bits, then the text.
  void PutText(std::string_view text) {
    Put(static_cast<uint32_t>(text.size()));
    PutBytes(std::as_bytes(std::span(text.data(), text.size())));
  }
  void PadTo(size_t size) { bytes_.resize(size); }

  size_t size() const { return bytes_.size(); }
  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

// Reading beyond the end yields zeros and is remembered: ask ended_early() before believing what was read.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  template <class T>
  T Get() {
    T value{};
    if (const std::span<const std::byte> from = Take(sizeof(T)); !from.empty())
      std::memcpy(&value, from.data(), sizeof(T));
    return value;
  }
  // Into the bytes given to the reader; empty beyond the end.
  std::span<const std::byte> Take(size_t count) {
    if (count > bytes_.size() - position_) {
      ended_early_ = true;
      position_ = bytes_.size();
      return {};
    }
    const std::span<const std::byte> taken = bytes_.subspan(position_, count);
    position_ += count;
    return taken;
  }
  std::string_view GetText() {
    const std::span<const std::byte> text = Take(Get<uint32_t>());
    return {reinterpret_cast<const char*>(text.data()), text.size()};
  }

  size_t position() const { return position_; }
  bool ended_early() const { return ended_early_; }
  bool is_at_end() const { return position_ == bytes_.size(); }

 private:
  std::span<const std::byte> bytes_;
  size_t position_ = 0;
  bool ended_early_ = false;
};

inline bool IsZero(std::span<const std::byte> bytes) {
  const size_t size = bytes.size();
  return size == 0 ||
         (bytes[0] == std::byte{0} && std::memcmp(bytes.data(), bytes.data() + 1, size - 1) == 0);
}

}  // namespace segvec
