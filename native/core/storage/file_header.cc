#include "storage/file_header.h"

#include <algorithm>

#include "storage/checksum.h"

namespace segvec {
namespace {

std::string Hex(uint64_t value) {
  std::string text = "0x";
  for (int shift = 60; shift >= 0; shift -= 4) text += "0123456789abcdef"[value >> shift & 15];
  return text;
}

}  // namespace

Error DamageAt(const std::string& name, uint64_t offset, const std::string& part, const std::string& what) {
  return Error(ErrorCode::kCorrupt, name + ", offset " + std::to_string(offset) + ", " + part + ": " + what,
               DamagedPlace{name, offset, part});
}

std::string ChecksumMismatch(const std::string& part, uint64_t expected, uint64_t got) {
  return "the checksum of " + part + " is " + Hex(got) + "; expected " + Hex(expected);
}

void PutHeaderBegin(ByteWriter& header, FileKind kind) {
  header.PutBytes(std::as_bytes(std::span(kMagic)));
  header.Put(static_cast<uint32_t>(kind));
  header.Put(kFormatVersion);
  header.Put(kFormatVersion);  // the smallest version that can read it
}

uint64_t CheckHeaderBegin(ByteReader& header, std::span<const std::byte> bytes, FileKind kind, const std::string& name) {
  const auto fail = [&](uint64_t offset, const std::string& what) { throw DamageAt(name, offset, "header", what); };
  if (!std::ranges::equal(header.Take(sizeof(kMagic)), std::as_bytes(std::span(kMagic)))) {
    fail(0, "not a file of segvec: it does not begin with SEGVEC");
  }
  const auto checksum = ByteReader(bytes.subspan(kHeaderChecksumAt)).Get<uint64_t>();
  if (const uint64_t got = Checksum(bytes.first(kHeaderChecksumAt)); got != checksum) {
    fail(0, ChecksumMismatch("the header", checksum, got));
  }
  const auto stored_kind = header.Get<uint32_t>();
  const auto version = header.Get<uint32_t>();
  const auto smallest_reader = header.Get<uint32_t>();
  if (smallest_reader > kFormatVersion) {
    throw Error(ErrorCode::kUnsupportedFormat,
                name + " has format " + std::to_string(version) + ", which needs a reader of format " +
                    std::to_string(smallest_reader) + " or newer; this version of segvec reads format " +
                    std::to_string(kFormatVersion));
  }
  if (version == 0 || smallest_reader == 0) fail(12, "format version 0; expected 1 or more");
  if (stored_kind != static_cast<uint32_t>(kind)) {
    fail(8, "a " + FileKindName(static_cast<FileKind>(stored_kind)) + " file; expected a " + FileKindName(kind) + " file");
  }
  return checksum;
}

}  // namespace segvec
