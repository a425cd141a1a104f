// Files whose checksums are right and whose contents are not, as only malice or a broken writer makes them:
// what must never happen is a crash, or memory for what is not there.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "storage/section_writer.h"
#include "support/codes_only_segment.h"
#include "support/errors.h"
#include "support/file_repair.h"
#include "support/file_samples.h"
#include "support/sanitizers.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

std::string ErrorOfOpening(const FileSample& sample, Bytes bytes) {
  RepairChecksums(bytes);
  return ErrorTextOf([&] { sample.open(bytes, {}); });
}

FileSample GraphSample(bool has_wide_links = false) {
  return SegmentSample("segment", RandomVectors(40, 5, 1), {Metric::kCosine, true, true, 2, 7, has_wide_links});
}

// The file with one number of a section changed.
template <class T>
Bytes With(const FileSample& sample, SectionType type, size_t at, T value) {
  Bytes bytes = sample.bytes;
  PutAt(bytes, BytesOf(bytes, type) + at, value);
  return bytes;
}
template <class T>
Bytes WithEntry(const FileSample& sample, SectionType type, size_t at, T value) {
  Bytes bytes = sample.bytes;
  PutAt(bytes, EntryOf(bytes, type) + at, value);
  return bytes;
}

TEST_CASE("Crafted: repairing a sound file changes nothing") {
  for (const FileSample& sample : SmallSamples()) {
    Bytes bytes = sample.bytes;
    RepairChecksums(bytes);
    CHECK(bytes == sample.bytes);
  }
  const FileSample large = SegmentSample("large", RandomVectors(3000, 20, 1), {});
  Bytes bytes = large.bytes;
  RepairChecksums(bytes);
  CHECK(bytes == large.bytes);
}

TEST_CASE("Crafted: a newer format says so") {
  for (const FileSample& sample : SmallSamples()) {
    Bytes bytes = sample.bytes;
    PutAt<uint32_t>(bytes, 12, 9);
    CHECK(ErrorOfOpening(sample, bytes) == "none");  // written by a newer version for readers of this one
    PutAt<uint32_t>(bytes, 16, 8);
    CHECK(
        ErrorOfOpening(sample, bytes) ==
        "UNSUPPORTED_FORMAT: sample has format 9, which needs a reader of format 8 or newer; this version of "
        "segvec reads format 1");
    PutAt<uint32_t>(bytes, 16, 0);
    CHECK(StartsWith(ErrorOfOpening(sample, bytes), "CORRUPT"));
  }
}

TEST_CASE("Crafted: sections that this version does not know") {
  const FileSample sample = TombstoneSample();
  // Another section in front of the others, where there is room for one more entry.
  for (const bool is_required : {false, true}) {
    Bytes bytes;
    ByteSink sink(bytes);
    SectionWriter writer(FileKind::kTombstones, kSampleIdentity);
    const uint32_t info[4] = {7, 10, 0, 0};
    const uint64_t words[1] = {0}, more[30000] = {1, 2, 3};
    writer.Add(static_cast<SectionType>(99), more, 30000, is_required);
    writer.Add(SectionType::kTombstoneInfo, info, 4);
    writer.Add(SectionType::kDeadSlots, words, 1);
    writer.Write(sink, {});
    const std::string error = ErrorTextOf([&] { ReadTombstones(ByteSource(bytes), "sample", 7, 10, {}); });
    CHECK(error == (is_required
                        ? "UNSUPPORTED_FORMAT: sample has a part that this version of segvec cannot read: "
                          "'section 99'"
                        : "none"));
  }
}

TEST_CASE("Crafted: codes of a width that this version does not know") {
  const FileSample sample = GraphSample();
  CHECK(StartsWith(ErrorOfOpening(sample, With<uint32_t>(sample, SectionType::kSegmentInfo, 52, 4)),
                   "UNSUPPORTED_FORMAT"));
}

TEST_CASE("Crafted: headers and tables that claim what cannot be") {
  constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();
  for (const FileSample& sample : SmallSamples()) {
    CAPTURE(sample.name);
    const uint64_t size = sample.bytes.size();
    for (const uint64_t claim :
         {uint64_t{0}, size - 1, size + 1, uint64_t{1} << 32, uint64_t{1} << 40, kMost}) {
      Bytes bytes = sample.bytes;
      PutAt(bytes, kFileSizeAt, claim);
      CHECK(StartsWith(ErrorOfOpening(sample, bytes), "CORRUPT"));
    }
    for (const uint32_t count : {0u, 1u, 64u, 65u, 0x7FFFFFFFu, 0xFFFFFFFFu}) {
      Bytes bytes = sample.bytes;
      PutAt(bytes, kSectionCountAt, count);
      CHECK(StartsWith(ErrorOfOpening(sample, bytes), "CORRUPT"));
    }
    for (size_t i = 0; i < SectionCount(sample.bytes); ++i) {
      const auto offset = GetAt<uint64_t>(sample.bytes, EntryAt(i) + kOffsetAt);
      const auto section_size = GetAt<uint64_t>(sample.bytes, EntryAt(i) + kSizeAt);
      for (const uint64_t claim : {uint64_t{0}, uint64_t{64}, offset + 1, offset - 64, size, size + 64,
                                   uint64_t{1} << 40, kMost - 63, kMost}) {
        Bytes bytes = sample.bytes;
        PutAt(bytes, EntryAt(i) + kOffsetAt, claim);
        CHECK(StartsWith(ErrorOfOpening(sample, bytes), "CORRUPT"));
      }
      for (const uint64_t claim : {section_size + 1, section_size + 4096, size, uint64_t{1} << 40,
                                   uint64_t{1} << 63, kMost - offset, kMost - offset + 1, kMost}) {
        Bytes bytes = sample.bytes;
        PutAt(bytes, EntryAt(i) + kSizeAt, claim);
        CHECK(StartsWith(ErrorOfOpening(sample, bytes), "CORRUPT"));
      }
      Bytes twice = sample.bytes;
      PutAt(twice, EntryAt(i) + kTypeAt, GetAt<uint32_t>(twice, EntryAt(i == 0 ? 1 : 0) + kTypeAt));
      CHECK(StartsWith(ErrorOfOpening(sample, twice), "CORRUPT"));
      for (const uint32_t flags : {kSectionIsRequired | kSectionIsInBlocks, 4u, 0xFFFFFFFFu}) {
        Bytes bytes = sample.bytes;
        PutAt(bytes, EntryAt(i) + kFlagsAt, flags);
        CHECK(StartsWith(ErrorOfOpening(sample, bytes), "CORRUPT"));
      }
    }
  }
}

// Every number in the section that says what the others hold. Sizes are compared with what is there before
// anything is allocated; a claim of 2^31 rows of 4096 floats is 2^45 bytes.
TEST_CASE("Crafted: a segment that claims what cannot be") {
  const FileSample sample = GraphSample();
  const uint32_t most = 0xFFFFFFFFu;
  const struct {
    size_t at;
    std::vector<uint32_t> claims;
  } fields[] = {
      {0, {0, 4, 6, 4096, 4097, 0x40000000u, most}},      // dimension
      {4, {0, 2, 3, most}},                               // metric: the sections of another
      {8, {0, 1, 9, 129, 0x80000000u, most}},             // M: other strides
      {12, {0, 39, 41, 1u << 31, (1u << 31) + 1, most}},  // slots
      {20, {0, 1, 2, 7, 8, most}},                        // flags
      {32, {40, 1u << 31, most}},                         // entry slot
      {36, {15, 16, most}},                               // entry level
      {40, {0, 1u << 31, most}},                          // upper rows
      {44, {0, 15, 32, most}},                            // floats per row
      {48, {0, 63, 128, most}},                           // codes per row
      {56, {0, 16, 32, most}},                            // links per row
      {60, {0, 4, 16, most}},                             // links per upper row
  };
  for (const auto& field : fields) {
    for (const uint32_t claim : field.claims) {
      CAPTURE(field.at);
      CAPTURE(claim);
      CHECK(StartsWith(ErrorOfOpening(sample, With(sample, SectionType::kSegmentInfo, field.at, claim)),
                       "CORRUPT"));
    }
  }
  // Both, the number of slots and the sizes of the sections, agree on what is not there.
  for (const uint32_t slot_count : {1u << 30, 1u << 31}) {
    Bytes bytes = With(sample, SectionType::kSegmentInfo, 12, slot_count);
    PutAt(bytes, EntryOf(bytes, SectionType::kIds) + kSizeAt, uint64_t{slot_count} * 8);
    CHECK(StartsWith(ErrorOfOpening(sample, bytes), "CORRUPT"));
  }
}

// Links as the file holds them.
template <class T>
void CheckCraftedLinks(const FileSample& sample, SectionType links, SectionType upper_links) {
  const auto IsRefused = [&](const Bytes& bytes) {
    return StartsWith(ErrorOfOpening(sample, bytes), "CORRUPT");
  };
  const T nil = static_cast<T>(kNil);
  for (const T link : {T{0}, T{40}, T{0x7FFF}, static_cast<T>(nil - 1)}) {
    CHECK(IsRefused(With(sample, links, 0, link)));  // slot 0 to itself, and to what is not there
  }
  CHECK(IsRefused(With(sample, links, 0, nil)));  // a link behind the end
  CHECK(IsRefused(With(sample, SectionType::kLevels, 0, uint8_t{16})));
  CHECK(IsRefused(With(sample, SectionType::kLevels, 0, uint8_t{255})));
  const size_t levels = BytesOf(sample.bytes, SectionType::kLevels);
  size_t upper = 0;
  for (size_t slot = 0; slot < 40; ++slot) {
    const auto level = static_cast<uint8_t>(sample.bytes[levels + slot]);
    upper += level;
    CHECK(IsRefused(With(sample, SectionType::kLevels, slot, static_cast<uint8_t>(level + 1))));
    // A row on a level that its target is not on.
    if (level > 0) continue;
    CHECK(IsRefused(With(sample, upper_links, 0, static_cast<T>(slot))));
  }
  REQUIRE(upper > 0);
  for (const T link : {T{40}, static_cast<T>(nil - 1)}) CHECK(IsRefused(With(sample, upper_links, 0, link)));
}

TEST_CASE("Crafted: graphs that lead out of themselves") {
  CheckCraftedLinks<uint16_t>(GraphSample(), SectionType::kNarrowLinks, SectionType::kNarrowUpperLinks);
  const FileSample wide = GraphSample(true);
  CheckCraftedLinks<uint32_t>(wide, SectionType::kLinks, SectionType::kUpperLinks);
  // Beyond the 2M links of a row, which only wide ones have room for.
  CHECK(StartsWith(ErrorOfOpening(wide, With(wide, SectionType::kLinks, 4 * 4, 1u)), "CORRUPT"));
}

TEST_CASE("Crafted: links of another width than their section's") {
  for (const bool has_wide_links : {false, true}) {
    const FileSample sample = GraphSample(has_wide_links);
    const auto own = has_wide_links ? SectionType::kLinks : SectionType::kNarrowLinks;
    const auto own_upper = has_wide_links ? SectionType::kUpperLinks : SectionType::kNarrowUpperLinks;
    const auto other = has_wide_links ? SectionType::kNarrowLinks : SectionType::kLinks;
    const auto other_upper = has_wide_links ? SectionType::kNarrowUpperLinks : SectionType::kUpperLinks;
    const auto Retyped = [&sample](SectionType from, SectionType to) {
      Bytes bytes = sample.bytes;
      PutAt(bytes, EntryOf(bytes, from) + kTypeAt, static_cast<uint32_t>(to));
      return bytes;
    };
    CHECK(StartsWith(ErrorOfOpening(sample, Retyped(own, other)), "CORRUPT"));
    CHECK(StartsWith(ErrorOfOpening(sample, Retyped(own_upper, other_upper)), "CORRUPT"));
    // And the right size of a row with it.
    for (const SectionType upper : {own_upper, other_upper}) {
      Bytes bytes = Retyped(own, other);
      PutAt(bytes, EntryOf(bytes, own_upper) + kTypeAt, static_cast<uint32_t>(upper));
      PutAt(bytes, BytesOf(bytes, SectionType::kSegmentInfo) + 56, has_wide_links ? 4u : 16u);
      PutAt(bytes, BytesOf(bytes, SectionType::kSegmentInfo) + 60, has_wide_links ? 2u : 16u);
      CHECK(StartsWith(ErrorOfOpening(sample, bytes), "CORRUPT"));
    }
    // Of a graph that is not there.
    for (const SectionType type : {own, own_upper}) {
      Bytes bytes = SegmentSample("scanned", RandomVectors(40, 5, 1), {Metric::kCosine, true, false, 2}).bytes;
      PutAt(bytes, EntryOf(bytes, SectionType::kCodes) + kTypeAt, static_cast<uint32_t>(type));
      CHECK(StartsWith(ErrorOfOpening(sample, bytes), "CORRUPT"));
    }
  }
}

TEST_CASE("Crafted: numbers that no writer would write") {
  const FileSample sample = GraphSample();
  const auto IsRefused = [&](const Bytes& bytes) {
    return StartsWith(ErrorOfOpening(sample, bytes), "CORRUPT");
  };
  const float infinity = std::numeric_limits<float>::infinity(),
              nan = std::numeric_limits<float>::quiet_NaN();
  for (const float value : {infinity, -infinity, nan, 2e17f}) {
    CHECK(IsRefused(With(sample, SectionType::kRows, 0, value)));
    CHECK(IsRefused(With(sample, SectionType::kRows, 64 * 39 + 16, value)));
  }
  for (const float value : {1.0f, -0.0f})
    CHECK(IsRefused(With(sample, SectionType::kRows, 5 * 4, value)));  // padding
  for (const float value : {0.0f, -1.0f, infinity, nan}) {
    CHECK(IsRefused(With(sample, SectionType::kInverseNorms, 8, value)));
    CHECK(IsRefused(With(sample, SectionType::kQuantizer, 0, value)));
  }
  for (const float value : {infinity, nan}) CHECK(IsRefused(With(sample, SectionType::kQuantizer, 4, value)));
  for (const int32_t value : {1, std::numeric_limits<int32_t>::max(), std::numeric_limits<int32_t>::min()}) {
    CHECK(IsRefused(With(sample, SectionType::kCorrections, 4, value)));
  }
}

// A file of a segment that keeps no vectors.
FileSample CodesOnlySample() {
  FileSample sample = SegmentSample("codes only", RandomVectors(12, 5, 1), {});
  sample.bytes.clear();
  ByteSink sink(sample.bytes);
  sample.stamp =
      WriteSegment(*CodesOnlySegment(RowsWithMisfits(1600, 5), Metric::kL2), kSampleIdentity, sink);
  return sample;
}

TEST_CASE("Crafted: misfits that are none") {
  const FileSample sample = CodesOnlySample();
  REQUIRE(ErrorOfOpening(sample, sample.bytes) == "none");
  const auto& type = SectionType::kMisfitSlots;
  const auto misfit_count = GetAt<uint64_t>(sample.bytes, EntryOf(sample.bytes, type) + kSizeAt) / 4;
  REQUIRE(misfit_count > 2);
  const auto second = GetAt<uint32_t>(sample.bytes, BytesOf(sample.bytes, type) + 4);
  for (const uint32_t slot : {second, second + 1, 1600u, ~0u}) {
    CAPTURE(slot);
    CHECK(ErrorOfOpening(sample, With(sample, type, 0, slot)).find("is not in ascending order below 1600") !=
          std::string::npos);
  }
  for (const SectionType rows : {SectionType::kMisfitRows, SectionType::kRows}) {
    const auto size = GetAt<uint64_t>(sample.bytes, EntryOf(sample.bytes, rows) + kSizeAt);
    const std::string error = ErrorOfOpening(sample, WithEntry(sample, rows, kSizeAt, size - 4));
    CHECK(StartsWith(error, "CORRUPT"));
  }
  CHECK(StartsWith(ErrorOfOpening(sample, WithEntry<uint64_t>(sample, SectionType::kMisfitRows, kSizeAt, 0)),
                   "CORRUPT"));
  // More rows than slots. They are the last section, and few enough not to be checked in blocks.
  Bytes more = sample.bytes;
  more.resize(BytesOf(more, SectionType::kRows) + 1601 * 16 * sizeof(float));
  PutAt<uint64_t>(more, EntryOf(more, SectionType::kRows) + kSizeAt, 1601 * 16 * sizeof(float));
  PutAt<uint64_t>(more, kFileSizeAt, more.size());
  CHECK(ErrorOfOpening(sample, more).find("for at most 1600 rows") != std::string::npos);
}

TEST_CASE("Crafted: every flipped bit of a segment that keeps no vectors") {
  const FileSample sample = CodesOnlySample();
  Bytes bytes = sample.bytes;
  for (size_t bit = 0; bit < bytes.size() * 8; bit += Sized(3001, 30011, 90001)) {
    bytes[bit / 8] ^= std::byte{1} << bit % 8;
    const std::string error = ErrorTextOf([&] { sample.open(bytes, {}); });
    if (!StartsWith(error, "CORRUPT: sample, offset ")) FAIL_CHECK("bit " << bit << ": " << error);
    bytes[bit / 8] = sample.bytes[bit / 8];
  }
}

TEST_CASE("Crafted: block checksums that are not there, or not those of the section") {
  const FileSample sample = SegmentSample("large", RandomVectors(3000, 20, 1), {});
  const auto error_with = [&](size_t at, uint64_t value) {
    Bytes bytes = WithEntry(sample, SectionType::kRows, at, value);
    const std::span<const std::byte> all(bytes);
    PutAt(bytes, kTableChecksumAt,
          Checksum(all.subspan(kHeaderBytes, SectionCount(bytes) * kSectionEntryBytes)));
    PutAt(bytes, kHeaderChecksumAt, Checksum(all.first(kHeaderChecksumAt)));
    return ErrorTextOf([&] { sample.open(bytes, {}); });
  };
  CHECK(error_with(kFirstBlockAt, 1'000'000).find("on have no checksums") != std::string::npos);
  const auto first_block = GetAt<uint64_t>(sample.bytes, EntryOf(sample.bytes, SectionType::kRows) + kFirstBlockAt);
  CHECK(error_with(kFirstBlockAt, first_block + 1).find("on have no checksums") != std::string::npos);
  CHECK(error_with(kFirstBlockAt, ~uint64_t{0}).find("on have no checksums") != std::string::npos);
  CHECK(error_with(kChecksumAt, 1).find("the checksum of the block checksums is") != std::string::npos);
}

TEST_CASE("Crafted: block checksums that are in blocks themselves") {
  // A section that nobody knows is made the block checksums.
  Bytes bytes;
  ByteSink sink(bytes);
  SectionWriter writer(FileKind::kTombstones, kSampleIdentity);
  const std::vector<uint64_t> more(30000);
  writer.Add(static_cast<SectionType>(99), more.data(), more.size(), false);
  writer.Write(sink, {});
  PutAt<uint32_t>(bytes, EntryOf(bytes, SectionType::kBlockChecksums) + kFlagsAt, 0);
  PutAt<uint32_t>(bytes, EntryOf(bytes, SectionType::kBlockChecksums) + kTypeAt, 98);
  PutAt(bytes, EntryOf(bytes, static_cast<SectionType>(99)) + kTypeAt, SectionType::kBlockChecksums);
  const std::span<const std::byte> all(bytes);
  PutAt(bytes, kTableChecksumAt, Checksum(all.subspan(kHeaderBytes, SectionCount(bytes) * kSectionEntryBytes)));
  PutAt(bytes, kHeaderChecksumAt, Checksum(all.first(kHeaderChecksumAt)));
  CHECK(ErrorTextOf([&] { ReadTombstones(ByteSource(bytes), "sample", 7, 10, {}); })
            .find("expected a multiple of 8, not in blocks") != std::string::npos);
}

TEST_CASE("Crafted: lossless codes of a scale that is not 1") {
  Vectors bytes{5, {}};
  for (size_t i = 0; i < 40 * 5; ++i) bytes.values.push_back(static_cast<float>(i * 37 % 256));
  const FileSample sample = SegmentSample("bytes", bytes, {Metric::kL2, true, false, 2});
  REQUIRE(ErrorOfOpening(sample, sample.bytes) == "none");
  CHECK(ErrorOfOpening(sample, With(sample, SectionType::kQuantizer, 0, 2.0f)).find("the scale is not 1") !=
        std::string::npos);
}

TEST_CASE("Crafted: codes under ip with offsets that kernels do not reckon with") {
  const FileSample sample = SegmentSample("products", RandomVectors(40, 5, 1), {Metric::kIp, true, false, 2});
  REQUIRE(ErrorOfOpening(sample, sample.bytes) == "none");
  CHECK(ErrorOfOpening(sample, With(sample, SectionType::kQuantizer, 8, 0.0f)).find("offsets under ip other than -128") !=
        std::string::npos);
}

TEST_CASE("Crafted: manifests that claim what cannot be") {
  const FileSample sample = ManifestSample();
  const auto IsRefused = [&](const Bytes& bytes) {
    return StartsWith(ErrorOfOpening(sample, bytes), "CORRUPT");
  };
  for (const size_t at : {60, 64}) {  // the numbers of segments and of files of string ids
    for (const uint32_t count : {0u, 1u, 3u, 0x7FFFFFFFu, 0xFFFFFFFFu}) {
      if (count == GetAt<uint32_t>(sample.bytes, BytesOf(sample.bytes, SectionType::kManifestInfo) + at))
        continue;
      CHECK(IsRefused(With(sample, SectionType::kManifestInfo, at, count)));
    }
  }
  for (const size_t at : {0, 4, 8, 12, 16, 68, 72})
    CHECK(IsRefused(With(sample, SectionType::kManifestInfo, at, 0xFFFFu)));
  for (const size_t at : {20, 24, 28}) CHECK(IsRefused(With(sample, SectionType::kManifestInfo, at, 0u)));
  // More than there can be: efConstruction, segmentCapacity, growingSegments, the next segment's number.
  for (const auto& [at, most] : {std::pair<size_t, uint32_t>{20, 4096}, {24, 1u << 31}, {28, 256}, {56, (1u << 31) - 1}}) {
    CHECK_FALSE(IsRefused(With(sample, SectionType::kManifestInfo, at, most)));
    CHECK(IsRefused(With(sample, SectionType::kManifestInfo, at, most + 1)));
  }
  for (const uint32_t length : {0u, 8u, 10u, 256u, 0xFFFFFFFFu}) {
    CHECK(IsRefused(With(sample, SectionType::kSegmentList, 12 + 16, length)));
  }
  CHECK(IsRefused(With(sample, SectionType::kSegmentList, 12 + 16 + 4, '/')));  // a name that leads elsewhere
  for (const uint32_t number : {5u, 6u, 0xFFFFFFFFu})
    CHECK(IsRefused(With(sample, SectionType::kSegmentList, 0, number)));
}

TEST_CASE("Crafted: recalls of a manifest that are none") {
  const FileSample sample = ManifestSample();
  const auto error_of = [&](const Bytes& bytes) { return ErrorOfOpening(sample, bytes); };
  REQUIRE(error_of(sample.bytes) == "none");
  // The number of curves, and of the points of the first.
  for (const size_t at : {28, 40}) {
    for (const uint32_t count : {0u, 1u, 3u, 0xFFFFFFFFu}) {
      CHECK(StartsWith(error_of(With(sample, SectionType::kRecall, at, count)), "CORRUPT"));
    }
  }
  CHECK(error_of(With(sample, SectionType::kRecall, 28, 3u)).find("not as many curves and points as it says") !=
        std::string::npos);
  CHECK(error_of(With(sample, SectionType::kRecall, 16, -1.0)).find("a recall of no number of segments") != std::string::npos);
  CHECK(error_of(With(sample, SectionType::kRecall, 32, 0u)).find("the recall of 0 is not in ascending order") !=
        std::string::npos);
  CHECK(error_of(With(sample, SectionType::kRecall, 48, 2.0)).find("the recall of 1 falls, or is none") != std::string::npos);
}

TEST_CASE("Crafted: a manifest whose log begins where counting on would overflow") {
  FileSample sample = ManifestSample();
  Manifest manifest = SomeManifest();
  manifest.change_count = 5;
  manifest.first_log = 3;
  sample.bytes.clear();
  ByteSink sink(sample.bytes);
  WriteManifest(manifest, sink);
  REQUIRE(ErrorOfOpening(sample, sample.bytes) == "none");
  for (const auto& [at, value] : {std::pair<size_t, uint64_t>{0, uint64_t{1} << 62}, {8, uint64_t{1} << 31}}) {
    CHECK(ErrorOfOpening(sample, With(sample, SectionType::kLogPosition, at, value)).find("a log position of") !=
          std::string::npos);
  }
}

TEST_CASE("Crafted: tombstones that do not add up") {
  const FileSample sample = TombstoneSample();
  const auto IsRefused = [&](const Bytes& bytes) {
    return StartsWith(ErrorOfOpening(sample, bytes), "CORRUPT");
  };
  CHECK(IsRefused(With(sample, SectionType::kTombstoneInfo, 8, 333u)));
  CHECK(IsRefused(With(sample, SectionType::kTombstoneInfo, 12, 1u)));
  CHECK(IsRefused(With(sample, SectionType::kDeadSlots, 8, ~uint64_t{0})));
  // As many bits as before, one of them beyond the last slot.
  Bytes bytes = sample.bytes;
  const size_t words = BytesOf(bytes, SectionType::kDeadSlots);
  bytes[words] ^= std::byte{1};
  bytes[words + 1001 / 8] ^= std::byte{2};
  CHECK(IsRefused(bytes));
}

// Random bytes anywhere, checksums repaired: opened or refused, and used when opened.
TEST_CASE("Crafted: random changes with checksums that fit") {
  std::vector<FileSample> samples = SmallSamples();
  samples.push_back(GraphSample());
  samples.push_back(Mapped(GraphSample()));
  size_t opened_count = 0, refused_count = 0;
  for (const FileSample& sample : samples) {
    Dice dice(7);
    for (size_t round = 0; round < Sized(4000, 1500, 200); ++round) {
      Bytes bytes = sample.bytes;
      for (size_t change = dice.Below(4) + 1; change-- > 0;) {
        const size_t at =
            dice.Below(2) == 0 ? dice.Below(std::min<size_t>(bytes.size(), 900)) : dice.Below(bytes.size());
        constexpr uint8_t kEdges[] = {0, 1, 0x7F, 0x80, 0xFF};
        bytes[at] = static_cast<std::byte>(dice.Below(2) == 0 ? kEdges[dice.Below(5)] : dice.Below(256));
      }
      const std::string error = ErrorOfOpening(sample, bytes);
      opened_count += error == "none";
      refused_count += StartsWith(error, "CORRUPT") || StartsWith(error, "UNSUPPORTED_FORMAT");
      if (error != "none" && !StartsWith(error, "CORRUPT") && !StartsWith(error, "UNSUPPORTED_FORMAT")) {
        FAIL_CHECK(sample.name << ", round " << round << ": " << error);
      }
    }
  }
  CHECK(opened_count > 0);
  CHECK(refused_count > opened_count);
}

// Links of a mapped file are not looked at when it is opened: those that lead nowhere are not followed.
TEST_CASE("Crafted: links of a large mapped file lead nowhere") {
  for (const bool has_wide_links : {false, true}) {
    Bytes bytes =
        SegmentSample("large", RandomVectors(3000, 20, 1), {Metric::kL2, true, true, 8, 7, has_wide_links}).bytes;
    const size_t links = BytesOf(bytes, has_wide_links ? SectionType::kLinks : SectionType::kNarrowLinks);
    Dice dice(3);
    for (size_t i = 0; i < 3000 * 16; ++i) {
      const auto link = static_cast<uint32_t>(dice.Below(3) == 0 ? dice.Below(3000) : dice.Word());
      if (has_wide_links) {
        PutAt(bytes, links + i * 4, link);
      } else {
        PutAt(bytes, links + i * 2, static_cast<uint16_t>(link));
      }
    }
    RepairChecksums(bytes);
    UseSegment(*MapSegment(std::make_shared<ByteMapping>(bytes), "sample", {}));
    CHECK(ErrorCodeOf([&] { ReadSegment(ByteSource(bytes), "sample", {}); }) == "CORRUPT");
  }
}

}  // namespace
}  // namespace segvec
