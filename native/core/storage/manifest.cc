#include "storage/manifest.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/thread_pool.h"
#include "graph/graph.h"
#include "storage/byte_io.h"
#include "storage/file_names.h"
#include "storage/metric_number.h"
#include "storage/section_writer.h"

namespace segvec {
namespace {

constexpr size_t kLongestName = 255;  // bytes, the limit of most file systems
constexpr uint32_t kLastIdType = 2, kLastQuantization = 1;

// The section of fixed size, byte for byte.
struct ManifestInfo {
  uint32_t dimension;
  uint32_t metric;
  uint32_t id_type;
  uint32_t quantization;
  uint32_t M;
  uint32_t ef_construction;
  uint32_t segment_capacity;
  uint32_t growing_segments;
  uint64_t seed;
  uint64_t next_id;
  uint64_t add_count;
  uint32_t next_segment_number;
  uint32_t segment_count;
  uint32_t string_id_file_count;
  uint32_t drops_vectors;
  uint32_t unused[2];
};
static_assert(sizeof(ManifestInfo) == 80);

// A name that leads nowhere but into the directory of the index.
bool IsPlainName(std::string_view name) {
  if (name.empty() || name.size() > kLongestName || name == "." || name == "..") return false;
  return std::ranges::none_of(name, [](char c) { return c == '/' || c == '\\' || c == ':' || c == '\0'; });
}

// What is wrong with a manifest; empty when nothing is.
std::string Violation(const Manifest& manifest) {
  const ManifestOptions& options = manifest.options;
  const auto IsWithin = [](uint64_t value, uint64_t least, uint64_t most) {
    return least <= value && value <= most;
  };
  if (!IsWithin(options.dimension, 1, kMaxDimension)) return "dimension " + std::to_string(options.dimension);
  if (options.id_type > kLastIdType) return "id type " + std::to_string(options.id_type);
  if (options.quantization > kLastQuantization) return "quantization " + std::to_string(options.quantization);
  if (!IsWithin(options.M, kMinM, kMaxM)) return "an M of " + std::to_string(options.M);
  if (!IsWithin(options.ef_construction, 1, kMaxEfConstruction))
    return "efConstruction " + std::to_string(options.ef_construction);
  if (!IsWithin(options.segment_capacity, 1, kMaxSlots))
    return "segmentCapacity " + std::to_string(options.segment_capacity);
  if (!IsWithin(options.growing_segments, 1, kMaxThreads))
    return "growingSegments " + std::to_string(options.growing_segments);
  // Counting on must not overflow.
  if (manifest.next_segment_number >= kNumberLimit)
    return "a next segment number of " + std::to_string(manifest.next_segment_number);
  if (manifest.change_count >= uint64_t{1} << 62 || manifest.first_log >= kNumberLimit)
    return "a log position of " + std::to_string(manifest.change_count) + ", " + std::to_string(manifest.first_log);
  if (manifest.recall) {
    if (std::string violation = Violation(*manifest.recall); !violation.empty()) return violation;
  }
  std::vector<std::string_view> names;
  for (size_t i = 0; i < manifest.segments.size(); ++i) {
    const ManifestSegment& segment = manifest.segments[i];
    const std::string which = "segment " + std::to_string(segment.number);
    if (i > 0 && segment.number <= manifest.segments[i - 1].number)
      return which + " is not in ascending order";
    if (segment.number >= manifest.next_segment_number) return which + " is not below the next number";
    if (segment.slot_count > kMaxSlots || segment.dead_count > segment.slot_count) {
      return which + " has " + std::to_string(segment.dead_count) + " dead of " +
             std::to_string(segment.slot_count) + " slots";
    }
    if (segment.tombstones.has_value() != (segment.dead_count > 0)) {
      return which + " has " + std::to_string(segment.dead_count) +
             (segment.tombstones ? " dead slots and a tombstone file" : " dead slots and no tombstone file");
    }
    names.push_back(segment.file.name);
    if (segment.tombstones) names.push_back(segment.tombstones->name);
  }
  for (const FileReference& file : manifest.string_id_files) names.push_back(file.name);
  for (const std::string_view name : names) {
    if (!IsPlainName(name)) return "a file name that is none";
  }
  std::ranges::sort(names);
  if (const auto twice = std::ranges::adjacent_find(names); twice != names.end()) {
    return "file '" + std::string(*twice) + "' twice";
  }
  return "";
}

void Put(ByteWriter& out, const FileReference& file) {
  out.Put(file.stamp.size);
  out.Put(file.stamp.checksum);
  out.PutText(file.name);
}

FileReference GetFile(ByteReader& in) {
  FileReference file;
  file.stamp.size = in.Get<uint64_t>();
  file.stamp.checksum = in.Get<uint64_t>();
  file.name = in.GetText();
  return file;
}

// Reads `count` entries that fill a section to its last byte. The list grows with what is there, not with
// `count`.
template <class Entry, class Get>
std::vector<Entry> GetList(const SectionReader& reader, SectionType type, uint32_t count, const Get& get) {
  const Section& section = reader.Require(type);
  const std::vector<std::byte> bytes = reader.Read(section);
  ByteReader in(bytes);
  std::vector<Entry> list;
  while (list.size() < count && !in.ended_early()) list.push_back(get(in));
  if (in.ended_early() || !in.is_at_end()) {
    reader.Fail(section, in.position(),
                "not the " + std::to_string(count) + " entries that the manifest info says");
  }
  return list;
}

}  // namespace

uint64_t Manifest::vector_count() const {
  uint64_t count = 0;
  for (const ManifestSegment& segment : segments) count += segment.slot_count - segment.dead_count;
  return count;
}

FileStamp WriteManifest(const Manifest& manifest, WritableFile& file) {
  if (const std::string violation = Violation(manifest); !violation.empty()) {
    throw Error(ErrorCode::kInternal, "a manifest that could not be read back: " + violation);
  }
  const ManifestOptions& options = manifest.options;
  const ManifestInfo info{options.dimension,
                          NumberOf(options.metric),
                          options.id_type,
                          options.quantization,
                          options.M,
                          options.ef_construction,
                          options.segment_capacity,
                          options.growing_segments,
                          options.seed,
                          manifest.next_id,
                          manifest.add_count,
                          manifest.next_segment_number,
                          static_cast<uint32_t>(manifest.segments.size()),
                          static_cast<uint32_t>(manifest.string_id_files.size()),
                          options.keeps_vectors ? 0u : 1u,
                          {}};
  ByteWriter segments, string_id_files, recall;
  for (const ManifestSegment& segment : manifest.segments) {
    segments.Put(segment.number);
    segments.Put(segment.slot_count);
    segments.Put(segment.dead_count);
    Put(segments, segment.file);
    if (segment.tombstones) Put(segments, *segment.tombstones);
  }
  for (const FileReference& reference : manifest.string_id_files) Put(string_id_files, reference);
  SectionWriter writer(FileKind::kManifest, manifest.identity);
  writer.Add(SectionType::kManifestInfo, &info, 1);
  writer.Add(SectionType::kSegmentList, segments.bytes());
  writer.Add(SectionType::kStringIdFileList, string_id_files.bytes());
  const uint64_t log_position[] = {manifest.change_count, manifest.first_log};
  if (manifest.change_count > 0 || manifest.first_log > 0) writer.Add(SectionType::kLogPosition, log_position, 2);
  if (manifest.recall) {
    Put(recall, *manifest.recall);
    writer.Add(SectionType::kRecall, recall.bytes(), false);
  }
  return writer.Write(file, {});
}

Manifest ReadManifest(const RandomAccessFile& file, const std::string& name, const ExpectedFile& expected) {
  const SectionReader reader(file, name, FileKind::kManifest, expected,
                             {SectionType::kManifestInfo, SectionType::kSegmentList,
                              SectionType::kStringIdFileList, SectionType::kLogPosition, SectionType::kRecall});
  ManifestInfo info;
  const Section& info_section = reader.Require(SectionType::kManifestInfo, sizeof(info));
  reader.Read(info_section, std::as_writable_bytes(std::span(&info, 1)));
  const std::optional<Metric> metric = MetricOf(info.metric);
  if (!metric) reader.Fail(info_section, 4, "metric " + std::to_string(info.metric) + "; expected 0, 1 or 2");
  if (info.drops_vectors > 1) reader.Fail(info_section, 68, "flag " + std::to_string(info.drops_vectors));
  if (!IsZero(std::as_bytes(std::span(info.unused))))
    reader.Fail(info_section, 72, "unused bytes are not zero");

  Manifest manifest;
  manifest.identity = reader.identity();
  manifest.options = {info.dimension,
                      *metric,
                      info.id_type,
                      info.quantization,
                      info.M,
                      info.ef_construction,
                      info.segment_capacity,
                      info.growing_segments,
                      info.seed,
                      info.drops_vectors == 0};
  manifest.next_id = info.next_id;
  manifest.add_count = info.add_count;
  manifest.next_segment_number = info.next_segment_number;
  manifest.segments =
      GetList<ManifestSegment>(reader, SectionType::kSegmentList, info.segment_count, [](ByteReader& in) {
        ManifestSegment segment;
        segment.number = in.Get<uint32_t>();
        segment.slot_count = in.Get<uint32_t>();
        segment.dead_count = in.Get<uint32_t>();
        segment.file = GetFile(in);
        if (segment.dead_count > 0) segment.tombstones = GetFile(in);
        return segment;
      });
  manifest.string_id_files =
      GetList<FileReference>(reader, SectionType::kStringIdFileList, info.string_id_file_count, GetFile);
  if (reader.Find(SectionType::kLogPosition) != nullptr) {
    uint64_t log_position[2];
    const Section& section = reader.Require(SectionType::kLogPosition, sizeof(log_position));
    reader.Read(section, std::as_writable_bytes(std::span(log_position)));
    manifest.change_count = log_position[0];
    manifest.first_log = log_position[1];
  }
  if (const Section* section = reader.Find(SectionType::kRecall); section != nullptr) {
    const std::vector<std::byte> bytes = reader.Read(*section);
    ByteReader in(bytes);
    manifest.recall = GetRecallMeasurement(in);
    if (in.ended_early() || !in.is_at_end()) reader.Fail(*section, in.position(), "not as many curves and points as it says");
  }
  if (const std::string violation = Violation(manifest); !violation.empty()) {
    reader.Fail(info_section, 0, violation);
  }
  return manifest;
}

void CheckSegmentBelongs(const Segment& segment, const Manifest& manifest, const ManifestSegment& entry) {
  const SegmentShape& shape = segment.shape();
  const ManifestOptions& options = manifest.options;
  const auto Compare = [&entry](const char* what, uint64_t got, uint64_t expected) {
    if (got == expected) return;
    throw Error(ErrorCode::kCorrupt, entry.file.name + ": " + what + " " + std::to_string(got) +
                                         "; expected " + std::to_string(expected) + ", as the manifest says");
  };
  Compare("number", segment.number(), entry.number);
  Compare("number of slots", segment.slot_count(), entry.slot_count);
  Compare("dimension", shape.dimension, options.dimension);
  Compare("metric", NumberOf(shape.metric), NumberOf(options.metric));
  Compare("M", shape.M, options.M);
  // A small segment has floats and no codes, whatever the index keeps.
  if (!shape.has_codes) return;
  Compare("quantization", 1, options.quantization);
  Compare("keepVectors", shape.keeps_vectors, options.keeps_vectors);
}

const FileReference* StringIdFileOf(const Manifest& manifest, const ManifestSegment& entry) {
  const std::string& name = entry.file.name;
  const std::string wanted = "strings" + name.substr(std::min(name.size(), name.find('-')));
  const auto found = std::ranges::find(manifest.string_id_files, wanted, &FileReference::name);
  return found == manifest.string_id_files.end() ? nullptr : &*found;
}

}  // namespace segvec
