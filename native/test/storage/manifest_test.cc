#include "storage/manifest.h"

#include <doctest/doctest.h>

#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "support/byte_file.h"
#include "support/errors.h"
#include "support/manifest_of.h"
#include "support/segment_of.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

Bytes Write(const Manifest& manifest) {
  Bytes bytes;
  ByteSink sink(bytes);
  const FileStamp stamp = WriteManifest(manifest, sink);
  CHECK(stamp.size == bytes.size());
  return bytes;
}

Manifest Read(const Bytes& bytes) { return ReadManifest(ByteSource(bytes), "MANIFEST-9", {}); }

TEST_CASE("Manifest: comes back as it was written") {
  CHECK(Read(Write(SomeManifest())) == SomeManifest());
  CHECK(SomeManifest().vector_count() == 130);
}

TEST_CASE("Manifest: of an index whose recall nobody has measured") {
  Manifest manifest = SomeManifest();
  manifest.recall = std::nullopt;
  CHECK(Read(Write(manifest)) == manifest);
}

TEST_CASE("Manifest: of an index that keeps no vectors") {
  Manifest manifest = SomeManifest();
  manifest.options.keeps_vectors = false;
  CHECK_FALSE(Read(Write(manifest)).options.keeps_vectors);
}

TEST_CASE("Manifest: of an empty index") {
  Manifest manifest = SomeManifest();
  manifest.segments.clear();
  manifest.string_id_files.clear();
  CHECK(Read(Write(manifest)) == manifest);
  CHECK(manifest.vector_count() == 0);
}

TEST_CASE("Manifest: what could not be read back is not written") {
  const std::function<void(Manifest&)> changes[] = {
      [](Manifest& m) { m.options.dimension = 0; },
      [](Manifest& m) { m.options.dimension = 4097; },
      [](Manifest& m) { m.options.id_type = 3; },
      [](Manifest& m) { m.options.quantization = 9; },
      [](Manifest& m) { m.options.M = 1; },
      [](Manifest& m) { m.options.M = 129; },
      [](Manifest& m) { m.options.ef_construction = 0; },
      [](Manifest& m) { m.options.segment_capacity = 0; },
      [](Manifest& m) { m.options.growing_segments = 0; },
      [](Manifest& m) { std::swap(m.segments[0], m.segments[1]); },
      [](Manifest& m) { m.segments[1].number = m.segments[0].number; },
      [](Manifest& m) { m.next_segment_number = m.segments[1].number; },
      [](Manifest& m) { m.segments[1].dead_count = m.segments[1].slot_count + 1; },
      [](Manifest& m) { m.segments[1].tombstones.reset(); },
      [](Manifest& m) { m.segments[0].tombstones = m.segments[1].tombstones; },
      [](Manifest& m) { m.segments[0].slot_count = kMaxSlots + 1; },
      [](Manifest& m) { m.segments[0].file.name = m.segments[1].file.name; },
      [](Manifest& m) { m.segments[0].file.name = ""; },
      [](Manifest& m) { m.segments[0].file.name = "../a"; },
      [](Manifest& m) { m.segments[0].file.name = "."; },
      [](Manifest& m) { m.segments[0].file.name = ".."; },
      [](Manifest& m) { m.segments[0].file.name = "a\\b"; },
      [](Manifest& m) { m.segments[0].file.name = std::string("a\0b", 3); },
      [](Manifest& m) { m.string_id_files[0].name = std::string(256, 'a'); },
      [](Manifest& m) { m.recall->shape.vector_count = ~uint64_t{0}; },
      [](Manifest& m) { m.recall->shape.slot_count = ~uint64_t{0}; },
      [](Manifest& m) { m.recall->shape.beam_factor = std::numeric_limits<double>::quiet_NaN(); },
      [](Manifest& m) { m.recall->shape.beam_factor = -1; },
      [](Manifest& m) { m.recall->shape.beam_factor = std::numeric_limits<double>::infinity(); },
      [](Manifest& m) { m.recall->curves.clear(); },
      [](Manifest& m) { m.recall->curves[0].k = 0; },
      [](Manifest& m) { m.recall->curves[1].k = 1; },
      [](Manifest& m) { m.recall->curves[1].k = kMaxSlots + 1; },
      [](Manifest& m) { m.recall->curves[1].points.clear(); },
      [](Manifest& m) { m.recall->curves[0].points[0].ef = 0; },
      [](Manifest& m) { m.recall->curves[0].points[1].ef = 6; },
      [](Manifest& m) { m.recall->curves[0].points[1].ef = kMaxSlots + 1; },
      [](Manifest& m) { m.recall->curves[0].points[1].recall = 0.4; },
      [](Manifest& m) { m.recall->curves[0].points[1].recall = 1.1; },
      [](Manifest& m) { m.recall->curves[0].points[0].recall = std::numeric_limits<double>::quiet_NaN(); },
      [](Manifest& m) { m.recall->curves[0].points[0].standard_error = -0.1; },
      [](Manifest& m) { m.recall->curves[0].points[0].standard_error = 1.1; },
  };
  for (const auto& change : changes) {
    Manifest manifest = SomeManifest();
    change(manifest);
    CHECK(ErrorCodeOf([&] { Write(manifest); }) == "INTERNAL");
  }
}

TEST_CASE("Manifest: a segment of another shape does not belong to it") {
  Manifest manifest = SomeManifest();
  ManifestSegment& entry = manifest.segments[0];
  const auto segment =
      SealedSegment(RandomVectors(100, 8, 1), {Metric::kCosine, true, false, 16, entry.number});
  CHECK(ErrorTextOf([&] { CheckSegmentBelongs(*segment, manifest, entry); }) == "none");
  manifest.options.dimension = 9;
  CHECK(ErrorTextOf([&] { CheckSegmentBelongs(*segment, manifest, entry); }) ==
        "CORRUPT: a.segment: dimension 8; expected 9, as the manifest says");
  manifest.options.dimension = 8;
  manifest.options.metric = Metric::kIp;
  CHECK(ErrorCodeOf([&] { CheckSegmentBelongs(*segment, manifest, entry); }) == "CORRUPT");
  manifest.options.metric = Metric::kCosine;
  manifest.options.M = 17;
  CHECK(ErrorCodeOf([&] { CheckSegmentBelongs(*segment, manifest, entry); }) == "CORRUPT");
  manifest.options.M = 16;
  entry.slot_count = 99;
  CHECK(ErrorCodeOf([&] { CheckSegmentBelongs(*segment, manifest, entry); }) == "CORRUPT");
  entry.slot_count = 100;
  entry.number = 2;
  CHECK(ErrorCodeOf([&] { CheckSegmentBelongs(*segment, manifest, entry); }) == "CORRUPT");
  entry.number = 3;
  manifest.options.keeps_vectors = false;
  CHECK(ErrorTextOf([&] { CheckSegmentBelongs(*segment, manifest, entry); }) ==
        "CORRUPT: a.segment: keepVectors 1; expected 0, as the manifest says");
  manifest.options.keeps_vectors = true;
  manifest.options.quantization = 0;
  CHECK(ErrorTextOf([&] { CheckSegmentBelongs(*segment, manifest, entry); }) ==
        "CORRUPT: a.segment: quantization 1; expected 0, as the manifest says");
  // A small one has no codes, whatever the index keeps.
  const auto small = SealedSegment(RandomVectors(100, 8, 1), {Metric::kCosine, false, false, 16, 3});
  manifest.options.quantization = 1;
  manifest.options.keeps_vectors = false;
  CHECK(ErrorTextOf([&] { CheckSegmentBelongs(*small, manifest, entry); }) == "none");
}

TEST_CASE("Manifest: the string ids that were written with a segment") {
  Manifest manifest = SomeManifest();
  manifest.segments[0].file.name = "segment-3-7";
  manifest.string_id_files = {{"strings-3-6", {1, 1}}, {"strings-3-7", {5, 6}}};
  REQUIRE(StringIdFileOf(manifest, manifest.segments[0]) != nullptr);
  CHECK(StringIdFileOf(manifest, manifest.segments[0])->stamp == FileStamp{5, 6});
  CHECK(StringIdFileOf(manifest, manifest.segments[1]) == nullptr);
}

}  // namespace
}  // namespace segvec
