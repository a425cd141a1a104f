// Files and bundles of more than 4 GiB, most of it zeros that take no room. Only where a goal is proved
// (SEGVEC_PROVE_SCALE): checksums over all of it take seconds, and holes in files take the page cache.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "storage/bundle.h"
#include "storage/byte_io.h"
#include "storage/section_writer.h"
#include "storage/segment_file.h"
#include "support/file_samples.h"
#include "support/prove.h"
#include "support/temporary_directory.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

constexpr uint64_t kFourGiB = uint64_t{1} << 32;
constexpr uint32_t kDimension = 4096, kSlotCount = 270'000;
constexpr size_t kRowBytes = kDimension * sizeof(float);

bool IsProved() { return ProveScale() > 1; }

// Zeros, of which only what is written takes memory.
class ZeroPages {
 public:
  explicit ZeroPages(size_t size)
      : size_(size),
        data_(
            mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {
    REQUIRE(data_ != MAP_FAILED);
  }
  ~ZeroPages() { munmap(data_, size_); }
  ZeroPages(const ZeroPages&) = delete;
  ZeroPages& operator=(const ZeroPages&) = delete;
  std::byte* data() const { return static_cast<std::byte*>(data_); }
  std::span<const std::byte> bytes() const { return {data(), size_}; }

 private:
  const size_t size_;
  void* const data_;
};

// Leaves holes where zeros are written.
class SparseFile : public WritableFile {
 public:
  explicit SparseFile(const std::string& path)
      : file_(open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY, 0666)) {
    REQUIRE(file_ >= 0);
  }
  ~SparseFile() override { close(file_); }
  void Append(std::span<const std::byte> bytes) override {
    if (!IsZero(bytes)) {
      REQUIRE(pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(offset_)) ==
              static_cast<ssize_t>(bytes.size()));
    }
    offset_ += bytes.size();
  }
  void Sync() override {}
  void Close() override { REQUIRE(ftruncate(file_, static_cast<off_t>(offset_)) == 0); }

 private:
  const int file_;
  uint64_t offset_ = 0;
};

TEST_CASE("Large: a segment whose rows reach beyond 4 GiB" * doctest::skip(!IsProved())) {
  const TemporaryDirectory temporary;
  const std::string path = temporary.path() + "/large";
  FileStamp stamp;
  {
    const ZeroPages rows(size_t{kSlotCount} * kRowBytes);
    REQUIRE(rows.bytes().size() > kFourGiB);
    const std::vector<float> last(kDimension, 3.0f);
    std::memcpy(rows.data() + (size_t{kSlotCount} - 1) * kRowBytes, last.data(), kRowBytes);
    std::vector<uint64_t> ids(kSlotCount);
    for (uint32_t slot = 0; slot < kSlotCount; ++slot) ids[slot] = 7 + slot;
    ByteWriter info;
    const std::array<uint32_t, 6> begin{kDimension, 0, 16, kSlotCount, 0, 0};
    const std::array<uint32_t, 8> end{kNil, 0, 0, kDimension, 0, 0, 0, 0};
    for (const uint32_t value : begin) info.Put(value);
    info.Put(uint64_t{1});
    for (const uint32_t value : end) info.Put(value);
    SectionWriter writer(FileKind::kSegment, kSampleIdentity);
    writer.Add(SectionType::kSegmentInfo, info.bytes());
    writer.Add(SectionType::kIds, ids.data(), ids.size());
    writer.Add(SectionType::kRows, rows.bytes());
    SparseFile file(path);
    stamp = writer.Write(file, {});
    file.Close();
  }
  REQUIRE(stamp.size > kFourGiB);
  const auto segment = MapSegment(Env::Real().Map(path), path, {kSampleIdentity.uuid, stamp});
  CHECK(segment->id(kSlotCount - 1) == 7 + kSlotCount - 1);
  std::vector<float> vector(kDimension);
  segment->CopyVector(kSlotCount - 1, vector.data());
  CHECK(vector == std::vector<float>(kDimension, 3.0f));
  segment->CheckAll();
  MESSAGE(stamp.size << " bytes of one segment mapped and checked");
  // A bit that is flipped behind 4 GiB is found there.
  {
    const int file = open(path.c_str(), O_WRONLY);
    const char bit = 1;
    REQUIRE(pwrite(file, &bit, 1, static_cast<off_t>(stamp.size - 5)) == 1);
    close(file);
  }
  const auto damaged = MapSegment(Env::Real().Map(path), path, {kSampleIdentity.uuid, stamp});
  bool was_found = false;
  try {
    damaged->CheckAll();
  } catch (const Error& error) {
    REQUIRE(error.place() != nullptr);
    was_found = error.place()->offset > kFourGiB && error.place()->section == "section 'rows'";
  }
  CHECK(was_found);
}

TEST_CASE("Large: a bundle that reaches beyond 4 GiB" * doctest::skip(!IsProved())) {
  const ZeroPages zeros(kFourGiB + 100);
  std::memcpy(zeros.data() + kFourGiB, "behind", 6);
  MemoryFiles files("large");
  files.Add("segment-0-1", {zeros.bytes(), nullptr});
  files.Create(files.PathOf("segment-1-1"))->Append(std::as_bytes(std::span("last", 4)));
  const Bundle bundle(files, {});
  REQUIRE(bundle.size() > kFourGiB + 100);
  std::array<std::byte, 4> last{};
  bundle.Read(bundle.size() - 4, last);
  CHECK(std::memcmp(last.data(), "last", 4) == 0);
  // The first file begins behind the list, at a multiple of 64.
  const uint64_t begin = (bundle.size() - 4 - (kFourGiB + 100)) / 64 * 64;
  std::array<std::byte, 6> text{};
  bundle.Read(begin + kFourGiB, text);
  CHECK(std::memcmp(text.data(), "behind", 6) == 0);
  MESSAGE(bundle.size() << " bytes of one bundle");
}

}  // namespace
}  // namespace segvec
