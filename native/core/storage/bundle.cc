#include "storage/bundle.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "storage/byte_io.h"
#include "storage/file_names.h"
#include "storage/section_reader.h"
#include "storage/section_writer.h"

namespace segvec {
namespace {

constexpr uint64_t kAlignment = 64;
constexpr size_t kFileSizeAt = 48;  // in a header

constexpr uint64_t AlignUp(uint64_t offset) { return (offset + kAlignment - 1) / kAlignment * kAlignment; }

std::string NameOf(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

// Takes the head of a bundle down, which is a file of its own.
MemoryFiles::Piece HeadOf(const MemoryFiles& files, const FileIdentity& identity) {
  ByteWriter list;
  for (const auto& [path, file] : files.files()) {
    list.Put(file->size);
    list.PutText(NameOf(path));
  }
  SectionWriter writer(FileKind::kBundle, identity);
  writer.Add(SectionType::kBundledFiles, list.bytes());
  MemoryFiles scratch("");
  writer.Write(*scratch.Create("head"), {});
  const auto file = scratch.Open("head");
  auto bytes = std::make_shared<std::vector<std::byte>>(static_cast<size_t>(file->size()));
  file->Read(0, *bytes);
  return {*bytes, bytes};
}

}  // namespace

Bundle::Bundle(const MemoryFiles& files, const FileIdentity& identity) {
  Append(HeadOf(files, identity));
  for (const auto& [path, file] : files.files()) {
    AppendZerosTo(AlignUp(size_));
    for (const MemoryFiles::Piece& piece : file->pieces) Append(piece);
  }
}

void Bundle::Append(MemoryFiles::Piece piece) {
  if (piece.bytes.empty()) return;
  size_ += piece.bytes.size();
  pieces_.push_back(std::move(piece));
  ends_.push_back(size_);
}

void Bundle::AppendZerosTo(uint64_t end) {
  static constexpr std::byte kZeros[kAlignment] = {};
  Append({std::span(kZeros).first(static_cast<size_t>(end - size_)), nullptr});
}

void Bundle::Read(uint64_t offset, std::span<std::byte> out) const {
  auto at = static_cast<size_t>(std::ranges::upper_bound(ends_, offset) - ends_.begin());
  while (!out.empty()) {
    const std::span<const std::byte> bytes = pieces_[at].bytes;
    const auto skipped = static_cast<size_t>(offset - (ends_[at] - bytes.size()));
    const size_t count = std::min(out.size(), bytes.size() - skipped);
    std::memcpy(out.data(), bytes.data() + skipped, count);
    out = out.subspan(count);
    offset += count;
    ++at;
  }
}

std::unique_ptr<MemoryFiles> ReadBundle(const MemoryFiles::Piece& bundle, const std::string& name) {
  const std::span<const std::byte> bytes = bundle.bytes;
  // The size is believed once the reader has compared the header's checksum.
  uint64_t head_size = 0;
  if (bytes.size() >= kHeaderBytes) std::memcpy(&head_size, bytes.data() + kFileSizeAt, sizeof(head_size));
  head_size = std::clamp<uint64_t>(head_size, std::min(bytes.size(), kHeaderBytes), bytes.size());
  MemoryFiles head("");
  head.Add("head", {bytes.first(static_cast<size_t>(head_size)), nullptr});
  const auto head_file = head.Open(head.PathOf("head"));
  const SectionReader reader(*head_file, name, FileKind::kBundle, {}, {SectionType::kBundledFiles});
  const Section& section = reader.Require(SectionType::kBundledFiles);
  const std::vector<std::byte> list = reader.Read(section);

  auto files = std::make_unique<MemoryFiles>(name);
  uint64_t end = head_size;
  size_t manifest_count = 0;
  for (ByteReader in(list); !in.is_at_end();) {
    const size_t entry = in.position();
    const auto size = in.Get<uint64_t>();
    const std::string file_name(in.GetText());
    const auto parsed = ParseFileName(file_name);
    if (in.ended_early() || !parsed || parsed->role == FileRole::kTemporaryManifest ||
        parsed->role == FileRole::kLog || files->Exists(files->PathOf(file_name))) {
      reader.Fail(section, entry,
                  "not the size and the name of a file of an index, or one that is there twice");
    }
    manifest_count += parsed->role == FileRole::kManifest;
    const uint64_t begin = AlignUp(end);
    if (begin > bytes.size() || size > bytes.size() - begin) {
      reader.Fail(bytes.size(), file_name,
                  "the bundle ends after " + std::to_string(bytes.size()) + " bytes; expected " +
                      std::to_string(size) + " from " + std::to_string(begin) + " on");
    }
    if (!IsZero(bytes.subspan(static_cast<size_t>(end), static_cast<size_t>(begin - end)))) {
      reader.Fail(end, "the space before " + file_name, "bytes are not zero");
    }
    files->Add(file_name,
               {bytes.subspan(static_cast<size_t>(begin), static_cast<size_t>(size)), bundle.owner});
    end = begin + size;
  }
  if (end != bytes.size()) {
    reader.Fail(end, "end",
                "the files end at " + std::to_string(end) + "; expected the end of the bundle, " +
                    std::to_string(bytes.size()));
  }
  if (manifest_count != 1) {
    reader.Fail(section, 0, std::to_string(manifest_count) + " manifests; expected 1");
  }
  return files;
}

}  // namespace segvec
