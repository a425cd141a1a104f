// Gives a damaged file checksums that fit: what a reader must survive that trusts them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "storage/checksum.h"
#include "storage/file_header.h"
#include "storage/format.h"
#include "storage/log_file.h"
#include "support/byte_file.h"

namespace segvec::testing {

template <class T>
T GetAt(const Bytes& bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}
template <class T>
void PutAt(Bytes& bytes, size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof(T));
}

// Where the fields of a header and of a section's entry are.
inline constexpr size_t kKindAt = 8, kUuidAt = 24, kLogNumberAt = 48;
inline constexpr size_t kSectionCountAt = 20, kFileSizeAt = 48, kTableChecksumAt = 56;
inline constexpr size_t kTypeAt = 0, kFlagsAt = 4, kOffsetAt = 8, kSizeAt = 16, kChecksumAt = 24,
                        kFirstBlockAt = 32;

inline size_t EntryAt(size_t index) { return kHeaderBytes + index * kSectionEntryBytes; }

// The number of sections, as far as their entries are there.
inline size_t SectionCount(const Bytes& bytes) {
  return std::min<size_t>(GetAt<uint32_t>(bytes, kSectionCountAt),
                          (bytes.size() - kHeaderBytes) / kSectionEntryBytes);
}

// The place of a section's entry in the file; 0 when there is none.
inline size_t EntryOf(const Bytes& bytes, SectionType type) {
  for (size_t i = 0; i < SectionCount(bytes); ++i) {
    if (GetAt<uint32_t>(bytes, EntryAt(i) + kTypeAt) == static_cast<uint32_t>(type)) return EntryAt(i);
  }
  return 0;
}
inline size_t BytesOf(const Bytes& bytes, SectionType type) {
  return static_cast<size_t>(GetAt<uint64_t>(bytes, EntryOf(bytes, type) + kOffsetAt));
}

// Makes every checksum fit that covers something within the file, from the blocks up to the header.
inline void RepairChecksums(Bytes& bytes) {
  if (bytes.size() < kHeaderBytes) return;
  const auto Within = [&bytes](size_t entry) -> std::span<std::byte> {
    const auto offset = GetAt<uint64_t>(bytes, entry + kOffsetAt),
               size = GetAt<uint64_t>(bytes, entry + kSizeAt);
    if (offset > bytes.size() || size > bytes.size() - offset) return {};
    return std::span(bytes).subspan(static_cast<size_t>(offset), static_cast<size_t>(size));
  };
  std::span<std::byte> checksums;
  if (const size_t entry = EntryOf(bytes, SectionType::kBlockChecksums); entry != 0)
    checksums = Within(entry);
  for (size_t i = 0; i < SectionCount(bytes); ++i) {
    const size_t entry = EntryAt(i);
    const std::span<std::byte> section = Within(entry);
    if ((GetAt<uint32_t>(bytes, entry + kFlagsAt) & kSectionIsInBlocks) == 0) {
      PutAt(bytes, entry + kChecksumAt, Checksum(section));
      continue;
    }
    const auto first = GetAt<uint64_t>(bytes, entry + kFirstBlockAt);
    const size_t count = (section.size() + kBlockBytes - 1) / kBlockBytes;
    if (first > checksums.size() / 8 || count > checksums.size() / 8 - first) continue;
    const std::span<std::byte> own = checksums.subspan(static_cast<size_t>(first) * 8, count * 8);
    for (size_t block = 0; block < count; ++block) {
      const size_t begin = block * kBlockBytes;
      const uint64_t checksum =
          Checksum(section.subspan(begin, std::min(kBlockBytes, section.size() - begin)));
      std::memcpy(own.data() + block * 8, &checksum, 8);
    }
    PutAt(bytes, entry + kChecksumAt, Checksum(own));
  }
  // The block checksums have changed since theirs was made.
  if (const size_t entry = EntryOf(bytes, SectionType::kBlockChecksums); entry != 0) {
    PutAt(bytes, entry + kChecksumAt, Checksum(checksums));
  }
  const std::span<const std::byte> all(bytes);
  PutAt(bytes, kTableChecksumAt,
        Checksum(all.subspan(kHeaderBytes, SectionCount(bytes) * kSectionEntryBytes)));
  PutAt(bytes, kHeaderChecksumAt, Checksum(all.first(kHeaderChecksumAt)));
}

// The same for the sectors of a log.
inline void RepairSectors(Bytes& bytes) {
  if (bytes.size() < kSectorBytes) return;
  const std::span<const std::byte> all(bytes);
  PutAt(bytes, kHeaderChecksumAt, Checksum(all.first(kHeaderChecksumAt)));
  for (size_t at = 0; at + kSectorBytes <= bytes.size(); at += kSectorBytes) {
    if (at > 0) PutAt(bytes, at + 12, GetAt<uint32_t>(bytes, kHeaderChecksumAt));
    PutAt(bytes, at + 504, Checksum(all.subspan(at, 504)));
  }
}

}  // namespace segvec::testing
