#include "storage/file_names.h"

#include <charconv>
#include <limits>

namespace segvec {
namespace {

struct PartPrefix {
  std::string_view text;
  FileRole role;
};
constexpr PartPrefix kPartPrefixes[] = {{"segment-", FileRole::kSegment},
                                        {"tombstones-", FileRole::kTombstones},
                                        {"strings-", FileRole::kStrings},
                                        {kLogPrefix, FileRole::kLog}};

// A decimal number below `limit` without leading zeros, all of `text`.
std::optional<uint64_t> NumberOf(std::string_view text, uint64_t limit) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number >= limit) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return number;
}

}  // namespace

std::optional<FileName> ParseFileName(std::string_view name) {
  if (name.starts_with(kManifestPrefix)) {
    std::string_view rest = name.substr(kManifestPrefix.size());
    const bool is_temporary = rest.ends_with(kTemporarySuffix);
    if (is_temporary) rest.remove_suffix(kTemporarySuffix.size());
    const auto generation = NumberOf(rest, kGenerationLimit);
    if (!generation) return std::nullopt;
    return FileName{is_temporary ? FileRole::kTemporaryManifest : FileRole::kManifest, 0, *generation};
  }
  for (const PartPrefix& prefix : kPartPrefixes) {
    if (!name.starts_with(prefix.text)) continue;
    const std::string_view rest = name.substr(prefix.text.size());
    const size_t dash = rest.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    const auto number = NumberOf(rest.substr(0, dash), uint64_t{std::numeric_limits<uint32_t>::max()} + 1);
    const auto generation = NumberOf(rest.substr(dash + 1), kGenerationLimit);
    if (!number || !generation) return std::nullopt;
    return FileName{prefix.role, static_cast<uint32_t>(*number), *generation};
  }
  return std::nullopt;
}

}  // namespace segvec
