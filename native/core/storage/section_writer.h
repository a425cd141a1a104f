// Writes a file of sections in one pass from its start to its end.
//
// Cost: reads everything twice, first for the checksums, which come before what they cover.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "storage/env.h"
#include "storage/format.h"

namespace segvec {

class SectionWriter {
 public:
  SectionWriter(FileKind kind, const FileIdentity& identity) : kind_(kind), identity_(identity) {}

  // The bytes must stay until Write() returns. A reader that does not know a required section refuses the
  // file.
  void Add(SectionType type, std::span<const std::byte> bytes, bool is_required = true);

  template <class T>
  void Add(SectionType type, const T* values, size_t count, bool is_required = true) {
    Add(type, std::as_bytes(std::span(values, count)), is_required);
  }

  // Appends the whole file; neither syncs nor closes it. `poll` is called at least once for every MiB; what
  // it throws ends the call, as does what `file` throws.
  FileStamp Write(WritableFile& file, const std::function<void()>& poll) const;

 private:
  struct Section {
    SectionType type;
    bool is_required;
    std::span<const std::byte> bytes;
  };

  FileKind kind_;
  FileIdentity identity_;
  std::vector<Section> sections_;
};

}  // namespace segvec
