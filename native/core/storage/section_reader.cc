#include "storage/section_reader.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/parallel_in_order.h"
#include "storage/byte_io.h"
#include "storage/checksum.h"

namespace segvec {
namespace {

constexpr size_t kGapBytes = 64 << 10;  // read at a time

// What one thread reads in a row: a huge page of the memory that it fills, which comes into being as a whole.
constexpr uint64_t kPieceBytes = 2 << 20;
static_assert(kPieceBytes % kBlockBytes == 0);

// Calls body(first byte, size) for each block, once for a section that is not in blocks.
template <class Body>
void ForEachBlock(const Section& section, int threads, const Body& body) {
  if (!section.is_in_blocks) return body(0, section.size);
  const uint64_t piece_count = (section.size + kPieceBytes - 1) / kPieceBytes;
  ParallelInOrder(static_cast<size_t>(piece_count), threads, [&](size_t piece) {
    const uint64_t end = std::min(section.size, (piece + 1) * kPieceBytes);
    for (uint64_t begin = piece * kPieceBytes; begin < end; begin += kBlockBytes) {
      body(begin, std::min<uint64_t>(kBlockBytes, end - begin));
    }
  });
}

}  // namespace

SectionReader::SectionReader(const RandomAccessFile& file, std::string name, FileKind kind,
                             const ExpectedFile& expected, std::initializer_list<SectionType> known,
                             int threads)
    : file_(file), name_(std::move(name)), threads_(threads) {
  ReadHeader(kind, expected);
  ReadTable();
  CheckKnown(known);
  ReadBlockChecksums();
  CheckGaps();
}

void SectionReader::Fail(uint64_t offset, const std::string& part, const std::string& what) const {
  throw DamageAt(name_, offset, part, what);
}

void SectionReader::Fail(const Section& section, uint64_t position, const std::string& what) const {
  Fail(section.offset + position, "section '" + SectionName(section.type) + "'", what);
}

void SectionReader::ReadHeader(FileKind kind, const ExpectedFile& expected) {
  const uint64_t file_size = file_.size();
  if (file_size < kHeaderBytes) {
    Fail(file_size, "header",
         "the file ends after " + std::to_string(file_size) + " bytes; expected at least " +
             std::to_string(kHeaderBytes));
  }
  std::byte bytes[kHeaderBytes];
  file_.Read(0, bytes);
  ByteReader header(bytes);
  stamp_.checksum = CheckHeaderBegin(header, bytes, kind, name_);
  section_count_ = header.Get<uint32_t>();
  std::ranges::copy(header.Take(identity_.uuid.bytes.size()), identity_.uuid.bytes.begin());
  identity_.generation = header.Get<uint64_t>();
  stamp_.size = header.Get<uint64_t>();
  table_checksum_ = header.Get<uint64_t>();
  if (stamp_.size != file_size) {
    Fail(file_size, "header",
         "the file has " + std::to_string(file_size) + " bytes; expected " + std::to_string(stamp_.size));
  }
  if (!IsZero(header.Take(kHeaderChecksumAt - header.position())))
    Fail(64, "header", "unused bytes are not zero");
  if (expected.uuid && *expected.uuid != identity_.uuid)
    Fail(24, "header", "the file belongs to another index");
  if (expected.stamp && *expected.stamp != stamp_) {
    Fail(120, "header",
         "not the file that the manifest names: " +
             ChecksumMismatch("the header", expected.stamp->checksum, stamp_.checksum));
  }
}

void SectionReader::ReadTable() {
  if (section_count_ > kMaxSections) {
    Fail(20, "header",
         std::to_string(section_count_) + " sections; expected at most " + std::to_string(kMaxSections));
  }
  uint64_t end = kHeaderBytes + section_count_ * kSectionEntryBytes;
  if (end > stamp_.size) Fail(kHeaderBytes, "section table", "the file ends within the section table");
  std::vector<std::byte> bytes(section_count_ * kSectionEntryBytes);
  file_.Read(kHeaderBytes, bytes);
  if (const uint64_t got = Checksum(bytes); got != table_checksum_) {
    Fail(kHeaderBytes, "section table", ChecksumMismatch("the section table", table_checksum_, got));
  }
  ByteReader table(bytes);
  for (uint32_t i = 0; i < section_count_; ++i) {
    const uint64_t entry_offset = kHeaderBytes + table.position();
    Section section;
    section.type = table.Get<uint32_t>();
    const auto flags = table.Get<uint32_t>();
    section.is_required = (flags & kSectionIsRequired) != 0;
    section.is_in_blocks = (flags & kSectionIsInBlocks) != 0;
    section.offset = table.Get<uint64_t>();
    section.size = table.Get<uint64_t>();
    section.checksum = table.Get<uint64_t>();
    section.first_block = table.Get<uint64_t>();
    const std::string part = "section table, entry of '" + SectionName(section.type) + "'";
    if ((flags & ~(kSectionIsRequired | kSectionIsInBlocks)) != 0) Fail(entry_offset, part, "unknown flags");
    if (section.is_in_blocks && section.size <= kBlockBytes) {
      Fail(entry_offset, part, "checked in blocks, but no larger than one");
    }
    if (section.offset < end || section.offset % 64 != 0) {
      Fail(entry_offset, part,
           "begins at " + std::to_string(section.offset) + "; expected a multiple of 64 from " +
               std::to_string(end) + " on");
    }
    if (section.offset > stamp_.size || section.size > stamp_.size - section.offset) {
      Fail(entry_offset, part,
           std::to_string(section.size) + " bytes at " + std::to_string(section.offset) +
               " reach beyond the end of the file, " + std::to_string(stamp_.size));
    }
    const bool has_type =
        std::ranges::any_of(sections_, [&](const Section& s) { return s.type == section.type; });
    if (has_type) Fail(entry_offset, part, "a second section of this type");
    end = section.offset + section.size;
    sections_.push_back(section);
  }
  if (end != stamp_.size) {
    Fail(end, "section table",
         "the sections end at " + std::to_string(end) + "; expected the end of the file, " +
             std::to_string(stamp_.size));
  }
}

void SectionReader::ReadBlockChecksums() {
  if (const Section* section = Find(SectionType::kBlockChecksums); section != nullptr) {
    if (section->is_in_blocks || section->size % sizeof(uint64_t) != 0) {
      Fail(*section, 0, std::to_string(section->size) + " bytes; expected a multiple of 8, not in blocks");
    }
    block_checksums_.resize(section->size / sizeof(uint64_t));
    Read(*section, std::as_writable_bytes(std::span(block_checksums_)));
  }
  for (const Section& section : sections_) {
    if (!section.is_in_blocks) continue;
    const uint64_t count = section.block_count(), available = block_checksums_.size();
    if (section.first_block > available || count > available - section.first_block) {
      Fail(section, 0,
           "its blocks from number " + std::to_string(section.first_block) + " on have no checksums");
    }
    if (const uint64_t got = Checksum(std::as_bytes(BlockChecksums(section))); got != section.checksum) {
      Fail(section, 0, ChecksumMismatch("the block checksums", section.checksum, got));
    }
  }
}

// Nobody reads what lies between sections; that it is zero is checked so that no damage goes unnoticed.
void SectionReader::CheckGaps() const {
  uint64_t position = kHeaderBytes + section_count_ * kSectionEntryBytes;
  std::vector<std::byte> buffer;
  for (const Section& section : sections_) {
    while (position < section.offset) {
      buffer.resize(static_cast<size_t>(std::min<uint64_t>(kGapBytes, section.offset - position)));
      file_.Read(position, buffer);
      if (!IsZero(buffer)) {
        Fail(position, "the space before section '" + SectionName(section.type) + "'", "bytes are not zero");
      }
      position += buffer.size();
    }
    position = section.offset + section.size;
  }
}

void SectionReader::CheckKnown(std::initializer_list<SectionType> known) const {
  for (const Section& section : sections_) {
    const auto type = static_cast<SectionType>(section.type);
    const bool is_known =
        type == SectionType::kBlockChecksums || std::ranges::find(known, type) != known.end();
    if (is_known || !section.is_required) continue;
    throw Error(
        ErrorCode::kUnsupportedFormat,
        name_ + " has a part that this version of segvec cannot read: '" + SectionName(section.type) + "'");
  }
}

const Section* SectionReader::Find(SectionType type) const {
  const auto at = std::ranges::find(sections_, static_cast<uint32_t>(type), &Section::type);
  return at == sections_.end() ? nullptr : &*at;
}

const Section& SectionReader::Require(SectionType type) const {
  const Section* section = Find(type);
  if (section == nullptr) {
    Fail(kHeaderBytes, "section table",
         "there is no section '" + SectionName(static_cast<uint32_t>(type)) + "'");
  }
  return *section;
}

const Section& SectionReader::Require(SectionType type, uint64_t size) const {
  const Section& section = Require(type);
  if (section.size != size) {
    Fail(section, 0, std::to_string(section.size) + " bytes; expected " + std::to_string(size));
  }
  return section;
}

void SectionReader::Read(const Section& section, std::span<std::byte> out, const OnBlock& on_block) const {
  ForEachBlock(section, threads_, [&](uint64_t begin, uint64_t size) {
    const std::span<std::byte> block = out.subspan(static_cast<size_t>(begin), static_cast<size_t>(size));
    file_.Read(section.offset + begin, block);
    CheckBlock(section, begin, block);
    if (on_block) on_block(begin, block);
  });
}

std::vector<std::byte> SectionReader::Read(const Section& section) const {
  std::vector<std::byte> bytes(section.size);
  Read(section, bytes);
  return bytes;
}

void SectionReader::Check(const Section& section, std::span<const std::byte> bytes,
                          const OnBlock& on_block) const {
  ForEachBlock(section, threads_, [&](uint64_t begin, uint64_t size) {
    const std::span<const std::byte> block =
        bytes.subspan(static_cast<size_t>(begin), static_cast<size_t>(size));
    CheckBlock(section, begin, block);
    if (on_block) on_block(begin, block);
  });
}

void SectionReader::CheckBlock(const Section& section, uint64_t begin,
                               std::span<const std::byte> block) const {
  const uint64_t expected =
      section.is_in_blocks ? block_checksums_[section.first_block + begin / kBlockBytes] : section.checksum;
  if (const uint64_t got = Checksum(block); got != expected) {
    Fail(section, begin, ChecksumMismatch(section.is_in_blocks ? "a block of 64 KiB" : "the section", expected, got));
  }
}

}  // namespace segvec
