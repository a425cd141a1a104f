// A sealed segment on disk.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "segment/segment.h"
#include "storage/env.h"
#include "storage/format.h"
#include "storage/section_reader.h"

namespace segvec {

// Writes the whole segment to a new file; the caller syncs and closes it. REQUIRES: segment.is_sealed().
// The same segment makes the same bytes, but for the identity.
FileStamp WriteSegment(const Segment& segment, const FileIdentity& identity, WritableFile& file,
                       const std::function<void()>& poll = {});

// Reads a segment into memory of its own and checks all of it. `name` is what messages call the file.
// Up to `threads` threads read side by side, and call `poll` so. Errors: kCorrupt, kUnsupportedFormat, kOutOfMemory, kIo;
// the same for any number of threads.
std::shared_ptr<Segment> ReadSegment(const RandomAccessFile& file, const std::string& name,
                                     const ExpectedFile& expected, const std::function<void()>& poll = {},
                                     int threads = 1);

// The same over a mapped file, which the segment holds on to; its large sections are used where they lie, and checked by
// up to `threads` threads when they are first read.
std::shared_ptr<Segment> MapSegment(std::shared_ptr<const MappedFile> file, const std::string& name,
                                    const ExpectedFile& expected, int threads = 1);

}  // namespace segvec
