// The frame that all files share: a header, a table of sections, checksums over everything.
// docs/file-format.md describes every byte.
//
// The checksum in the header covers the header, which holds the checksum of the section table, which holds
// the checksum of each section, which for large ones covers the checksums of their blocks. So eight bytes
// vouch for the whole file; a manifest stores them for each file that it names.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace segvec {

static_assert(sizeof(float) == 4, "files hold 32-bit floats");

// What is on disk is permanent: do not renumber anything in this file.

inline constexpr uint32_t kFormatVersion = 1;

enum class FileKind : uint32_t {
  kSegment = 1,
  kTombstones = 2,
  kManifest = 3,
  kStringIds = 4,
  kLog = 5,
  kBundle = 6
};

enum class SectionType : uint32_t {
  kBlockChecksums = 1,
  kSegmentInfo = 16,
  kIds = 17,
  kRows = 18,
  kInverseNorms = 19,
  kQuantizer = 20,
  kCodes = 21,
  kCorrections = 22,
  kLevels = 23,
  kLinks = 24,
  kUpperLinks = 25,
  kMisfitSlots = 26,
  kMisfitRows = 27,
  kNarrowLinks = 28,
  kNarrowUpperLinks = 29,
  kTombstoneInfo = 32,
  kDeadSlots = 33,
  kManifestInfo = 48,
  kSegmentList = 49,
  kStringIdFileList = 50,
  kLogPosition = 51,
  kRecall = 52,
  kStringIdNumbers = 64,
  kStringIdEnds = 65,
  kStringIdTexts = 66,
  kBundledFiles = 96,
};

// The end of the line is there to be mangled by a transfer that takes the file for text.
inline constexpr char kMagic[8] = {'S', 'E', 'G', 'V', 'E', 'C', '\r', '\n'};

inline constexpr size_t kHeaderBytes = 128;
inline constexpr size_t kSectionEntryBytes = 40;
inline constexpr size_t kMaxSections = 64;
inline constexpr size_t kBlockBytes = 64 << 10;  // sections larger than this are checked block by block

// Flags of a section's entry in the table.
inline constexpr uint32_t kSectionIsRequired =
    1;  // a reader that does not know the section must refuse the file
inline constexpr uint32_t kSectionIsInBlocks = 2;

// Sections start at a multiple of this: cache lines, pages, huge pages.
constexpr uint64_t SectionAlignment(uint64_t section_bytes) {
  return section_bytes < 4096 ? 64 : section_bytes < (2u << 20) ? 4096 : 2u << 20;
}

// "segment", "rows"; "section 99" for one that this version does not know.
std::string FileKindName(FileKind kind);
std::string SectionName(uint32_t type);

// An index; drawn at random when it is created.
struct Uuid {
  std::array<std::byte, 16> bytes{};
  friend bool operator==(const Uuid&, const Uuid&) = default;
};

// Which index a file belongs to, and the generation that it was written for.
struct FileIdentity {
  Uuid uuid;
  uint64_t generation = 0;
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

// How a manifest knows a file again: the checksum is that of its header, and vouches for all of it.
struct FileStamp {
  uint64_t size = 0;
  uint64_t checksum = 0;
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

}  // namespace segvec
