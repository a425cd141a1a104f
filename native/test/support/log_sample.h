// A small log file with a change of every kind, and what reading it back gives.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "storage/log_file.h"
#include "support/byte_file.h"

namespace segvec::testing {

inline constexpr size_t kLogDimension = 3;
inline const LogHeader kLogHeader{{Uuid{{std::byte{9}, std::byte{8}}}, 12}, 4, 7, 3, 1024};

// A change as plain data.
struct LoggedChange {
  LogRecordType type;
  uint64_t sequence = 0;
  uint64_t count = 0;
  std::vector<uint64_t> ids = {};
  std::vector<std::string> texts = {};
  std::vector<float> values = {};
  friend bool operator==(const LoggedChange&, const LoggedChange&) = default;
};

inline std::vector<float> LogValues(size_t rows, float first) {
  std::vector<float> values(rows * kLogDimension);
  for (size_t i = 0; i < values.size(); ++i) values[i] = first + static_cast<float>(i);
  return values;
}

// Three batches: one change, several, a large one.
inline std::vector<std::vector<LoggedChange>> SampleBatches() {
  return {
      {{LogRecordType::kAdd, 7, 2, {}, {}, LogValues(2, 1)}},
      {{LogRecordType::kUpsert, 8, 1, {5}, {}, LogValues(1, -3)},
       {LogRecordType::kCancel, 0, 2, {3, 7}, {}, {}},
       {LogRecordType::kRemove, 9, 3, {}, {"a", "", "größer"}, {}},
       {LogRecordType::kRemove, 10, 1, {~uint64_t{0}}, {}, {}}},
      {{LogRecordType::kAdd, 11, 100, {}, std::vector<std::string>(100, "id"), LogValues(100, 0.5f)}},
  };
}

inline void WriteBatch(LogFileWriter& writer, const std::vector<LoggedChange>& batch) {
  std::vector<LogRecord> records;
  uint64_t first_sequence = 0;
  for (const LoggedChange& change : batch) {
    if (first_sequence == 0) first_sequence = change.sequence;
    records.push_back({change.type, change.count, change.ids, change.texts, change.values});
  }
  writer.Write(first_sequence, records, {});
}

// The file, and where each of its batches ends; first of all the header.
struct LogSample {
  Bytes bytes;
  std::vector<size_t> ends{kSectorBytes};

  explicit LogSample(const std::vector<std::vector<LoggedChange>>& batches = SampleBatches()) {
    LogFileWriter writer(std::make_unique<ByteSink>(bytes), kLogHeader);
    for (const auto& batch : batches) {
      WriteBatch(writer, batch);
      ends.push_back(bytes.size());
    }
  }
};

struct ReadLog {
  bool is_void = false;
  std::vector<LoggedChange> changes;
  LogFileReader::End end;
};

inline ReadLog ReadLogBytes(const Bytes& bytes, std::optional<uint64_t> size = {}, size_t dimension = kLogDimension) {
  ReadLog read;
  const ByteSource file(bytes);
  LogFileReader reader(file, "log", kLogHeader.identity.uuid, kLogHeader.number);
  read.is_void = reader.is_void();
  if (read.is_void) return read;
  read.end = reader.Walk(size, dimension, [&](LogFileReader::Record& record) {
    LoggedChange change{record.type, record.sequence, record.count, record.ids, record.texts, {}};
    if (record.type == LogRecordType::kAdd || record.type == LogRecordType::kUpsert) {
      change.values.resize(static_cast<size_t>(record.count) * dimension);
      record.ReadValues(change.values);
    }
    read.changes.push_back(std::move(change));
  });
  return read;
}

// The changes of the first batches.
inline std::vector<LoggedChange> ChangesOf(size_t batch_count) {
  std::vector<LoggedChange> changes;
  const auto batches = SampleBatches();
  for (size_t i = 0; i < batch_count; ++i) changes.insert(changes.end(), batches[i].begin(), batches[i].end());
  return changes;
}

}  // namespace segvec::testing
