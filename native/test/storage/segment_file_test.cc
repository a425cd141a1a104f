// Segments to bytes and back, into memory and mapped.
#include "storage/segment_file.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "segment/growing_segment.h"
#include "storage/manifest.h"
#include "support/abort_after.h"
#include "support/byte_file.h"
#include "support/codes_only_segment.h"
#include "support/errors.h"
#include "support/file_repair.h"
#include "support/names.h"
#include "support/sanitizers.h"
#include "support/segment_of.h"
#include "support/vectors.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

const FileIdentity kIdentity{Uuid{{std::byte{1}, std::byte{2}, std::byte{3}}}, 5};

Bytes Write(const Segment& segment, FileStamp* stamp = nullptr) {
  Bytes bytes;
  ByteSink sink(bytes);
  const FileStamp written = WriteSegment(segment, kIdentity, sink);
  if (stamp != nullptr) *stamp = written;
  return bytes;
}

std::shared_ptr<Segment> Read(const Bytes& bytes) { return ReadSegment(ByteSource(bytes), "a.segment", {}); }
std::shared_ptr<Segment> Map(const Bytes& bytes) {
  return MapSegment(std::make_shared<ByteMapping>(bytes), "a.segment", {});
}

// What the writer of a segment builds from rows [0, count), with all that this leaves behind.
std::shared_ptr<Segment> GrownSegment(const Vectors& vectors, Metric metric, bool has_codes,
                                      uint32_t capacity) {
  ThreadPool::Shared().EnsureThreads(2);
  auto segment = std::make_shared<Segment>(SegmentShape{vectors.dimension, metric, 8, capacity, has_codes},
                                           LoopsOf(metric), 3, 42);
  GrowingSegment writer(segment, BuildParameters{60});
  for (size_t begin = 0; begin < vectors.count(); begin += 700) {
    const size_t end = std::min(vectors.count(), begin + 700);
    writer.Reserve(static_cast<uint32_t>(end - begin));
    for (size_t i = begin; i < end; ++i) {
      writer.Append({vectors.row(i), InverseNorm(vectors.row(i), vectors.dimension), i});
    }
    writer.Link(
        2, [] {}, [](uint32_t) {});
    if (begin == 700) {
      writer.Abandon();  // slots that will be dead
    } else {
      writer.Publish();
    }
  }
  writer.Seal(writer.NarrowedGraph([] {}));
  return segment;
}

struct Found {
  std::vector<Hit> hits;
  bool operator==(const Found& other) const {
    return std::ranges::equal(hits, other.hits,
                              [](const Hit& a, const Hit& b) { return a.key == b.key && a.id == b.id; });
  }
};

Found SearchFor(const Segment& segment, const float* row, const Bitset* dead = nullptr) {
  struct alignas(64) Block {
    float values[16] = {};
  };
  const size_t dimension = segment.shape().dimension;
  std::vector<Block> blocks(PaddedDimension(dimension) / 16);
  std::copy_n(row, dimension, blocks[0].values);
  const float scale = segment.shape().metric == Metric::kCosine ? InverseNorm(row, dimension) : 1.0f;
  const FloatQuery query{blocks[0].values, scale};
  const Visibility visibility{segment.slot_count(), dead};
  Found found;
  if (segment.has_graph()) {
    SegmentSearchContext context;
    segment.SearchGraph(query, 30, 30, 20, visibility, context, found.hits);
  } else {
    Nearest nearest;
    nearest.Begin(10);
    segment.Scan(query, 0, segment.slot_count(), visibility, nearest);
    found.hits = nearest.Finish();
  }
  return found;
}

void CheckEqual(const Segment& a, const Segment& b) {
  CHECK(a.Fingerprint() == b.Fingerprint());
  CHECK(a.number() == b.number());
  CHECK(a.level_seed() == b.level_seed());
  CHECK(a.slot_count() == b.slot_count());
  CHECK(a.has_graph() == b.has_graph());
  if (a.has_graph()) CHECK(a.graph()->entry().level == b.graph()->entry().level);
  CHECK(a.shape().dimension == b.shape().dimension);
  CHECK(a.shape().metric == b.shape().metric);
  CHECK(a.shape().M == b.shape().M);
  CHECK(b.is_sealed());
  if (a.quantizer() == nullptr || !a.walks_codes()) {
    CHECK(b.quantizer() == nullptr);
  } else {
    CHECK(b.walks_codes());
    CHECK(a.is_lossless() == b.is_lossless());
    CHECK(a.quantizer()->scale() == b.quantizer()->scale());
    CHECK(a.quantizer()->offsets() == b.quantizer()->offsets());
  }
}

TEST_CASE("SegmentFile: a segment comes back as it was written, however it is opened") {
  for (const Metric metric : kMetrics) {
    for (const bool has_codes : {false, true}) {
      for (const size_t count : {0, 1, 40, 1024, 2500}) {
        CAPTURE(Name(metric));
        CAPTURE(has_codes);
        CAPTURE(count);
        const Vectors vectors = RandomVectors(count, 19, 3);
        const auto segment = GrownSegment(vectors, metric, has_codes, 5000);
        REQUIRE(segment->has_graph() == (count > kScanLimit));
        FileStamp stamp;
        const Bytes bytes = Write(*segment, &stamp);
        CHECK(stamp.size == bytes.size());
        const auto read = ReadSegment(ByteSource(bytes), "a.segment", {kIdentity.uuid, stamp});
        CheckEqual(*segment, *read);
        const auto mapped =
            MapSegment(std::make_shared<ByteMapping>(bytes), "a.segment", {kIdentity.uuid, stamp});
        CheckEqual(*segment, *mapped);
        Bitset dead;
        for (size_t slot = 700; slot < std::min<size_t>(count, 1400); ++slot) dead.Set(slot);
        for (size_t i = 0; i < count; i += 97) {
          const Found expected = SearchFor(*segment, vectors.row(i), &dead);
          CHECK(SearchFor(*read, vectors.row(i), &dead) == expected);
          CHECK(SearchFor(*mapped, vectors.row(i), &dead) == expected);
        }
        CHECK(Write(*read) == bytes);
        CHECK(Write(*mapped) == bytes);
      }
    }
  }
}

TEST_CASE("SegmentFile: integers are still stored without loss") {
  const Vectors vectors = WholeVectors(1500, 24, 100, 1);
  for (const Metric metric : {Metric::kL2, Metric::kIp}) {
    const auto segment = GrownSegment(vectors, metric, true, 1500);
    REQUIRE(segment->is_lossless());
    for (const auto& copy : {Read(Write(*segment)), Map(Write(*segment))}) {
      CHECK(copy->is_lossless());
      CHECK(SearchFor(*copy, vectors.row(5)) == SearchFor(*segment, vectors.row(5)));
    }
  }
}

TEST_CASE("SegmentFile: codes come back without the floats that they stand for") {
  for (const Metric metric : kMetrics) {
    CAPTURE(Name(metric));
    const Vectors vectors = RowsWithMisfits(2000, 33);  // the rows that are kept are more than a block
    const auto segment = CodesOnlySegment(vectors, metric);
    CHECK(segment->row_count() == 500);
    CHECK(segment->misfits().count > 0);
    const Bytes bytes = Write(*segment);
    CHECK(bytes.size() < 2000 * 4 * 33 + 2000 * (64 + 64 + 24) + (64 << 10));
    for (const auto& copy : {Read(bytes), Map(bytes)}) {
      CHECK(copy->Fingerprint() == segment->Fingerprint());
      CHECK(copy->row_count() == 500);
      CHECK(copy->misfits().count == segment->misfits().count);
      CHECK_FALSE(copy->shape().keeps_vectors);
      CHECK(Write(*copy) == bytes);
      for (size_t i = 0; i < 2000; i += 83) {
        CHECK(SearchFor(*copy, vectors.row(i)) == SearchFor(*segment, vectors.row(i)));
      }
    }
  }
}

TEST_CASE("SegmentFile: codes that were given up are left out") {
  Vectors vectors = RandomVectors(1400, 8, 1);
  for (size_t i = 700; i < 1400; ++i) {
    for (size_t d = 0; d < 8; ++d) vectors.row(i)[d] *= 1000;
  }
  Vectors all = RandomVectors(1400, 8, 2);
  all.values.insert(all.values.end(), vectors.values.begin(), vectors.values.end());
  const auto segment = GrownSegment(all, Metric::kL2, true, 3000);
  REQUIRE_FALSE(segment->walks_codes());
  const auto read = Read(Write(*segment));
  CHECK_FALSE(read->walks_codes());
  CheckEqual(*segment, *read);
  CHECK(SearchFor(*read, all.row(5)) == SearchFor(*segment, all.row(5)));
}

TEST_CASE("SegmentFile: a small segment with a graph comes back, too") {
  for (const Metric metric : kMetrics) {
    for (const bool has_codes : {false, true}) {
      for (const size_t dimension : {1, 16, 65}) {
        const Vectors vectors = RandomVectors(60, dimension, 1);
        const auto segment = SealedSegment(vectors, {metric, has_codes, true, 2});
        const auto read = Read(Write(*segment));
        CheckEqual(*segment, *read);
        CheckEqual(*segment, *Map(Write(*segment)));
        CHECK(SearchFor(*read, vectors.row(0)) == SearchFor(*segment, vectors.row(0)));
      }
    }
  }
}

// Fewer slots, which the other tests have, need two.
TEST_CASE("SegmentFile: links of three bytes come back, and what is wrong with them is found") {
  const uint32_t count = 0x10000;
  const Vectors vectors = RandomVectors(count, 2, 1);
  const auto segment = SealedSegment(vectors, {Metric::kL2, false, true, 2});
  REQUIRE(segment->graph()->link_bytes() == 3);
  const Bytes bytes = Write(*segment);
  for (const auto& copy : {Read(bytes), Map(bytes)}) {
    CheckEqual(*segment, *copy);
    CHECK(copy->graph()->link_bytes() == 3);
    CHECK(Write(*copy) == bytes);
    for (size_t i = 0; i < count; i += 9973) CHECK(SearchFor(*copy, vectors.row(i)) == SearchFor(*segment, vectors.row(i)));
  }
  const size_t last_row = BytesOf(bytes, SectionType::kNarrowLinks) + (count - 1) * segment->graph()->RowBytes(0);
  for (const uint32_t link : {count - 1, count, 0xFFFFFEu}) {  // itself, and what is not there
    Bytes forged = bytes;
    for (size_t i = 0; i < 3; ++i) PutAt(forged, last_row + i, static_cast<uint8_t>(link >> (8 * i)));
    RepairChecksums(forged);
    CHECK(StartsWith(ErrorTextOf([&] { Read(forged); }), "CORRUPT: a.segment, offset " + std::to_string(last_row) + ", section 'narrow links'"));
  }
}

// Sections of several pieces, which threads read side by side.
TEST_CASE("SegmentFile: any number of threads read the same, and find the same damage") {
  ThreadPool::Shared().EnsureThreads(4);
  const auto segment = GrownSegment(RandomVectors(2100, 300, 1), Metric::kL2, false, 2100);
  const Bytes bytes = Write(*segment);
  Bytes damaged = bytes, forged = bytes;
  const size_t rows_at = BytesOf(bytes, SectionType::kRows);
  for (const size_t block : {19, 3, 35, 4}) damaged[rows_at + block * kBlockBytes + 5] ^= std::byte{1};
  const size_t links_at = BytesOf(bytes, SectionType::kNarrowLinks);
  const size_t row_bytes = segment->graph()->RowBytes(0);
  for (const size_t slot : {2099, 1500, 1501}) PutAt<uint16_t>(forged, links_at + slot * row_bytes, 2100);
  RepairChecksums(forged);
  for (const int threads : {1, 2, 4}) {
    CAPTURE(threads);
    CheckEqual(*segment, *ReadSegment(ByteSource(bytes), "a.segment", {}, {}, threads));
    CHECK(StartsWith(ErrorTextOf([&] { ReadSegment(ByteSource(damaged), "a.segment", {}, {}, threads); }),
                     "CORRUPT: a.segment, offset " + std::to_string(rows_at + 3 * kBlockBytes) + ", section 'rows'"));
    CHECK(StartsWith(ErrorTextOf([&] { ReadSegment(ByteSource(forged), "a.segment", {}, {}, threads); }),
                     "CORRUPT: a.segment, offset " + std::to_string(links_at + 1500 * row_bytes) + ", section 'narrow links'"));
    const auto read = [&] { ReadSegment(ByteSource(bytes), "a.segment", {}, AbortAfter(40), threads); };
    CHECK(ErrorCodeOf(read) == "ABORTED");
  }
}

TEST_CASE("SegmentFile: the sections are aligned for mapping") {
  const auto segment = GrownSegment(RandomVectors(2000, 300, 1), Metric::kL2, true, 2000);
  const Bytes bytes = Write(*segment);
  const SectionReader reader(ByteSource(bytes), "a.segment", FileKind::kSegment, {},
                             {SectionType::kSegmentInfo, SectionType::kIds, SectionType::kRows,
                              SectionType::kQuantizer, SectionType::kCodes, SectionType::kCorrections,
                              SectionType::kLevels, SectionType::kNarrowLinks, SectionType::kNarrowUpperLinks});
  CHECK(reader.Require(SectionType::kRows).offset % (2 << 20) == 0);
  CHECK(reader.Require(SectionType::kRows).is_in_blocks);
  CHECK(reader.Require(SectionType::kCodes).offset % 4096 == 0);
  CHECK(reader.Require(SectionType::kSegmentInfo).offset % 64 == 0);
  CHECK_FALSE(reader.Require(SectionType::kSegmentInfo).is_in_blocks);
}

TEST_CASE("SegmentFile: a mapping that kernels could not use is copied") {
  const Vectors vectors = RandomVectors(2000, 20, 1);
  const auto segment = GrownSegment(vectors, Metric::kL2, true, 2000);
  const auto mapped = MapSegment(std::make_shared<ByteMapping>(Write(*segment), 8), "a.segment", {});
  CheckEqual(*segment, *mapped);
  CHECK(SearchFor(*mapped, vectors.row(9)) == SearchFor(*segment, vectors.row(9)));
}

TEST_CASE("SegmentFile: a segment that grows cannot be written") {
  const Segment segment(SegmentShape{4, Metric::kL2, 8, 100, true}, LoopsOf(Metric::kL2), 0, 1);
  CHECK(ErrorTextOf([&] { Write(segment); }) == "INTERNAL: a segment that is not sealed cannot be written");
}

TEST_CASE("SegmentFile: reading and writing can be stopped") {
  const auto segment = GrownSegment(RandomVectors(2000, 30, 1), Metric::kL2, true, 2000);
  const Bytes bytes = Write(*segment);
  const auto Stop = [] { throw Error(ErrorCode::kAborted, "stop"); };
  CHECK(ErrorCodeOf([&] { ReadSegment(ByteSource(bytes), "a.segment", {}, Stop); }) == "ABORTED");
  Bytes out;
  ByteSink sink(out);
  CHECK(ErrorCodeOf([&] { WriteSegment(*segment, kIdentity, sink, Stop); }) == "ABORTED");
}

// Every block of a large mapped section, one at a time: nothing is said at once, and nothing wrong is
// returned later.
TEST_CASE("SegmentFile: damage to a mapped file is found when it is first read") {
  const Vectors vectors = RandomVectors(3000, 40, 1);
  const auto segment = GrownSegment(vectors, Metric::kL2, true, 3000);
  const Bytes bytes = Write(*segment);
  const SectionReader reader(ByteSource(bytes), "a.segment", FileKind::kSegment, {},
                             {SectionType::kSegmentInfo, SectionType::kIds, SectionType::kRows,
                              SectionType::kQuantizer, SectionType::kCodes, SectionType::kCorrections,
                              SectionType::kLevels, SectionType::kNarrowLinks, SectionType::kNarrowUpperLinks});
  size_t block_count = 0, found_count = 0;
  for (const SectionType type : {SectionType::kRows, SectionType::kCodes, SectionType::kNarrowLinks}) {
    const Section& section = reader.Require(type);
    REQUIRE(section.is_in_blocks);
    for (uint64_t begin = 0; begin < section.size; begin += kBlockBytes) {
      ++block_count;
      auto file = std::make_shared<ByteMapping>(bytes);
      (*file)[section.offset + std::min(begin + 30000, section.size - 1)] ^= std::byte{16};
      const auto mapped = MapSegment(file, "a.segment", {});
      bool is_found = false;
      for (size_t i = 0; i < vectors.count() && !is_found; i += 3) {
        Found found;
        const std::string error = ErrorTextOf([&] { found = SearchFor(*mapped, vectors.row(i)); });
        is_found = error != "none";
        if (is_found) {
          CHECK(StartsWith(error, "CORRUPT: a.segment, offset " + std::to_string(section.offset + begin) +
                                      ", section '" + SectionName(section.type) + "'"));
        } else {
          CHECK(found == SearchFor(*segment, vectors.row(i)));
        }
      }
      found_count += is_found;
      CHECK(ErrorCodeOf([&] { mapped->CheckAll(); }) == "CORRUPT");
      CHECK(ErrorCodeOf([&] { ReadSegment(ByteSource(file->bytes()), "a.segment", {}); }) == "CORRUPT");
    }
  }
  CHECK(block_count > 10);
  CHECK(found_count == block_count);
}

TEST_CASE("SegmentFile: what many slots lie in is checked by several threads") {
  ThreadPool::Shared().EnsureThreads(2);
  const auto segment = GrownSegment(RandomVectors(30'000, 8, 1), Metric::kL2, true, 30'000);
  const Bytes bytes = Write(*segment);
  std::vector<uint32_t> slots(30'000);
  std::iota(slots.rbegin(), slots.rend(), 0);
  const auto mapped = MapSegment(std::make_shared<ByteMapping>(bytes), "a.segment", {}, 3);
  for (const auto part : {ReadGuard::Part::kRows, ReadGuard::Part::kCodes, ReadGuard::Part::kLinks}) {
    CHECK_FALSE(mapped->is_checked());
    mapped->Check(part, slots);
  }
  CHECK(mapped->is_checked());

  const SectionReader reader(ByteSource(bytes), "a.segment", FileKind::kSegment, {},
                             {SectionType::kSegmentInfo, SectionType::kIds, SectionType::kRows,
                              SectionType::kQuantizer, SectionType::kCodes, SectionType::kCorrections,
                              SectionType::kLevels, SectionType::kNarrowLinks, SectionType::kNarrowUpperLinks});
  const Section& links = reader.Require(SectionType::kNarrowLinks);
  CHECK(links.block_count() > 10);
  for (uint64_t begin = 0; begin < links.size; begin += kBlockBytes) {
    auto file = std::make_shared<ByteMapping>(bytes);
    (*file)[links.offset + begin + 77] ^= std::byte{1};
    const auto damaged = MapSegment(file, "a.segment", {}, 3);
    const std::string error = ErrorTextOf([&] { damaged->Check(ReadGuard::Part::kLinks, slots); });
    CHECK(StartsWith(error, "CORRUPT: a.segment, offset " + std::to_string(links.offset + begin)));
    CHECK_FALSE(damaged->is_checked());
  }
}

TEST_CASE("SegmentFile: a mapped segment is no memory of ours, and asks no more once all is checked") {
  const Vectors vectors = RandomVectors(3000, 40, 1);
  const auto segment = GrownSegment(vectors, Metric::kL2, true, 3000);
  const auto mapped = Map(Write(*segment));
  CHECK(mapped->memory_bytes() < segment->memory_bytes() / 8);
  mapped->CheckAll();
  CHECK(mapped->is_checked());
  CHECK(SearchFor(*mapped, vectors.row(1)) == SearchFor(*segment, vectors.row(1)));
}

}  // namespace
}  // namespace segvec
