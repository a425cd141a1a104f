// The dead slots of one segment on disk.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/bitset.h"
#include "storage/env.h"
#include "storage/format.h"
#include "storage/manifest.h"
#include "storage/section_reader.h"

namespace segvec {

// Writes the dead slots below `slot_count` to a new file; the caller syncs and closes it.
FileStamp WriteTombstones(const Bitset& dead, uint32_t segment_number, uint32_t slot_count,
                          const FileIdentity& identity, WritableFile& file);

// Errors: kCorrupt, also when the file is about another segment or number of slots; kUnsupportedFormat, kIo.
std::shared_ptr<const Bitset> ReadTombstones(const RandomAccessFile& file, const std::string& name,
                                             uint32_t segment_number, uint32_t slot_count,
                                             const ExpectedFile& expected);
// The one that a manifest names. Also an error: another number of dead slots than it says. REQUIRES: entry.tombstones.
std::shared_ptr<const Bitset> ReadTombstones(const RandomAccessFile& file, const std::string& name,
                                             const ManifestSegment& entry, const Uuid& uuid);

}  // namespace segvec
