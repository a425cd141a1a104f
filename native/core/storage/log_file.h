// One file of the log between commits: the changes of an index, in their order, batch by batch.
//
// Shape: sectors of 512 bytes, each with a checksum of its own; the first is the header. A batch is the changes that one
// sync made safe; it begins with a sector and no sector holds parts of two, so that what was synced is never written
// again. docs/file-format.md has every byte.
//
// What a crash leaves. A batch is begun only when the one before it is safe, so only the last one can be incomplete, and
// what is missing of it is missing by the sector: cut off, or zero. Such a tail was never acknowledged and is passed over.
// A sector that is neither whole nor zero, or a part of a later batch behind an incomplete one, is damage.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "storage/env.h"
#include "storage/format.h"

namespace segvec {

inline constexpr size_t kSectorBytes = 512;

// What is on disk is permanent: do not renumber.
enum class LogRecordType : uint32_t { kAdd = 1, kUpsert = 2, kRemove = 3, kCancel = 4 };

struct LogHeader {
  FileIdentity identity;  // generation: the newest when the file was begun
  uint64_t number = 0;    // counts the log files of an index, from 1
  uint64_t first_sequence = 0;
  // The log file whose changes come before these, and how many bytes of it count: a batch that could not be synced may
  // lie behind them. 0 where there is none.
  uint64_t previous_number = 0, previous_size = 0;
  friend bool operator==(const LogHeader&, const LogHeader&) = default;
};

// A change to be written; what it points to stays with the caller.
struct LogRecord {
  LogRecordType type = LogRecordType::kAdd;
  uint64_t count = 0;                  // rows of an add or upsert, ids of a remove, cancelled changes
  std::span<const uint64_t> ids;       // `count` of them; or, of a cancel, the sequence numbers that never came to be
  std::span<const std::string> texts;  // or these; neither: the index assigns them
  std::span<const float> values;       // of an add or upsert: `count` rows
};

class LogFileWriter {
 public:
  LogFileWriter(std::unique_ptr<WritableFile> file, const LogHeader& header);

  // Writes the records as one batch, behind the header if it is the first. `first_sequence`: the number of the first
  // change among them; cancels have none. `poll` is called at least once for every MiB; what it throws ends the call, as
  // do errors of the file, which must be given up then.
  void Write(uint64_t first_sequence, std::span<const LogRecord> records, const std::function<void()>& poll);
  void Sync() { file_->Sync(); }

  uint64_t size() const { return size_; }  // a whole number of sectors

 private:
  class Sectors;

  const std::unique_ptr<WritableFile> file_;
  const std::vector<std::byte> header_;
  const uint32_t stamp_;
  uint32_t batch_count_ = 0;
  uint64_t size_ = 0;
};

class LogFileReader {
 public:
  // Reads the header. `file` must outlive the reader; `name` is what messages call it. Errors: kCorrupt, also for a file
  // of another index or number; kUnsupportedFormat, kIo.
  LogFileReader(const RandomAccessFile& file, std::string name, const Uuid& uuid, uint64_t number);

  // Whether a crash came before the header was safe: nothing in the file counts.
  bool is_void() const { return is_void_; }
  // REQUIRES: !is_void().
  const LogHeader& header() const { return header_; }

  // A change or cancel as it is read back.
  class Record {
   public:
    LogRecordType type = LogRecordType::kAdd;
    uint64_t sequence = 0;  // 0 for a cancel
    uint64_t count = 0;
    std::vector<uint64_t> ids;
    std::vector<std::string> texts;

    // The next values of the rows; what is not read is passed over. REQUIRES: no more than `count` rows in all.
    void ReadValues(std::span<float> out);

   private:
    friend class LogFileReader;
    LogFileReader* reader_ = nullptr;
    uint64_t* unread_bytes_ = nullptr;
  };
  using Visit = std::function<void(Record&)>;

  struct End {
    uint64_t size = 0;           // of what counts: header and whole batches
    uint64_t next_sequence = 0;  // of the change after the last
  };
  // Visits every record, batch by batch, each once its whole batch has been found sound. With `size`, exactly that many
  // bytes count; without, the file is the last one, and its last batch may be incomplete. Nothing is allocated beyond a
  // small multiple of the bytes that are there. Errors: kCorrupt naming the offset, kIo, and what `visit` throws.
  // REQUIRES: !is_void().
  End Walk(std::optional<uint64_t> size, size_t dimension, const Visit& visit);
  // How far Walk() has come, also when it throws.
  const End& end() const { return end_; }

 private:
  struct SectorHead {
    uint32_t batch, place, count, stamp;
  };
  struct BatchHead {
    uint64_t size, first_sequence;
    uint32_t record_count, unused;
  };

  [[noreturn]] void Fail(uint64_t offset, const std::string& part, const std::string& what) const;
  void ReadHeader(const Uuid& uuid, uint64_t number);
  void CheckVoid();
  std::span<const std::byte> Sector(uint64_t index);
  bool IsSound(std::span<const std::byte> sector) const;
  static SectorHead HeadOf(std::span<const std::byte> sector);
  // The sectors of the batch that begins at `at`; none when it is not whole.
  uint64_t WholeBatch(uint64_t at, uint32_t batch, uint64_t end);
  void CheckTail(uint64_t at, uint32_t batch);
  void ReadBatch(uint64_t at, uint64_t count, size_t dimension, const Visit& visit);
  void Take(std::span<std::byte> out);  // the next bytes of the batch that is being read
  void Skip(uint64_t bytes);

  const RandomAccessFile& file_;
  const std::string name_;
  LogHeader header_;
  uint32_t stamp_ = 0;
  bool is_void_ = false;
  End end_;
  uint64_t position_ = 0;  // in the data of the batch that is being read
  uint64_t batch_at_ = 0;  // its first sector
  std::vector<std::byte> buffer_;
  uint64_t buffer_at_ = 0;  // its first sector
};

}  // namespace segvec
