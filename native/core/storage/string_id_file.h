// String ids on disk, and the numbers that stand for them in segments. A commit writes only the strings that
// are new since the last one, to a file of their own; an index has all files that its manifest lists.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/env.h"
#include "storage/format.h"
#include "storage/section_reader.h"

namespace segvec {

// The strings of one file. Texts are kept in one piece: an index may have many millions.
struct StringIdTable {
  std::vector<uint64_t> numbers;  // strictly ascending
  std::vector<uint64_t> ends;     // where each text ends in `texts`, and the next begins
  std::string texts;              // UTF-8

  size_t size() const { return numbers.size(); }
  std::string_view text(size_t index) const {
    const size_t begin = index == 0 ? 0 : ends[index - 1];
    return std::string_view(texts).substr(begin, ends[index] - begin);
  }
  // REQUIRES: `number` is greater than the last one.
  void Append(uint64_t number, std::string_view text) {
    numbers.push_back(number);
    texts += text;
    ends.push_back(texts.size());
  }
};

// Writes a table to a new file; the caller syncs and closes it. `poll` is called for every block.
FileStamp WriteStringIds(const StringIdTable& table, const FileIdentity& identity, WritableFile& file,
                         const std::function<void()>& poll = {});

// Errors: kCorrupt, kUnsupportedFormat, kIo.
StringIdTable ReadStringIds(const RandomAccessFile& file, const std::string& name,
                            const ExpectedFile& expected);

}  // namespace segvec
