// What an index consisted of at one commit: its parameters, its files, and what it needs to go on as if it
// had never been closed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "distance/metric.h"
#include "segment/segment.h"
#include "storage/env.h"
#include "storage/format.h"
#include "storage/recall_measurement.h"
#include "storage/section_reader.h"

namespace segvec {

// A file of the index's directory: a plain name without a folder.
struct FileReference {
  std::string name;
  FileStamp stamp;
  friend bool operator==(const FileReference&, const FileReference&) = default;
};

struct ManifestSegment {
  uint32_t number = 0;
  uint32_t slot_count = 0;
  uint32_t dead_count = 0;
  FileReference file;
  std::optional<FileReference> tombstones;  // exactly when dead_count > 0
  friend bool operator==(const ManifestSegment&, const ManifestSegment&) = default;
};

// The numbers are those of the enumerations in index/options.h and distance/metric.h as they are stored: do
// not renumber.
struct ManifestOptions {
  uint32_t dimension = 0;
  Metric metric = Metric::kCosine;
  uint32_t id_type = 0;       // 0 number, 1 bigint, 2 string
  uint32_t quantization = 0;  // 0 none, 1 int8
  uint32_t M = 0;
  uint32_t ef_construction = 0;
  uint32_t segment_capacity = 0;
  uint32_t growing_segments = 1;
  uint64_t seed = 0;
  bool keeps_vectors = true;
  friend bool operator==(const ManifestOptions&, const ManifestOptions&) = default;
};

struct Manifest {
  FileIdentity identity;
  ManifestOptions options;
  uint64_t next_id = 0;  // the next automatic id
  uint64_t add_count = 0;
  uint32_t next_segment_number = 0;
  uint64_t change_count = 0;  // changes in all: the sequence number of the last one that is in the segments
  uint64_t first_log = 0;     // log files with smaller numbers say nothing that comes after these changes
  std::vector<ManifestSegment> segments;       // ascending number
  std::vector<FileReference> string_id_files;  // in the order of their segments
  std::optional<RecallMeasurement> recall;     // if it has been measured
  friend bool operator==(const Manifest&, const Manifest&) = default;

  uint64_t vector_count() const;  // live ones
};

// Writes the manifest to a new file; the caller syncs, closes and renames it. Throws kInternal when the
// manifest is not one that could be read back.
FileStamp WriteManifest(const Manifest& manifest, WritableFile& file);

// Errors: kCorrupt, kUnsupportedFormat, kIo.
Manifest ReadManifest(const RandomAccessFile& file, const std::string& name, const ExpectedFile& expected);

// Throws kCorrupt unless the segment is the one that the manifest means: its number, slots, dimension, metric,
// M and, where it has codes, whether there may be codes and whether they are all that is kept.
void CheckSegmentBelongs(const Segment& segment, const Manifest& manifest, const ManifestSegment& entry);

// The file of string ids that was written with a segment's file ("strings-3-7" for "segment-3-7"); null when
// the manifest names none.
const FileReference* StringIdFileOf(const Manifest& manifest, const ManifestSegment& entry);

}  // namespace segvec
