#include "storage/log_file.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/random.h"
#include "support/errors.h"
#include "support/file_repair.h"
#include "support/log_sample.h"
#include "support/sanitizers.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

bool IsCorrupt(const std::string& error) { return StartsWith(error, "CORRUPT: log, offset "); }

std::string ErrorOfReading(const Bytes& bytes, std::optional<uint64_t> size = {}) {
  return ErrorTextOf([&] { ReadLogBytes(bytes, size); });
}

// How many batches a file of `size` bytes holds whole.
size_t WholeBatches(const LogSample& sample, size_t size) {
  return static_cast<size_t>(std::ranges::upper_bound(sample.ends, size) - sample.ends.begin()) - 1;
}

TEST_CASE("LogFile: what was written is read back, batch by batch") {
  const LogSample sample;
  REQUIRE(sample.bytes.size() == sample.ends.back());
  REQUIRE(sample.ends == std::vector<size_t>{512, 1024, 1536, 3584});
  for (const std::optional<uint64_t> size : {std::optional<uint64_t>(), std::optional<uint64_t>(3584)}) {
    const ReadLog read = ReadLogBytes(sample.bytes, size);
    CHECK(read.changes == ChangesOf(3));
    CHECK(read.end.size == 3584);
    CHECK(read.end.next_sequence == 12);
  }
  const ReadLog first = ReadLogBytes(sample.bytes, 1024);
  CHECK(first.changes == ChangesOf(1));
  CHECK(first.end.next_sequence == 8);
  const ByteSource file(sample.bytes);
  CHECK(LogFileReader(file, "log", kLogHeader.identity.uuid, 4).header() == kLogHeader);
}

TEST_CASE("LogFile: values may be left unread, and are read in any steps") {
  const LogSample sample;
  const ByteSource file(sample.bytes);
  LogFileReader reader(file, "log", kLogHeader.identity.uuid, 4);
  std::vector<float> values(300);
  reader.Walk({}, kLogDimension, [&](LogFileReader::Record& record) {
    if (record.sequence != 11) return;
    for (size_t at = 0; at + 7 < 280; at += 7) record.ReadValues(std::span(values).subspan(at, 7));
  });
  const std::vector<float> expected = LogValues(100, 0.5f);
  CHECK(std::equal(values.begin(), values.begin() + 273, expected.begin()));
}

TEST_CASE("LogFile: cut at any length it ends with the last whole batch, unless the next file knows better") {
  const LogSample sample;
  for (size_t size = 0; size < sample.bytes.size(); ++size) {
    CAPTURE(size);
    const Bytes bytes(sample.bytes.begin(), sample.bytes.begin() + static_cast<std::ptrdiff_t>(size));
    const ReadLog read = ReadLogBytes(bytes);
    REQUIRE(read.is_void == (size < 512));
    if (read.is_void) continue;
    const size_t batch_count = WholeBatches(sample, size);
    REQUIRE(read.changes == ChangesOf(batch_count));
    REQUIRE(read.end.size == sample.ends[batch_count]);
    REQUIRE(IsCorrupt(ErrorOfReading(bytes, 3584)));
  }
}

TEST_CASE("LogFile: every single bit is damage, also in the last batch") {
  const LogSample sample;
  Bytes bytes = sample.bytes;
  size_t bit_count = 0;
  for (size_t bit = 0; bit < bytes.size() * 8; bit += Sized(1, 7, 23)) {
    ++bit_count;
    bytes[bit / 8] ^= std::byte{1} << bit % 8;
    for (const std::optional<uint64_t> size : {std::optional<uint64_t>(), std::optional<uint64_t>(3584)}) {
      const std::string error = ErrorOfReading(bytes, size);
      if (!IsCorrupt(error)) FAIL_CHECK("bit " << bit % 8 << " of byte " << bit / 8 << ": " << error);
    }
    bytes[bit / 8] = sample.bytes[bit / 8];
  }
  MESSAGE(bit_count << " bits flipped");
}

TEST_CASE("LogFile: sectors that never arrived, in every combination, are the end of the last batch only") {
  const LogSample sample;
  const size_t sector_count = sample.bytes.size() / kSectorBytes;
  REQUIRE(sector_count == 7);
  for (uint32_t lost = 0; lost < 1u << sector_count; ++lost) {
    Bytes bytes = sample.bytes;
    size_t first_lost = sector_count;
    for (size_t i = sector_count; i-- > 0;) {
      if ((lost >> i & 1) == 0) continue;
      first_lost = i;
      std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(i * kSectorBytes), kSectorBytes, std::byte{0});
    }
    // The three batches are sectors 1, 2 and 3 to 6; a header is safe once its first batch is.
    const size_t batch = first_lost == 7 ? 3 : first_lost >= 3 ? 2 : first_lost == 2 ? 1 : 0;
    const bool has_later = batch == 1   ? (lost & 0b111'1000) != 0b111'1000
                           : batch == 0 ? (lost & 0b111'1100) != 0b111'1100
                                        : false;
    const std::string error = ErrorOfReading(bytes);
    if (has_later) {
      if (!IsCorrupt(error)) FAIL_CHECK("sectors " << lost << ": " << error);
      continue;
    }
    REQUIRE(error == "none");
    const ReadLog read = ReadLogBytes(bytes);
    REQUIRE(read.is_void == (first_lost == 0));
    if (!read.is_void) REQUIRE(read.changes == ChangesOf(batch));
  }
}

TEST_CASE("LogFile: behind the last batch there may be zeros or a part of a sector, but nothing else") {
  const LogSample sample;
  Bytes bytes = sample.bytes;
  for (size_t i = 0; i < 1100; ++i) {
    bytes.push_back(std::byte{0});
    REQUIRE(ReadLogBytes(bytes).changes == ChangesOf(3));
  }
  bytes = sample.bytes;
  for (size_t i = 0; i < 1100; ++i) {
    bytes.push_back(sample.bytes[1024 + i]);
    const std::string error = ErrorOfReading(bytes);
    if (i < 511 ? error != "none" : !IsCorrupt(error)) FAIL_CHECK(i << " bytes: " << error);
  }
}

TEST_CASE("LogFile: sectors that were swapped, or are another file's") {
  const LogSample sample;
  for (size_t i = 0; i < 7; ++i) {
    for (size_t j = 0; j < i; ++j) {
      Bytes bytes = sample.bytes;
      const auto at = [&](size_t sector) { return bytes.begin() + static_cast<std::ptrdiff_t>(sector * kSectorBytes); };
      std::swap_ranges(at(i), at(i + 1), at(j));
      CHECK(IsCorrupt(ErrorOfReading(bytes)));
    }
  }
  LogHeader other_header = kLogHeader;
  other_header.identity.uuid.bytes[3] = std::byte{1};
  Bytes other;
  LogFileWriter writer(std::make_unique<ByteSink>(other), other_header);
  for (const auto& batch : SampleBatches()) WriteBatch(writer, batch);
  CHECK(ErrorOfReading(other) == "CORRUPT: log, offset 24, header: the file belongs to another index");
  for (size_t i = 1; i < 7; ++i) {
    Bytes bytes = sample.bytes;
    const auto from = static_cast<std::ptrdiff_t>(i * kSectorBytes);
    std::copy_n(other.begin() + from, kSectorBytes, bytes.begin() + from);
    CHECK(IsCorrupt(ErrorOfReading(bytes)));
  }
}

TEST_CASE("LogFile: a header or record that says what cannot be is damage, though its checksums fit") {
  const LogSample sample;
  const auto error_with = [&](size_t offset, auto value) {
    Bytes bytes = sample.bytes;
    PutAt(bytes, offset, value);
    RepairSectors(bytes);
    return ErrorOfReading(bytes);
  };
  CHECK(error_with(20, uint32_t{0}) == "none");
  CHECK(StartsWith(error_with(16, uint32_t{2}), "UNSUPPORTED_FORMAT: log has format 1, which needs a reader"));
  CHECK(IsCorrupt(error_with(12, uint32_t{0})));
  CHECK(error_with(8, uint32_t{1}) == "CORRUPT: log, offset 8, header: a segment file; expected a log file");
  CHECK(IsCorrupt(error_with(20, uint32_t{1})));
  CHECK(IsCorrupt(error_with(48, uint64_t{5})));    // number
  CHECK(IsCorrupt(error_with(56, uint64_t{0})));    // first change
  CHECK(IsCorrupt(error_with(56, uint64_t{8})));    // ... which its first batch does not have
  CHECK(IsCorrupt(error_with(64, uint64_t{4})));    // previous file
  CHECK(IsCorrupt(error_with(64, uint64_t{0})));    // ... none, with a size
  CHECK(IsCorrupt(error_with(72, uint64_t{1000})));  // ... of half a sector
  CHECK(IsCorrupt(error_with(80, uint64_t{1})));
  CHECK(IsCorrupt(error_with(200, uint64_t{1})));
  const size_t batch = 512 + 16, record = batch + 24;
  for (const uint64_t size : {uint64_t{0}, uint64_t{71}, uint64_t{73}, uint64_t{465}, ~uint64_t{0}}) {
    CAPTURE(size);
    CHECK(IsCorrupt(error_with(batch, size)));
    CHECK(IsCorrupt(error_with(record + 8, size)));   // count
    CHECK(IsCorrupt(error_with(record + 16, size)));  // size
  }
  for (const uint64_t sequence : {uint64_t{0}, uint64_t{6}, uint64_t{8}}) CHECK(IsCorrupt(error_with(batch + 8, sequence)));
  for (const uint32_t count : {0u, 2u, ~0u}) CHECK(IsCorrupt(error_with(batch + 16, count)));
  CHECK(IsCorrupt(error_with(batch + 20, uint32_t{1})));
  for (const uint32_t type : {0u, 3u, 4u, 5u}) CHECK(IsCorrupt(error_with(record, type)));
  for (const uint32_t kind : {1u, 2u, 3u}) CHECK(IsCorrupt(error_with(record + 4, kind)));
  CHECK(IsCorrupt(error_with(512 + 8, uint32_t{0})));
  CHECK(IsCorrupt(error_with(512 + 8, ~0u)));
  CHECK(IsCorrupt(ErrorTextOf([&] { ReadLogBytes(sample.bytes, {}, 4); })));
}

TEST_CASE("LogFile: ids that contradict their record") {
  const LogSample sample;
  const size_t record = 512 + 16 + 24;
  const auto error_with = [&](uint32_t type, uint32_t id_kind, uint64_t count) {
    Bytes bytes = sample.bytes;
    PutAt(bytes, record, type);
    PutAt(bytes, record + 4, id_kind);
    PutAt(bytes, record + 8, count);
    RepairSectors(bytes);
    return ErrorOfReading(bytes);
  };
  // Of 24 bytes: no more than three numbers, though six values.
  CHECK(error_with(3, 1, 3) == "none");
  CHECK(error_with(3, 1, 5).find("ids reach beyond their record") != std::string::npos);
  CHECK(error_with(4, 2, 1).find("ids of kind 2") != std::string::npos);
}

TEST_CASE("LogFile: what the next file says of this one's length must be whole sectors") {
  const LogSample sample;
  for (const uint64_t size : {uint64_t{0}, uint64_t{511}, uint64_t{700}, uint64_t{3585}, uint64_t{4096}}) {
    CAPTURE(size);
    CHECK(IsCorrupt(ErrorOfReading(sample.bytes, size)));
  }
}

TEST_CASE("LogFile: no more values are read than a record has") {
  const LogSample sample;
  const ByteSource file(sample.bytes);
  LogFileReader reader(file, "log", kLogHeader.identity.uuid, 4);
  std::vector<float> values(7);
  CHECK(ErrorCodeOf([&] {
          reader.Walk({}, kLogDimension, [&](LogFileReader::Record& record) { record.ReadValues(values); });
        }) == "INTERNAL");
}

TEST_CASE("LogFile: without a header there may be parts of its first batch, and of no other's") {
  const auto log_with = [](LogHeader header) {
    Bytes bytes;
    LogFileWriter writer(std::make_unique<ByteSink>(bytes), header);
    WriteBatch(writer, {{LogRecordType::kAdd, 7, 100, {}, {}, LogValues(100, 1)}});
    return bytes;
  };
  const Bytes sound = log_with(kLogHeader);
  LogHeader other_header = kLogHeader;
  other_header.first_sequence = 6;
  const Bytes other = log_with(other_header);
  const auto sector = [](auto& bytes, size_t index) { return bytes.begin() + static_cast<std::ptrdiff_t>(index * kSectorBytes); };
  Bytes bytes = sound;
  std::fill(sector(bytes, 0), sector(bytes, 1), std::byte{0});
  CHECK(ReadLogBytes(bytes).is_void);
  std::copy(sector(sound, 1), sector(sound, 2), sector(bytes, 2));
  CHECK(ErrorOfReading(bytes).find("it is missing, before changes that were safe") != std::string::npos);
  std::copy(sector(other, 2), sector(other, 3), sector(bytes, 2));
  CHECK(ErrorOfReading(bytes).find("it is missing, before changes that were safe") != std::string::npos);
  bytes[2 * kSectorBytes + 20] ^= std::byte{1};
  CHECK(ErrorOfReading(bytes) == "CORRUPT: log, offset 1024, sector: the checksum does not fit");
}

// A medium that cannot be trusted: from some read on it gives other bytes for one sector.
class ChangingSource : public RandomAccessFile {
 public:
  ChangingSource(const Bytes& bytes, size_t sector, size_t sound_reads)
      : bytes_(bytes), changed_(bytes), sound_reads_(sound_reads) {
    changed_[sector * kSectorBytes + 100] ^= std::byte{1};
  }
  uint64_t size() const override { return bytes_.size(); }
  void Read(uint64_t offset, std::span<std::byte> out) const override {
    ByteSource(read_count_++ < sound_reads_ ? bytes_ : changed_).Read(offset, out);
  }
  size_t read_count() const { return read_count_; }

 private:
  const Bytes& bytes_;
  Bytes changed_;
  const size_t sound_reads_;
  mutable size_t read_count_ = 0;
};

TEST_CASE("LogFile: what is read twice is checked twice") {
  // So large that its sectors are not in memory any more when its records are read.
  const std::vector<std::vector<LoggedChange>> batches{
      {{LogRecordType::kAdd, 7, 10000, {}, {}, LogValues(10000, 1)}}};
  const LogSample sample(batches);
  size_t refused_count = 0;
  for (size_t sound_reads = 0;; ++sound_reads) {
    const ChangingSource file(sample.bytes, 5, sound_reads);
    std::vector<float> values(30000);
    const std::string error = ErrorTextOf([&] {
      LogFileReader reader(file, "log", kLogHeader.identity.uuid, kLogHeader.number);
      reader.Walk({}, kLogDimension, [&](LogFileReader::Record& record) { record.ReadValues(values); });
    });
    if (error == "none") {
      CHECK(values == batches[0][0].values);
      if (file.read_count() <= sound_reads) break;
    } else {
      CHECK(StartsWith(error, "CORRUPT: log, offset 2560, "));
      ++refused_count;
    }
  }
  CHECK(refused_count > 1);
}

TEST_CASE("LogFile: a batch that fills the buffer to its end") {
  for (const size_t rows : {5120u, 5121u, 5160u, 5161u}) {
    const std::vector<std::vector<LoggedChange>> batches{
        {{LogRecordType::kAdd, 7, rows, {}, {}, LogValues(rows, 1)}}};
    const LogSample sample(batches);
    CHECK(ReadLogBytes(sample.bytes).changes == batches[0]);
  }
}

TEST_CASE("LogFile: any bytes whose checksums fit are read or refused") {
  const LogSample sample;
  Random random(3);
  size_t refused_count = 0;
  for (size_t round = 0; round < Sized(20000, 3000); ++round) {
    Bytes bytes = sample.bytes;
    const size_t changes = 1 + random.Below(4);
    for (size_t i = 0; i < changes; ++i) {
      const size_t at = random.Below(2) == 0 ? random.Below(bytes.size()) : 512 * (1 + random.Below(6)) + random.Below(80);
      bytes[at] = static_cast<std::byte>(random.Below(3) == 0 ? 255 : random.Below(256));
    }
    RepairSectors(bytes);
    const std::string error = ErrorOfReading(bytes);
    refused_count += error != "none";
    if (error != "none" && !StartsWith(error, "UNSUPPORTED")) REQUIRE(IsCorrupt(error));
  }
  CHECK(refused_count > 100);
}

}  // namespace
}  // namespace segvec
