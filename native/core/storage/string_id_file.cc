#include "storage/string_id_file.h"

#include "base/error.h"
#include "storage/section_writer.h"

namespace segvec {

FileStamp WriteStringIds(const StringIdTable& table, const FileIdentity& identity, WritableFile& file,
                         const std::function<void()>& poll) {
  SectionWriter writer(FileKind::kStringIds, identity);
  writer.Add(SectionType::kStringIdNumbers, table.numbers.data(), table.numbers.size());
  writer.Add(SectionType::kStringIdEnds, table.ends.data(), table.ends.size());
  writer.Add(SectionType::kStringIdTexts, table.texts.data(), table.texts.size());
  return writer.Write(file, poll);
}

StringIdTable ReadStringIds(const RandomAccessFile& file, const std::string& name,
                            const ExpectedFile& expected) {
  const SectionReader reader(
      file, name, FileKind::kStringIds, expected,
      {SectionType::kStringIdNumbers, SectionType::kStringIdEnds, SectionType::kStringIdTexts});
  const Section& numbers = reader.Require(SectionType::kStringIdNumbers);
  if (numbers.size % sizeof(uint64_t) != 0) {
    reader.Fail(numbers, 0, std::to_string(numbers.size) + " bytes; expected a multiple of 8");
  }
  const Section& ends = reader.Require(SectionType::kStringIdEnds, numbers.size);
  const Section& texts = reader.Require(SectionType::kStringIdTexts);
  StringIdTable table;
  table.numbers.resize(numbers.size / sizeof(uint64_t));
  table.ends.resize(table.numbers.size());
  table.texts.resize(texts.size);
  reader.Read(numbers, std::as_writable_bytes(std::span(table.numbers)));
  reader.Read(ends, std::as_writable_bytes(std::span(table.ends)));
  reader.Read(texts, std::as_writable_bytes(std::span(table.texts)));
  for (size_t i = 1; i < table.size(); ++i) {
    if (table.numbers[i] <= table.numbers[i - 1]) reader.Fail(numbers, i * sizeof(uint64_t), "not ascending");
    if (table.ends[i] < table.ends[i - 1]) reader.Fail(ends, i * sizeof(uint64_t), "not ascending");
  }
  if ((table.ends.empty() ? 0 : table.ends.back()) != table.texts.size()) {
    reader.Fail(ends, ends.size,
                "the texts do not end where the last one does, at " + std::to_string(table.texts.size()));
  }
  return table;
}

}  // namespace segvec
