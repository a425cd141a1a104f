#include "storage/section_writer.h"

#include <algorithm>

#include "storage/byte_io.h"
#include "storage/checksum.h"
#include "storage/file_header.h"

namespace segvec {
namespace {

constexpr size_t kChunkBytes = 1 << 20;

uint64_t AlignUp(uint64_t offset, uint64_t alignment) {
  return (offset + alignment - 1) / alignment * alignment;
}

void AppendZeros(WritableFile& file, uint64_t count) {
  static constexpr std::byte kZeros[4096] = {};
  for (; count > 0; count -= std::min<uint64_t>(count, sizeof(kZeros))) {
    file.Append(std::span(kZeros).first(static_cast<size_t>(std::min<uint64_t>(count, sizeof(kZeros)))));
  }
}

}  // namespace

void SectionWriter::Add(SectionType type, std::span<const std::byte> bytes, bool is_required) {
  sections_.push_back({type, is_required, bytes});
}

FileStamp SectionWriter::Write(WritableFile& file, const std::function<void()>& poll) const {
  const auto Poll = [&poll] {
    if (poll) poll();
  };
  std::vector<uint64_t> block_checksums;
  std::vector<uint64_t> checksums, first_blocks;
  std::vector<bool> are_in_blocks;
  for (const Section& section : sections_) {
    const size_t first_block = block_checksums.size();
    first_blocks.push_back(first_block);
    are_in_blocks.push_back(section.bytes.size() > kBlockBytes);
    if (!are_in_blocks.back()) {
      checksums.push_back(Checksum(section.bytes));
      continue;
    }
    for (size_t begin = 0; begin < section.bytes.size(); begin += kBlockBytes) {
      if (begin % kChunkBytes == 0) Poll();
      const size_t size = std::min(kBlockBytes, section.bytes.size() - begin);
      block_checksums.push_back(Checksum(section.bytes.subspan(begin, size)));
    }
    checksums.push_back(Checksum(std::as_bytes(std::span(block_checksums).subspan(first_block))));
  }
  std::vector<Section> sections = sections_;
  if (!block_checksums.empty()) {
    const auto bytes = std::as_bytes(std::span(block_checksums));
    sections.insert(sections.begin(), {SectionType::kBlockChecksums, true, bytes});
    checksums.insert(checksums.begin(), Checksum(bytes));
    first_blocks.insert(first_blocks.begin(), 0);
    are_in_blocks.insert(are_in_blocks.begin(), false);  // however many there are
  }

  ByteWriter table;
  std::vector<uint64_t> offsets;
  uint64_t end = kHeaderBytes + sections.size() * kSectionEntryBytes;
  for (size_t i = 0; i < sections.size(); ++i) {
    const uint64_t size = sections[i].bytes.size();
    const bool is_in_blocks = are_in_blocks[i];
    offsets.push_back(AlignUp(end, SectionAlignment(size)));
    end = offsets.back() + size;
    table.Put(static_cast<uint32_t>(sections[i].type));
    table.Put((sections[i].is_required ? kSectionIsRequired : 0) | (is_in_blocks ? kSectionIsInBlocks : 0));
    table.Put(offsets.back());
    table.Put(size);
    table.Put(checksums[i]);
    table.Put(is_in_blocks ? first_blocks[i] : 0);
  }

  ByteWriter header;
  PutHeaderBegin(header, kind_);
  header.Put(static_cast<uint32_t>(sections.size()));
  header.PutBytes(identity_.uuid.bytes);
  header.Put(identity_.generation);
  header.Put(end);
  header.Put(Checksum(table.bytes()));
  header.PadTo(kHeaderChecksumAt);
  const FileStamp stamp{end, Checksum(header.bytes())};
  header.Put(stamp.checksum);

  file.Append(header.bytes());
  file.Append(table.bytes());
  uint64_t position = header.size() + table.size();
  for (size_t i = 0; i < sections.size(); ++i) {
    AppendZeros(file, offsets[i] - position);
    const std::span<const std::byte> bytes = sections[i].bytes;
    for (size_t begin = 0; begin < bytes.size(); begin += kChunkBytes) {
      Poll();
      file.Append(bytes.subspan(begin, std::min(kChunkBytes, bytes.size() - begin)));
    }
    position = offsets[i] + bytes.size();
  }
  return stamp;
}

}  // namespace segvec
