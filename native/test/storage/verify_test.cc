#include "storage/verify.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "support/errors.h"
#include "support/file_repair.h"
#include "support/file_samples.h"
#include "support/names.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

SegmentReport Verify(Bytes bytes, const Bitset* dead = nullptr) {
  RepairChecksums(bytes);
  return VerifySegmentFile(ByteSource(bytes), "sample", {}, dead);
}

Bytes SampleBytes(Metric metric, bool has_codes) {
  // Wide links, which the tests that cut them find at whole numbers.
  return SegmentSample("", ClusteredVectors(500, 12, 10, 1), {metric, has_codes, true, 8, 7, true}).bytes;
}

TEST_CASE("Verify: a sound segment") {
  for (const Metric metric : kMetrics) {
    for (const bool has_codes : {false, true}) {
      CAPTURE(Name(metric));
      CAPTURE(has_codes);
      const SegmentReport report = Verify(SampleBytes(metric, has_codes));
      CHECK(report.wrong_code_count == 0);
      CHECK(report.duplicate_id_count == 0);
      // Nothing here attaches what pruning cut off, which under ip is common.
      if (metric != Metric::kIp) CHECK(report.is_sound());
      CHECK(report.slot_count == 500);
      CHECK(report.live_count == 500);
      CHECK(report.has_graph);
      CHECK(report.probe_count == 32);
      CHECK(report.lost_count == 0);
      CHECK(report.recall > 0.95);
    }
  }
  const SegmentReport scanned =
      Verify(SegmentSample("", RandomVectors(50, 4, 1), {Metric::kL2, false, false}).bytes);
  CHECK(scanned.is_sound());
  CHECK(scanned.probe_count == 0);
}

TEST_CASE("Verify: dead slots do not count") {
  Bitset dead;
  for (size_t slot = 0; slot < 400; ++slot) dead.Set(slot);
  const SegmentReport report = Verify(SampleBytes(Metric::kL2, true), &dead);
  CHECK(report.is_sound());
  CHECK(report.live_count == 100);
  CHECK(report.probe_count < 32);
  CHECK(report.lost_count == 0);
  CHECK(report.recall > 0.9);
}

TEST_CASE("Verify: ids that are there twice") {
  Bytes bytes = SampleBytes(Metric::kL2, true);
  PutAt<uint64_t>(bytes, BytesOf(bytes, SectionType::kIds) + 8 * 7, 1000);
  CHECK(Verify(bytes).duplicate_id_count == 1);
  CHECK_FALSE(Verify(bytes).is_sound());
  Bitset dead;
  dead.Set(7);
  CHECK(Verify(bytes, &dead).duplicate_id_count == 0);
}

TEST_CASE("Verify: codes that are not those of their rows") {
  Bytes bytes = SampleBytes(Metric::kCosine, true);
  bytes[BytesOf(bytes, SectionType::kCodes) + 64 * 9] ^= std::byte{1};
  bytes[BytesOf(bytes, SectionType::kCodes) + 64 * 11 + 20] ^= std::byte{1};  // behind the end of a row
  CHECK(Verify(bytes).wrong_code_count == 2);
}

TEST_CASE("Verify: corrections that are those of other codes") {
  Bytes bytes = SampleBytes(Metric::kL2, true);
  const size_t corrections = BytesOf(bytes, SectionType::kCorrections);
  const auto first = GetAt<int32_t>(bytes, corrections), second = GetAt<int32_t>(bytes, corrections + 4);
  REQUIRE(first != second);
  PutAt(bytes, corrections, second);
  PutAt(bytes, corrections + 4, first);
  CHECK(Verify(bytes).wrong_code_count == 2);
}

TEST_CASE("Verify: a slot that no link leads to") {
  Bytes bytes = SampleBytes(Metric::kL2, true);
  const size_t links = BytesOf(bytes, SectionType::kLinks),
               upper_links = BytesOf(bytes, SectionType::kUpperLinks);
  const auto entry = GetAt<uint32_t>(bytes, BytesOf(bytes, SectionType::kSegmentInfo) + 32);
  const uint32_t lost = entry == 5 ? 6 : 5;
  const auto Unlink = [&](size_t row, size_t capacity) {
    for (size_t i = 0; i < capacity; ++i) {
      if (GetAt<uint32_t>(bytes, row + 4 * i) != lost) continue;
      for (; i + 1 < capacity; ++i) PutAt(bytes, row + 4 * i, GetAt<uint32_t>(bytes, row + 4 * (i + 1)));
      PutAt(bytes, row + 4 * (capacity - 1), kNil);
    }
  };
  for (size_t slot = 0; slot < 500; ++slot) Unlink(links + slot * 64, 16);
  const size_t upper_rows = GetAt<uint32_t>(bytes, BytesOf(bytes, SectionType::kSegmentInfo) + 40);
  for (size_t row = 0; row < upper_rows; ++row) Unlink(upper_links + row * 64, 8);
  CHECK(Verify(bytes).unreachable_count == 1);
  Bitset dead;
  dead.Set(lost);
  CHECK(Verify(bytes, &dead).unreachable_count == 0);
}

TEST_CASE("Verify: a graph that leads nowhere near") {
  Bytes bytes = SampleBytes(Metric::kL2, true);
  const size_t links = BytesOf(bytes, SectionType::kLinks);
  for (uint32_t slot = 0; slot < 500; ++slot) {  // a ring
    PutAt(bytes, links + slot * 64, (slot + 1) % 500);
    for (size_t i = 1; i < 16; ++i) PutAt(bytes, links + slot * 64 + 4 * i, kNil);
  }
  const SegmentReport report = Verify(bytes);
  CHECK(report.is_sound());
  CHECK(report.recall < 0.9);
  CHECK(report.lost_count > 0);
}

TEST_CASE("Verify: a graph without links finds its entry and nothing else") {
  Bytes bytes = SampleBytes(Metric::kL2, true);
  for (const SectionType type : {SectionType::kLinks, SectionType::kUpperLinks}) {
    const size_t begin = BytesOf(bytes, type), size = GetAt<uint64_t>(bytes, EntryOf(bytes, type) + kSizeAt);
    for (size_t at = 0; at < size; at += 4) PutAt(bytes, begin + at, kNil);
  }
  SegmentReport report = Verify(bytes);
  CHECK(report.unreachable_count == 499);
  CHECK(report.lost_count + 1 >= report.probe_count);
  // Nor that, where it is dead.
  Bitset dead;
  dead.Set(GetAt<uint32_t>(bytes, BytesOf(bytes, SectionType::kSegmentInfo) + 32));
  report = Verify(bytes, &dead);
  CHECK(report.unreachable_count == 499);
  CHECK(report.probe_count > 0);
  CHECK(report.lost_count == report.probe_count);
  CHECK(report.recall == 0);
}

TEST_CASE("Verify: says how far it has come") {
  const Bytes bytes = SampleBytes(Metric::kL2, true);
  double last = 0;
  size_t count = 0;
  VerifySegment(*ReadSegment(ByteSource(bytes), "sample", {}), nullptr, {}, [&](double share) {
    CHECK(share >= last);
    CHECK(share <= 1);
    last = share;
    ++count;
  });
  CHECK(last > 0.9);
  CHECK(count > 32);
}

TEST_CASE("Verify: damage, and being stopped") {
  Bytes bytes = SampleBytes(Metric::kL2, true);
  CHECK(ErrorCodeOf([&] {
          VerifySegmentFile(ByteSource(bytes), "sample", {}, nullptr, {},
                            [](double) { throw Error(ErrorCode::kAborted, "stop"); });
        }) == "ABORTED");
  bytes.back() ^= std::byte{1};
  CHECK(ErrorCodeOf([&] { VerifySegmentFile(ByteSource(bytes), "sample", {}, nullptr); }) == "CORRUPT");
}

}  // namespace
}  // namespace segvec
