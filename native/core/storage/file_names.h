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

// Generations, and the numbers of segments and log files, stay below these, so that counting on from a name that somebody
// made up cannot overflow.
inline constexpr uint64_t kGenerationLimit = uint64_t{1} << 62;
inline constexpr uint32_t kNumberLimit = uint32_t{1} << 31;

// Nothing when the name is none of those above.
std::optional<FileName> ParseFileName(std::string_view name);

}  // namespace segvec
