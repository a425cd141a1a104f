#include "storage/tombstone_file.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/error.h"
#include "storage/section_writer.h"

namespace segvec {
namespace {

// The section of fixed size, byte for byte.
struct TombstoneInfo {
  uint32_t segment_number;
  uint32_t slot_count;
  uint32_t dead_count;
  uint32_t unused;
};
static_assert(sizeof(TombstoneInfo) == 16);

size_t WordCount(uint32_t slot_count) { return (size_t{slot_count} + 63) / 64; }

}  // namespace

FileStamp WriteTombstones(const Bitset& dead, uint32_t segment_number, uint32_t slot_count,
                          const FileIdentity& identity, WritableFile& file) {
  std::vector<uint64_t> words(WordCount(slot_count));
  std::copy_n(dead.words().begin(), std::min(words.size(), dead.words().size()), words.begin());
  if (slot_count % 64 != 0) words.back() &= (uint64_t{1} << slot_count % 64) - 1;
  const Bitset stored = Bitset::FromWords(words);
  const TombstoneInfo info{segment_number, slot_count, static_cast<uint32_t>(stored.set_count()), 0};
  SectionWriter writer(FileKind::kTombstones, identity);
  writer.Add(SectionType::kTombstoneInfo, &info, 1);
  writer.Add(SectionType::kDeadSlots, words.data(), words.size());
  return writer.Write(file, {});
}

std::shared_ptr<const Bitset> ReadTombstones(const RandomAccessFile& file, const std::string& name,
                                             uint32_t segment_number, uint32_t slot_count,
                                             const ExpectedFile& expected) {
  const SectionReader reader(file, name, FileKind::kTombstones, expected,
                             {SectionType::kTombstoneInfo, SectionType::kDeadSlots});
  TombstoneInfo info;
  const Section& info_section = reader.Require(SectionType::kTombstoneInfo, sizeof(info));
  reader.Read(info_section, std::as_writable_bytes(std::span(&info, 1)));
  if (info.segment_number != segment_number || info.slot_count != slot_count || info.unused != 0) {
    reader.Fail(info_section, 0,
                "about " + std::to_string(info.slot_count) + " slots of segment " +
                    std::to_string(info.segment_number) + "; expected " + std::to_string(slot_count) +
                    " slots of segment " + std::to_string(segment_number));
  }
  const Section& dead_section =
      reader.Require(SectionType::kDeadSlots, WordCount(slot_count) * sizeof(uint64_t));
  std::vector<uint64_t> words(WordCount(slot_count));
  reader.Read(dead_section, std::as_writable_bytes(std::span(words)));
  const bool has_tail = slot_count % 64 != 0 && words.back() >> slot_count % 64 != 0;
  auto dead = std::make_shared<Bitset>(Bitset::FromWords(std::move(words)));
  if (has_tail || dead->set_count() != info.dead_count) {
    reader.Fail(dead_section, 0,
                std::to_string(dead->set_count()) + " dead slots; expected " +
                    std::to_string(info.dead_count) + ", all of them below " + std::to_string(slot_count));
  }
  return dead;
}

std::shared_ptr<const Bitset> ReadTombstones(const RandomAccessFile& file, const std::string& name,
                                             const ManifestSegment& entry, const Uuid& uuid) {
  auto dead = ReadTombstones(file, name, entry.number, entry.slot_count, {uuid, entry.tombstones->stamp});
  if (dead->set_count() == entry.dead_count) return dead;
  throw Error(ErrorCode::kCorrupt, name + ": " + std::to_string(dead->set_count()) + " dead slots; expected " +
                                       std::to_string(entry.dead_count) + ", as the manifest says");
}

}  // namespace segvec
