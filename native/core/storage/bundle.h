// Several files as one piece of bytes: a file of kind "bundle" that lists them, then the files themselves,
// each at a multiple of 64. docs/file-format.md describes every byte.
//
// The list has a checksum, what lies between the files is zero, and the files vouch for themselves: nothing
// of a bundle can change unnoticed by who opens all of its files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "storage/format.h"
#include "storage/memory_files.h"

namespace segvec {

class Bundle {
 public:
  // Shares the bytes of the files. Throws std::bad_alloc.
  Bundle(const MemoryFiles& files, const FileIdentity& identity);

  uint64_t size() const { return size_; }
  // REQUIRES: offset + out.size() <= size(). Thread safety: any thread.
  void Read(uint64_t offset, std::span<std::byte> out) const;

 private:
  void Append(MemoryFiles::Piece piece);
  void AppendZerosTo(uint64_t end);

  std::vector<MemoryFiles::Piece> pieces_;
  std::vector<uint64_t> ends_;  // of the pieces, in the bundle
  uint64_t size_ = 0;
};

// The files of a bundle, whose bytes stay where they are. Each has a name that an index gives its files, none that of a
// log, and one is the manifest. Errors: kCorrupt, kUnsupportedFormat.
std::unique_ptr<MemoryFiles> ReadBundle(const MemoryFiles::Piece& bundle, const std::string& name);

}  // namespace segvec
