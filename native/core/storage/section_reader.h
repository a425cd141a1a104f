// Reads a file of sections and trusts nothing in it: whatever is returned has been checked against its
// checksum.
//
// Errors: kCorrupt naming the file, the offset and the section; kUnsupportedFormat for what a newer version
// wrote.
//         Nothing is allocated for a section before its size was checked against the file's.
// Thread safety: all methods may be called from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "storage/env.h"
#include "storage/file_header.h"
#include "storage/format.h"

namespace segvec {

// What is known of a file before it is opened, usually from the manifest.
struct ExpectedFile {
  std::optional<Uuid> uuid;
  std::optional<FileStamp> stamp;
};

struct Section {
  uint32_t type = 0;
  bool is_required = true;
  bool is_in_blocks = false;
  uint64_t offset = 0, size = 0;
  uint64_t checksum = 0;     // of the bytes, or of the block checksums
  uint64_t first_block = 0;  // the place of its first block checksum among all of them

  // REQUIRES: is_in_blocks.
  uint64_t block_count() const { return (size + kBlockBytes - 1) / kBlockBytes; }
};

class SectionReader {
 public:
  // Checks the header, the section table, the block checksums and the gaps between sections. `file` must
  // outlive the reader; `name` is what messages call it. A required section that is not among `known` is
  // refused. Large sections are read by up to `threads` threads.
  SectionReader(const RandomAccessFile& file, std::string name, FileKind kind, const ExpectedFile& expected,
                std::initializer_list<SectionType> known, int threads = 1);

  const FileIdentity& identity() const { return identity_; }
  const FileStamp& stamp() const { return stamp_; }

  const Section* Find(SectionType type) const;  // null when there is none
  // kCorrupt when there is none, or when it is not `size` bytes long.
  const Section& Require(SectionType type) const;
  const Section& Require(SectionType type, uint64_t size) const;

  // Reads a whole section; `on_block(first byte, bytes)` sees each block that has been checked while it is in
  // the cache, several of them at once where several threads read. Whatever the number of threads, what is thrown is what
  // is wrong first in the section. REQUIRES: out.size() == section.size; with more than one thread, the caller holds no lock.
  using OnBlock = std::function<void(uint64_t, std::span<const std::byte>)>;
  void Read(const Section& section, std::span<std::byte> out, const OnBlock& on_block = {}) const;
  std::vector<std::byte> Read(const Section& section) const;
  // Checks a section whose bytes the caller has.
  void Check(const Section& section, std::span<const std::byte> bytes, const OnBlock& on_block = {}) const;

  // The checksums of a section's blocks. REQUIRES: section.is_in_blocks.
  std::span<const uint64_t> BlockChecksums(const Section& section) const {
    return std::span(block_checksums_).subspan(section.first_block, section.block_count());
  }

  // Throws kCorrupt: "<name>, offset <position in the file>, section '<type>': <what>".
  [[noreturn]] void Fail(const Section& section, uint64_t position, const std::string& what) const;
  [[noreturn]] void Fail(uint64_t offset, const std::string& part, const std::string& what) const;

 private:
  void ReadHeader(FileKind kind, const ExpectedFile& expected);
  void ReadTable();
  void ReadBlockChecksums();
  void CheckGaps() const;
  void CheckBlock(const Section& section, uint64_t begin, std::span<const std::byte> block) const;
  void CheckKnown(std::initializer_list<SectionType> known) const;

  const RandomAccessFile& file_;
  const std::string name_;
  const int threads_;
  FileIdentity identity_;
  FileStamp stamp_;
  uint32_t section_count_ = 0;
  uint64_t table_checksum_ = 0;
  std::vector<Section> sections_;  // ascending offset
  std::vector<uint64_t> block_checksums_;
};

}  // namespace segvec
