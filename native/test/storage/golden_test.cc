// Files that were written once and for all: every later version opens them and finds the same in them.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "storage/verify.h"
#include "support/golden.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

const std::string kFolder = SEGVEC_GOLDEN_FOLDER "/format-1/";

std::unique_ptr<RandomAccessFile> Open(const std::string& name) { return Env::Real().Open(kFolder + name); }

Bytes BytesOf(const std::string& name) {
  const auto file = Open(name);
  Bytes bytes(file->size());
  file->Read(0, bytes);
  return bytes;
}

void CheckContent(const Segment& segment, const golden::SegmentFile& golden) {
  CHECK(segment.number() == golden.spec.number);
  CHECK(segment.shape().metric == golden.spec.metric);
  CHECK(segment.shape().M == golden.spec.M);
  CHECK(segment.shape().dimension == golden::kDimension);
  REQUIRE(segment.has_graph() == golden.spec.has_graph);
  if (segment.has_graph()) CHECK(segment.graph()->link_bytes() == (golden.spec.has_wide_links ? 4 : 2));
  CHECK(segment.walks_codes() == golden.spec.has_codes);
  CHECK(segment.is_lossless() == (golden.spec.has_codes && golden.spec.metric == Metric::kL2));
  REQUIRE(segment.slot_count() == golden::kCount);
  for (uint32_t slot = 0; slot < golden::kCount; ++slot) {
    CHECK(segment.id(slot) == 1000 + slot);
    for (size_t d = 0; d < golden::kDimension; ++d) CHECK(segment.rows().floats.Row(slot)[d] == golden::ValueAt(slot, d));
  }
}

TEST_CASE("Golden: segments of format 1 open, in memory and mapped") {
  for (const golden::SegmentFile& golden : golden::kSegments) {
    CAPTURE(golden.name);
    const ExpectedFile expected{golden::kIdentity.uuid, {}};
    const auto read = ReadSegment(*Open(golden.name), golden.name, expected);
    CheckContent(*read, golden);
    const auto mapped = MapSegment(Env::Real().Map(kFolder + golden.name), golden.name, expected);
    CheckContent(*mapped, golden);
    CHECK(read->Fingerprint() == mapped->Fingerprint());
    const SegmentReport report = VerifySegment(*read, nullptr, {100, 5, 30, 1});
    CHECK(report.is_sound());
    CHECK(report.recall > 0.95);
  }
}

TEST_CASE("Golden: the other files of format 1 open") {
  const ExpectedFile expected{golden::kIdentity.uuid, {}};
  const auto dead = ReadTombstones(*Open("some.tombstones"), "some.tombstones", 1, golden::kCount, expected);
  CHECK(std::ranges::equal(dead->words(), golden::Dead().words()));
  const StringIdTable strings = ReadStringIds(*Open("some.ids"), "some.ids", expected);
  CHECK(strings.numbers == golden::Strings().numbers);
  CHECK(strings.ends == golden::Strings().ends);
  CHECK(strings.texts == golden::Strings().texts);
  CHECK(strings.text(2) == "größer");
  CHECK(ReadManifest(*Open("some.manifest"), "some.manifest", expected) == golden::TheManifest());
  CHECK(ReadManifest(*Open("measured.manifest"), "measured.manifest", expected) == golden::MeasuredManifest());
}

TEST_CASE("Golden: a log of format 1 opens") {
  const auto file = Open("some.log");
  LogFileReader reader(*file, "some.log", golden::kIdentity.uuid, 5);
  CHECK(reader.header() == golden::kLogHeader);
  const auto expected = golden::LogChanges();
  size_t count = 0;
  reader.Walk({}, golden::kDimension, [&](LogFileReader::Record& record) {
    REQUIRE(count < expected.size());
    CHECK(record.type == expected[count].type);
    CHECK(record.sequence == expected[count].sequence);
    CHECK(record.count == expected[count].count);
    CHECK(record.ids == expected[count].ids);
    CHECK(record.texts == expected[count].texts);
    if (count < 2) {
      std::vector<float> values(static_cast<size_t>(record.count) * golden::kDimension);
      record.ReadValues(values);
      CHECK(std::equal(values.begin(), values.end(), golden::Rows().values.begin()));
    }
    ++count;
  });
  CHECK(count == expected.size());
}

// As long as format 1 is what is written.
TEST_CASE("Golden: what is written today is what was written then") {
  static_assert(kFormatVersion == 1);
  const auto Rewritten = [](const auto& write) {
    Bytes bytes;
    ByteSink sink(bytes);
    write(sink);
    return bytes;
  };
  for (const golden::SegmentFile& golden : golden::kSegments) {
    CAPTURE(golden.name);
    const auto segment = ReadSegment(*Open(golden.name), golden.name, {});
    CHECK(Rewritten([&](WritableFile& file) { WriteSegment(*segment, golden::kIdentity, file); }) ==
          BytesOf(golden.name));
  }
  CHECK(Rewritten([](WritableFile& file) {
          WriteTombstones(golden::Dead(), 1, golden::kCount, golden::kIdentity, file);
        }) == BytesOf("some.tombstones"));
  CHECK(Rewritten([](WritableFile& file) { WriteStringIds(golden::Strings(), golden::kIdentity, file); }) ==
        BytesOf("some.ids"));
  CHECK(Rewritten([](WritableFile& file) { WriteManifest(golden::TheManifest(), file); }) ==
        BytesOf("some.manifest"));
  CHECK(Rewritten([](WritableFile& file) { WriteManifest(golden::MeasuredManifest(), file); }) ==
        BytesOf("measured.manifest"));
  Bytes log;
  golden::WriteLog(std::make_unique<ByteSink>(log));
  CHECK(log == BytesOf("some.log"));
}

}  // namespace
}  // namespace segvec
