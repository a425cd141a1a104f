#include "storage/file_names.h"

#include <doctest/doctest.h>

namespace segvec {
namespace {

TEST_CASE("FileNames: what a name says") {
  const auto manifest = ParseFileName("MANIFEST-12");
  REQUIRE(manifest.has_value());
  CHECK(manifest->role == FileRole::kManifest);
  CHECK(manifest->generation == 12);
  CHECK(ParseFileName("MANIFEST-0.tmp")->role == FileRole::kTemporaryManifest);
  const auto segment = ParseFileName("segment-4294967295-4611686018427387903");
  REQUIRE(segment.has_value());
  CHECK(segment->role == FileRole::kSegment);
  CHECK(segment->number == 4294967295);
  CHECK(segment->generation == (uint64_t{1} << 62) - 1);
  CHECK(ParseFileName("tombstones-1-2")->role == FileRole::kTombstones);
  CHECK(ParseFileName("strings-1-2")->role == FileRole::kStrings);
  CHECK(ParseFileName("log-1-2")->role == FileRole::kLog);
}

TEST_CASE("FileNames: names that are none of ours") {
  for (const char* name :
       {"", "LOCK", "MANIFEST", "MANIFEST-", "MANIFEST-x", "MANIFEST-007", "MANIFEST--1", "MANIFEST-1.tm",
        "MANIFEST-4611686018427387904", "MANIFEST-18446744073709551616", "segment", "segment-", "segment-1",
        "segment-1-", "segment--1", "segment-01-2", "segment-1-02", "segment-4294967296-1", "segment-1-2-3",
        "segments-1-2", "Segment-1-2", "segment-1-4611686018427387904", "strings-x-1", "tombstones-1-2 "}) {
    CAPTURE(name);
    CHECK_FALSE(ParseFileName(name).has_value());
  }
}

}  // namespace
}  // namespace segvec
