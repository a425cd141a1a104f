#include "storage/format.h"

namespace segvec {

std::string FileKindName(FileKind kind) {
  switch (kind) {
    case FileKind::kSegment:
      return "segment";
    case FileKind::kTombstones:
      return "tombstone";
    case FileKind::kManifest:
      return "manifest";
    case FileKind::kStringIds:
      return "string id";
    case FileKind::kLog:
      return "log";
    case FileKind::kBundle:
      return "bundle";
  }
  return "kind " + std::to_string(static_cast<uint32_t>(kind));
}

std::string SectionName(uint32_t type) {
  switch (static_cast<SectionType>(type)) {
    case SectionType::kBlockChecksums:
      return "block checksums";
    case SectionType::kSegmentInfo:
      return "segment info";
    case SectionType::kIds:
      return "ids";
    case SectionType::kRows:
      return "rows";
    case SectionType::kInverseNorms:
      return "inverse norms";
    case SectionType::kQuantizer:
      return "quantizer";
    case SectionType::kCodes:
      return "codes";
    case SectionType::kCorrections:
      return "corrections";
    case SectionType::kLevels:
      return "levels";
    case SectionType::kLinks:
      return "links";
    case SectionType::kUpperLinks:
      return "upper links";
    case SectionType::kMisfitSlots:
      return "misfit slots";
    case SectionType::kMisfitRows:
      return "misfit rows";
    case SectionType::kNarrowLinks:
      return "narrow links";
    case SectionType::kNarrowUpperLinks:
      return "narrow upper links";
    case SectionType::kTombstoneInfo:
      return "tombstone info";
    case SectionType::kDeadSlots:
      return "dead slots";
    case SectionType::kManifestInfo:
      return "manifest info";
    case SectionType::kSegmentList:
      return "segment list";
    case SectionType::kStringIdFileList:
      return "string id file list";
    case SectionType::kLogPosition:
      return "log position";
    case SectionType::kRecall:
      return "recall";
    case SectionType::kStringIdNumbers:
      return "string id numbers";
    case SectionType::kStringIdEnds:
      return "string id ends";
    case SectionType::kStringIdTexts:
      return "string id texts";
    case SectionType::kBundledFiles:
      return "bundled files";
  }
  return "section " + std::to_string(type);
}

}  // namespace segvec
