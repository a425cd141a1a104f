#include "storage/log_file.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "storage/byte_io.h"
#include "storage/checksum.h"
#include "storage/file_header.h"

namespace segvec {
namespace {

constexpr size_t kSectorChecksumAt = kSectorBytes - sizeof(uint64_t);
constexpr size_t kSectorHeadBytes = 16;
constexpr size_t kSectorDataBytes = kSectorChecksumAt - kSectorHeadBytes;
constexpr size_t kBatchHeadBytes = 24, kRecordHeadBytes = 24;
constexpr size_t kBufferSectors = 128;  // written and read at a time
constexpr size_t kPollBytes = 1 << 20;

enum class IdKind : uint32_t { kAssigned = 0, kNumbers = 1, kTexts = 2 };

uint64_t IdBytes(const LogRecord& record) {
  uint64_t bytes = record.ids.size_bytes() + record.texts.size() * sizeof(uint32_t);
  for (const std::string& text : record.texts) bytes += text.size();
  return bytes;
}

void PutChecksum(std::span<std::byte> sector) {
  const uint64_t checksum = Checksum(sector.first(kSectorChecksumAt));
  std::memcpy(sector.data() + kSectorChecksumAt, &checksum, sizeof(checksum));
}

std::vector<std::byte> HeaderSector(const LogHeader& header) {
  ByteWriter out;
  PutHeaderBegin(out, FileKind::kLog);
  out.Put(uint32_t{0});  // sections
  out.PutBytes(header.identity.uuid.bytes);
  out.Put(header.identity.generation);
  out.Put(header.number);
  out.Put(header.first_sequence);
  out.Put(header.previous_number);
  out.Put(header.previous_size);
  out.PadTo(kHeaderChecksumAt);
  out.Put(Checksum(out.bytes()));
  out.PadTo(kSectorBytes);
  std::vector<std::byte> sector(out.bytes().begin(), out.bytes().end());
  PutChecksum(sector);
  return sector;
}

// What ties the sectors of a file to its header, and with it to the file's index and place in the log.
uint32_t StampOf(std::span<const std::byte> header_sector) {
  uint32_t stamp;
  std::memcpy(&stamp, header_sector.data() + kHeaderChecksumAt, sizeof(stamp));
  return stamp;
}

}  // namespace

// Cuts the bytes of one batch into sectors.
class LogFileWriter::Sectors {
 public:
  Sectors(WritableFile& file, std::span<const std::byte> header, uint32_t batch, uint64_t data_bytes, uint32_t stamp,
          const std::function<void()>& poll)
      : file_(file),
        batch_(batch),
        count_(static_cast<uint32_t>((data_bytes + kSectorDataBytes - 1) / kSectorDataBytes)),
        stamp_(stamp),
        poll_(poll) {
    buffer_.reserve(kBufferSectors * kSectorBytes);
    buffer_.assign(header.begin(), header.end());
  }

  template <class T>
  void PutValue(const T& value) {
    Put(std::as_bytes(std::span(&value, 1)));
  }

  void Put(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      if (used_ == 0) Begin();
      const size_t size = std::min(bytes.size(), kSectorDataBytes - used_);
      std::memcpy(sector().data() + kSectorHeadBytes + used_, bytes.data(), size);
      used_ += size;
      bytes = bytes.subspan(size);
      if (used_ == kSectorDataBytes) End();
    }
  }

  void Finish() {
    if (used_ > 0) End();
    Flush();
  }

  uint64_t written_bytes() const { return written_bytes_; }

 private:
  std::span<std::byte> sector() { return std::span(buffer_).last(kSectorBytes); }

  void Begin() {
    buffer_.resize(buffer_.size() + kSectorBytes);
    const uint32_t head[] = {batch_, place_++, count_, stamp_};
    static_assert(sizeof(head) == kSectorHeadBytes);
    std::memcpy(sector().data(), head, sizeof(head));
  }
  void End() {
    PutChecksum(sector());
    used_ = 0;
    if (buffer_.size() >= kBufferSectors * kSectorBytes) Flush();
  }
  void Flush() {
    if (buffer_.empty()) return;
    if (poll_ && written_bytes_ / kPollBytes != (written_bytes_ + buffer_.size()) / kPollBytes) poll_();
    file_.Append(buffer_);
    written_bytes_ += buffer_.size();
    buffer_.clear();
  }

  WritableFile& file_;
  const uint32_t batch_, count_, stamp_;
  const std::function<void()>& poll_;
  uint32_t place_ = 0;
  size_t used_ = 0;  // data bytes of the sector that is being filled; 0: none is
  std::vector<std::byte> buffer_;
  uint64_t written_bytes_ = 0;
};

LogFileWriter::LogFileWriter(std::unique_ptr<WritableFile> file, const LogHeader& header)
    : file_(std::move(file)), header_(HeaderSector(header)), stamp_(StampOf(header_)) {}

void LogFileWriter::Write(uint64_t first_sequence, std::span<const LogRecord> records,
                          const std::function<void()>& poll) {
  uint64_t size = 0;
  for (const LogRecord& record : records) size += kRecordHeadBytes + IdBytes(record) + record.values.size_bytes();
  const std::span<const std::byte> header = batch_count_ == 0 ? std::span(header_) : std::span<const std::byte>();
  Sectors out(*file_, header, ++batch_count_, kBatchHeadBytes + size, stamp_, poll);
  out.PutValue(size);
  out.PutValue(first_sequence);
  out.PutValue(static_cast<uint32_t>(records.size()));
  out.PutValue(uint32_t{0});
  for (const LogRecord& record : records) {
    out.PutValue(static_cast<uint32_t>(record.type));
    out.PutValue(static_cast<uint32_t>(!record.texts.empty() ? IdKind::kTexts
                                       : !record.ids.empty() ? IdKind::kNumbers
                                                             : IdKind::kAssigned));
    out.PutValue(record.count);
    out.PutValue(IdBytes(record) + record.values.size_bytes());
    out.Put(std::as_bytes(record.ids));
    for (const std::string& text : record.texts) out.PutValue(static_cast<uint32_t>(text.size()));
    for (const std::string& text : record.texts) out.Put(std::as_bytes(std::span(text)));
    out.Put(std::as_bytes(record.values));
  }
  out.Finish();
  size_ += out.written_bytes();
}

LogFileReader::LogFileReader(const RandomAccessFile& file, std::string name, const Uuid& uuid, uint64_t number)
    : file_(file), name_(std::move(name)) {
  // A file that ends within its header was begun, and no more.
  if (file_.size() < kSectorBytes) {
    is_void_ = true;
    return;
  }
  ReadHeader(uuid, number);
}

void LogFileReader::Fail(uint64_t offset, const std::string& part, const std::string& what) const {
  throw DamageAt(name_, offset, part, what);
}

void LogFileReader::ReadHeader(const Uuid& uuid, uint64_t number) {
  const std::span<const std::byte> sector = Sector(0);
  if (IsZero(sector)) {
    CheckVoid();
    is_void_ = true;
    return;
  }
  ByteReader in(sector);
  CheckHeaderBegin(in, sector.first(kHeaderBytes), FileKind::kLog, name_);
  if (!IsSound(sector)) Fail(0, "header", "the checksum of the sector does not fit");
  if (in.Get<uint32_t>() != 0) Fail(20, "header", "a log has no sections");
  std::ranges::copy(in.Take(header_.identity.uuid.bytes.size()), header_.identity.uuid.bytes.begin());
  header_.identity.generation = in.Get<uint64_t>();
  header_.number = in.Get<uint64_t>();
  header_.first_sequence = in.Get<uint64_t>();
  header_.previous_number = in.Get<uint64_t>();
  header_.previous_size = in.Get<uint64_t>();
  if (!IsZero(in.Take(kHeaderChecksumAt - in.position()))) Fail(80, "header", "unused bytes are not zero");
  if (!IsZero(sector.subspan(kHeaderBytes, kSectorChecksumAt - kHeaderBytes))) {
    Fail(kHeaderBytes, "header", "unused bytes are not zero");
  }
  if (header_.identity.uuid != uuid) Fail(24, "header", "the file belongs to another index");
  if (header_.number != number) {
    Fail(48, "header", "log file " + std::to_string(header_.number) + "; expected the number in its name");
  }
  if (header_.first_sequence == 0) Fail(56, "header", "changes count from 1");
  if (header_.previous_number >= number || header_.previous_size % kSectorBytes != 0 ||
      (header_.previous_number == 0) != (header_.previous_size == 0)) {
    Fail(64, "header", "not a log file before this one, or not whole sectors of it");
  }
  stamp_ = StampOf(sector);
  end_ = {kSectorBytes, header_.first_sequence};
}

// The header is synced with the first batch, so when it is missing there is nothing behind it but parts of that.
void LogFileReader::CheckVoid() {
  std::optional<uint32_t> stamp;
  for (uint64_t at = 1; at < file_.size() / kSectorBytes; ++at) {
    const std::span<const std::byte> sector = Sector(at);
    if (IsZero(sector)) continue;
    if (!IsSound(sector)) Fail(at * kSectorBytes, "sector", "the checksum does not fit");
    const SectorHead head = HeadOf(sector);
    if (head.batch != 1 || head.place != at - 1 || head.stamp != stamp.value_or(head.stamp)) {
      Fail(0, "header", "it is missing, before changes that were safe");
    }
    stamp = head.stamp;
  }
}

std::span<const std::byte> LogFileReader::Sector(uint64_t index) {
  const uint64_t buffered = buffer_.size() / kSectorBytes;
  if (index < buffer_at_ || index >= buffer_at_ + buffered) {
    const uint64_t count = std::min<uint64_t>(kBufferSectors, file_.size() / kSectorBytes - index);
    buffer_.clear();  // nothing is believed to be in it should the read fail
    std::vector<std::byte> bytes(static_cast<size_t>(count * kSectorBytes));
    file_.Read(index * kSectorBytes, bytes);
    buffer_.swap(bytes);
    buffer_at_ = index;
  }
  return std::span(buffer_).subspan(static_cast<size_t>((index - buffer_at_) * kSectorBytes), kSectorBytes);
}

bool LogFileReader::IsSound(std::span<const std::byte> sector) const {
  uint64_t checksum;
  std::memcpy(&checksum, sector.data() + kSectorChecksumAt, sizeof(checksum));
  return Checksum(sector.first(kSectorChecksumAt)) == checksum;
}

LogFileReader::SectorHead LogFileReader::HeadOf(std::span<const std::byte> sector) {
  SectorHead head;
  static_assert(sizeof(head) == kSectorHeadBytes);
  std::memcpy(&head, sector.data(), sizeof(head));
  return head;
}

uint64_t LogFileReader::WholeBatch(uint64_t at, uint32_t batch, uint64_t end) {
  uint64_t count = 1;
  for (uint64_t i = 0; i < count; ++i) {
    if (at + i >= end) return 0;
    const std::span<const std::byte> sector = Sector(at + i);
    if (!IsSound(sector)) return 0;
    const SectorHead head = HeadOf(sector);
    if (i == 0) count = head.count;
    if (head.batch != batch || head.place != i || head.count != count || head.stamp != stamp_) return 0;
  }
  return count;
}

// What lies behind the last whole batch: nothing but parts of the next one.
void LogFileReader::CheckTail(uint64_t at, uint32_t batch) {
  std::optional<uint32_t> count;
  for (uint64_t i = at; i < file_.size() / kSectorBytes; ++i) {
    const std::span<const std::byte> sector = Sector(i);
    if (IsZero(sector)) continue;
    const uint64_t offset = i * kSectorBytes;
    if (!IsSound(sector)) Fail(offset, "sector", "the checksum does not fit");
    const SectorHead head = HeadOf(sector);
    if (head.batch != batch || head.place != i - at || head.stamp != stamp_ || head.place >= head.count ||
        head.count != count.value_or(head.count)) {
      Fail(at * kSectorBytes, "batch " + std::to_string(batch),
           "parts of it are missing, before others that came later");
    }
    count = head.count;
  }
}

LogFileReader::End LogFileReader::Walk(std::optional<uint64_t> size, size_t dimension, const Visit& visit) {
  end_ = {kSectorBytes, header_.first_sequence};
  if (size && (*size > file_.size() || *size < kSectorBytes || *size % kSectorBytes != 0)) {
    Fail(file_.size(), "end", "the file has " + std::to_string(file_.size()) + " bytes; expected " +
                                  std::to_string(*size) + ", which the next log file says");
  }
  const uint64_t sector_count = size.value_or(file_.size()) / kSectorBytes;
  uint32_t batch = 1;
  for (uint64_t at = 1; at < sector_count; ++batch) {
    const uint64_t count = WholeBatch(at, batch, sector_count);
    if (count == 0) {
      if (size) Fail(at * kSectorBytes, "batch " + std::to_string(batch), "it is damaged");
      CheckTail(at, batch);
      break;
    }
    ReadBatch(at, count, dimension, visit);
    at += count;
  }
  return end_;
}

void LogFileReader::Take(std::span<std::byte> out) {
  while (!out.empty()) {
    const uint64_t index = batch_at_ + position_ / kSectorDataBytes;
    const size_t offset = static_cast<size_t>(position_ % kSectorDataBytes);
    const size_t size = std::min(out.size(), kSectorDataBytes - offset);
    const std::span<const std::byte> sector = Sector(index);
    // It was sound a moment ago; a medium that cannot be trusted may give something else now.
    if (offset == 0 && !IsSound(sector)) Fail(index * kSectorBytes, "sector", "the checksum does not fit");
    std::memcpy(out.data(), sector.data() + kSectorHeadBytes + offset, size);
    position_ += size;
    out = out.subspan(size);
  }
}

void LogFileReader::Skip(uint64_t bytes) { position_ += bytes; }

void LogFileReader::ReadBatch(uint64_t at, uint64_t count, size_t dimension, const Visit& visit) {
  const std::string part = "batch at " + std::to_string(at * kSectorBytes);
  const auto fail = [&](const std::string& what) { Fail(at * kSectorBytes, part, what); };
  batch_at_ = at;
  position_ = 0;
  const uint64_t data_bytes = count * kSectorDataBytes;
  const auto take = [&](auto& value) { Take(std::as_writable_bytes(std::span(&value, 1))); };
  BatchHead batch;
  take(batch);
  if (batch.size > data_bytes - kBatchHeadBytes || data_bytes - kBatchHeadBytes - batch.size >= kSectorDataBytes) {
    fail(std::to_string(batch.size) + " bytes; expected as many as its sectors hold");
  }
  if (batch.unused != 0) fail("unused bytes are not zero");
  if (batch.first_sequence != end_.next_sequence) {
    fail("change " + std::to_string(batch.first_sequence) + "; expected " + std::to_string(end_.next_sequence));
  }
  uint64_t left = batch.size, sequence = batch.first_sequence;
  for (uint32_t i = 0; i < batch.record_count; ++i) {
    struct {
      uint32_t type, id_kind;
      uint64_t count, size;
    } head;
    static_assert(sizeof(head) == kRecordHeadBytes);
    if (left < sizeof(head)) fail("it ends within a record");
    take(head);
    left -= sizeof(head);
    if (head.size > left) fail("a record reaches beyond its end");
    left -= head.size;
    uint64_t unread = head.size;
    Record record;
    record.type = static_cast<LogRecordType>(head.type);
    record.count = head.count;
    const bool is_cancel = record.type == LogRecordType::kCancel;
    const bool has_values = record.type == LogRecordType::kAdd || record.type == LogRecordType::kUpsert;
    if (!has_values && !is_cancel && record.type != LogRecordType::kRemove) {
      fail("a record of type " + std::to_string(head.type));
    }
    // Each id takes four bytes at least, each row a value: the count cannot be larger than what is there.
    if (head.count == 0 || head.count > head.size / sizeof(uint32_t)) fail("a record of " + std::to_string(head.count));
    if (head.id_kind == static_cast<uint32_t>(IdKind::kNumbers)) {
      if (head.count > unread / sizeof(uint64_t)) fail("ids reach beyond their record");
      record.ids.resize(static_cast<size_t>(head.count));
      Take(std::as_writable_bytes(std::span(record.ids)));
      unread -= head.count * sizeof(uint64_t);
    } else if (head.id_kind == static_cast<uint32_t>(IdKind::kTexts) && !is_cancel) {
      std::vector<uint32_t> sizes(static_cast<size_t>(head.count));
      Take(std::as_writable_bytes(std::span(sizes)));
      unread -= head.count * sizeof(uint32_t);
      record.texts.reserve(sizes.size());
      for (const uint32_t size : sizes) {
        if (size > unread) fail("a text reaches beyond its record");
        Take(std::as_writable_bytes(std::span(record.texts.emplace_back(size, '\0'))));
        unread -= size;
      }
    } else if (head.id_kind != static_cast<uint32_t>(IdKind::kAssigned) || !has_values) {
      fail("ids of kind " + std::to_string(head.id_kind));
    }
    const uint64_t row_bytes = has_values ? dimension * sizeof(float) : 0;
    if (row_bytes == 0 ? unread != 0 : unread / row_bytes != head.count || unread % row_bytes != 0) {
      fail("a record of " + std::to_string(head.count) + " with " + std::to_string(unread) + " bytes of rows");
    }
    if (!is_cancel) record.sequence = sequence++;
    record.reader_ = this;
    record.unread_bytes_ = &unread;
    visit(record);
    Skip(unread);
  }
  if (left != 0) fail("it does not end with its last record");
  end_ = {(at + count) * kSectorBytes, sequence};
}

void LogFileReader::Record::ReadValues(std::span<float> out) {
  if (out.size_bytes() > *unread_bytes_) throw Error(ErrorCode::kInternal, "more values than the record has");
  reader_->Take(std::as_writable_bytes(out));
  *unread_bytes_ -= out.size_bytes();
}

}  // namespace segvec
