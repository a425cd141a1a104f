// What the header of every file begins and ends with, whatever its kind and version: magic, kind, versions; a checksum.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/error.h"
#include "storage/byte_io.h"
#include "storage/format.h"

namespace segvec {

inline constexpr size_t kHeaderChecksumAt = kHeaderBytes - sizeof(uint64_t);

// kCorrupt: "<name>, offset <position in the file>, <part>: <what>".
Error DamageAt(const std::string& name, uint64_t offset, const std::string& part, const std::string& what);

// "the checksum of <part> is <got>; expected <expected>".
std::string ChecksumMismatch(const std::string& part, uint64_t expected, uint64_t got);

void PutHeaderBegin(ByteWriter& header, FileKind kind);

// Reads the same, which leaves the reader behind it, and compares the checksum. That comes before everything else a header says,
// so that damage is not taken for a newer version or another index. Returns the checksum. Errors: kCorrupt, kUnsupportedFormat.
// REQUIRES: `header` reads `bytes`, of which there are kHeaderBytes.
uint64_t CheckHeaderBegin(ByteReader& header, std::span<const std::byte> bytes, FileKind kind, const std::string& name);

}  // namespace segvec
