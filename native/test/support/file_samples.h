// A small file of each kind, and how each is opened.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "storage/manifest.h"
#include "storage/segment_file.h"
#include "storage/string_id_file.h"
#include "storage/tombstone_file.h"
#include "support/byte_file.h"
#include "support/manifest_of.h"
#include "support/segment_of.h"

namespace segvec::testing {

inline const FileIdentity kSampleIdentity{Uuid{{std::byte{0xA}, std::byte{0xB}, std::byte{0xC}}}, 3};

// Walks and scans whatever a file made of a segment, for a sanitizer to watch.
inline void UseSegment(const Segment& segment) {
  struct alignas(64) Block {
    float values[16] = {};
  };
  std::vector<Block> blocks(PaddedDimension(segment.shape().dimension) / 16);
  for (size_t d = 0; d < segment.shape().dimension; ++d)
    blocks[d / 16].values[d % 16] = static_cast<float>(d % 3);
  const FloatQuery query{blocks[0].values, 0.5f};
  const Visibility visibility{segment.slot_count(), nullptr};
  SegmentSearchContext context;
  std::vector<Hit> hits;
  if (segment.has_graph()) segment.SearchGraph(query, 20, 20, 10, visibility, context, hits);
  Nearest nearest;
  nearest.Begin(5);
  segment.Scan(query, 0, segment.slot_count(), visibility, nearest);
}

struct FileSample {
  std::string name;
  Bytes bytes;
  FileStamp stamp;
  std::function<void(const Bytes&, const ExpectedFile&)> open;
};

inline FileSample SegmentSample(const std::string& name, const Vectors& vectors, const SegmentSpec& spec) {
  FileSample sample{name, {}, {}, {}};
  ByteSink sink(sample.bytes);
  sample.stamp = WriteSegment(*SealedSegment(vectors, spec), kSampleIdentity, sink);
  sample.open = [](const Bytes& bytes, const ExpectedFile& expected) {
    UseSegment(*ReadSegment(ByteSource(bytes), "sample", expected));
  };
  return sample;
}

// The same, opened as a mapping.
inline FileSample Mapped(FileSample sample) {
  sample.name += ", mapped";
  sample.open = [](const Bytes& bytes, const ExpectedFile& expected) {
    UseSegment(*MapSegment(std::make_shared<ByteMapping>(bytes), "sample", expected));
  };
  return sample;
}

inline FileSample TombstoneSample() {
  FileSample sample{"tombstones", {}, {}, {}};
  Bitset dead;
  for (size_t slot = 0; slot < 1000; slot += 3) dead.Set(slot);
  ByteSink sink(sample.bytes);
  sample.stamp = WriteTombstones(dead, 7, 1001, kSampleIdentity, sink);
  sample.open = [](const Bytes& bytes, const ExpectedFile& expected) {
    ReadTombstones(ByteSource(bytes), "sample", 7, 1001, expected);
  };
  return sample;
}

inline FileSample ManifestSample() {
  FileSample sample{"manifest", {}, {}, {}};
  Manifest manifest = SomeManifest();
  manifest.identity = kSampleIdentity;
  ByteSink sink(sample.bytes);
  sample.stamp = WriteManifest(manifest, sink);
  sample.open = [](const Bytes& bytes, const ExpectedFile& expected) {
    ReadManifest(ByteSource(bytes), "sample", expected);
  };
  return sample;
}

inline FileSample StringIdSample() {
  FileSample sample{"string ids", {}, {}, {}};
  StringIdTable table;
  for (uint64_t i = 0; i < 50; ++i) table.Append(i * 3, "text " + std::to_string(i));
  ByteSink sink(sample.bytes);
  sample.stamp = WriteStringIds(table, kSampleIdentity, sink);
  sample.open = [](const Bytes& bytes, const ExpectedFile& expected) {
    ReadStringIds(ByteSource(bytes), "sample", expected);
  };
  return sample;
}

// Every kind, and every section that there is.
inline std::vector<FileSample> SmallSamples() {
  const Vectors vectors = RandomVectors(12, 5, 1);
  return {SegmentSample("cosine segment", vectors, {Metric::kCosine, true, true, 2}),
          Mapped(SegmentSample("segment", vectors, {Metric::kL2, true, true, 2})),
          SegmentSample("segment with wide links", vectors, {Metric::kL2, true, true, 2, 7, true}),
          SegmentSample("segment without codes", vectors, {Metric::kIp, false, true, 2}),
          SegmentSample("segment without a graph", vectors, {Metric::kL2, false, false, 2}),
          TombstoneSample(),
          ManifestSample(),
          StringIdSample()};
}

}  // namespace segvec::testing
