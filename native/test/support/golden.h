// What the golden files hold: made of whole numbers by formulas, so that it is the same everywhere and for
// ever.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "storage/log_file.h"
#include "storage/string_id_file.h"
#include "support/file_samples.h"

namespace segvec::testing::golden {

inline const FileIdentity kIdentity{
    Uuid{{std::byte{0x53}, std::byte{0x45}, std::byte{0x47}, std::byte{0x31}, std::byte{4}, std::byte{5},
          std::byte{6}, std::byte{7}, std::byte{8}, std::byte{9}, std::byte{10}, std::byte{11}, std::byte{12},
          std::byte{13}, std::byte{14}, std::byte{15}}},
    42};

inline constexpr size_t kCount = 30, kDimension = 6;

// Row i, component d.
inline float ValueAt(size_t i, size_t d) { return static_cast<float>((i * 7 + d * d * 3 + i * d) % 23) - 11; }

inline Vectors Rows() {
  Vectors vectors{kDimension, {}};
  for (size_t i = 0; i < kCount; ++i) {
    for (size_t d = 0; d < kDimension; ++d) vectors.values.push_back(ValueAt(i, d));
  }
  return vectors;
}

struct SegmentFile {
  std::string name;
  SegmentSpec spec;
};
inline const SegmentFile kSegments[] = {
    {"l2-lossless.segment", {Metric::kL2, true, true, 2, 1, true}},
    {"cosine-codes.segment", {Metric::kCosine, true, true, 3, 2, true}},
    {"ip-floats.segment", {Metric::kIp, false, true, 2, 3, true}},
    {"l2-scanned.segment", {Metric::kL2, false, false, 16, 4}},
    {"l2-narrow.segment", {Metric::kL2, true, true, 2, 5}},
};

// Every third slot.
inline Bitset Dead() {
  Bitset dead;
  for (size_t slot = 0; slot < kCount; slot += 3) dead.Set(slot);
  return dead;
}

inline StringIdTable Strings() {
  StringIdTable table;
  table.Append(0, "");
  table.Append(64, "zero");
  table.Append(65, "größer");
  table.Append(uint64_t{1} << 40, "数");
  return table;
}

// One batch with a change of each kind.
inline const LogHeader kLogHeader{kIdentity, 5, 1001, 3, 2048};
inline std::vector<LogFileReader::Record> LogChanges() {
  std::vector<LogFileReader::Record> changes(4);
  changes[0].type = LogRecordType::kAdd;
  changes[0].count = kCount;
  changes[1].type = LogRecordType::kUpsert;
  changes[1].count = 1;
  changes[1].texts = {"größer"};
  changes[2].type = LogRecordType::kCancel;
  changes[2].count = 2;
  changes[2].ids = {7, 1001};
  changes[3].type = LogRecordType::kRemove;
  changes[3].count = 2;
  changes[3].ids = {0, ~uint64_t{0}};
  for (size_t i : {0, 1, 3}) changes[i].sequence = i == 3 ? 1003 : 1001 + i;
  return changes;
}
inline void WriteLog(std::unique_ptr<WritableFile> file) {
  const std::vector<LogFileReader::Record> changes = LogChanges();
  const Vectors rows = Rows();
  std::vector<LogRecord> records;
  for (const LogFileReader::Record& change : changes) {
    LogRecord record{change.type, change.count, change.ids, change.texts, {}};
    if (change.type == LogRecordType::kAdd || change.type == LogRecordType::kUpsert) {
      record.values = std::span(rows.values).first(static_cast<size_t>(change.count) * kDimension);
    }
    records.push_back(record);
  }
  LogFileWriter(std::move(file), kLogHeader).Write(1001, records, {});
}

inline Manifest MeasuredManifest() {
  Manifest manifest = SomeManifest();
  manifest.identity = kIdentity;
  return manifest;
}

inline Manifest TheManifest() {
  Manifest manifest = MeasuredManifest();
  manifest.recall = std::nullopt;
  return manifest;
}

}  // namespace segvec::testing::golden
