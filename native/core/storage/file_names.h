// What the names of the files in an index's directory say.
//
//   MANIFEST-<generation>, MANIFEST-<generation>.tmp while it is being written
//   segment-<number>-<generation>, tombstones-<number>-<generation>, strings-<number>-<generation>
//   log-<number>-<generation>
//
// A new kind of file is a role and a line in the table of file_names.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace segvec {

enum class FileRole { kManifest, kTemporaryManifest, kSegment, kTombstones, kStrings, kLog };

struct FileName {
  FileRole role;
  uint32_t number = 0;  // of the segment or log file; 0 for a manifest
  uint64_t generation = 0;
};

inline constexpr std::string_view kLockName = "LOCK";
inline constexpr std::string_view kManifestPrefix = "MANIFEST-";
inline constexpr std::string_view kLogPrefix = "log-";
inline constexpr std::string_view kTemporarySuffix = ".tmp";

// Nothing when the name is none of those above.
std::optional<FileName> ParseFileName(std::string_view name);

}  // namespace segvec
