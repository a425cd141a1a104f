// libFuzzer over everything that opens a file (SEGVEC_BUILD_FUZZERS, clang only):
//   open_fuzzer -malloc_limit_mb=256 -rss_limit_mb=1024 corpus/ native/test/golden/format-1/
// Half of the mutations get checksums that fit, or none but the first bytes of a file would ever be looked
// at.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/error.h"
#include "index/index_bundle.h"
#include "storage/log_file.h"
#include "storage/verify.h"
#include "support/file_repair.h"
#include "support/file_samples.h"

using namespace segvec;           // NOLINT: a program of its own
using namespace segvec::testing;  // NOLINT

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  size = LLVMFuzzerMutate(data, size, max_size);
  if (seed % 2 == 0 || size < kHeaderBytes) return size;
  const auto* begin = reinterpret_cast<const std::byte*>(data);
  Bytes bytes(begin, begin + size);
  std::memcpy(bytes.data(), kMagic, sizeof(kMagic));
  if (GetAt<uint32_t>(bytes, kKindAt) == static_cast<uint32_t>(FileKind::kLog)) {
    RepairSectors(bytes);
  } else {
    PutAt<uint64_t>(bytes, kFileSizeAt, size);
    RepairChecksums(bytes);
  }
  std::memcpy(data, bytes.data(), size);
  return size;
}

namespace {

// Typed errors are the answer that damage gets; whatever else is thrown ends the process.
template <class Open>
void Try(const Open& open) {
  try {
    open();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kCorrupt && error.code() != ErrorCode::kUnsupportedFormat) throw;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto* begin = reinterpret_cast<const std::byte*>(data);
  const Bytes bytes(begin, begin + size);
  const ByteSource file(bytes);
  Try([&] {
    const auto segment = ReadSegment(file, "fuzz", {});
    UseSegment(*segment);
    VerifySegment(*segment, nullptr, {4, 5, 10, 1});
  });
  Try([&] { UseSegment(*MapSegment(std::make_shared<ByteMapping>(bytes), "fuzz", {})); });
  Try([&] { ReadTombstones(file, "fuzz", 1, 30, {}); });
  Try([&] { ReadManifest(file, "fuzz", {}); });
  Try([&] { ReadStringIds(file, "fuzz", {}); });
  Try([&] { OpenBundle({bytes, nullptr}, {}, {}, CancelToken()); });
  Try([&] {
    // That a file is this index's is no matter of its bytes.
    Uuid uuid;
    uint64_t number = 0;
    if (size >= kHeaderBytes) {
      std::memcpy(uuid.bytes.data(), data + kUuidAt, uuid.bytes.size());
      number = GetAt<uint64_t>(bytes, kLogNumberAt);
    }
    LogFileReader reader(file, "fuzz", uuid, number);
    if (reader.is_void()) return;
    reader.Walk({}, 6, [](LogFileReader::Record& record) {
      std::vector<float> values(6);
      if (record.type == LogRecordType::kAdd || record.type == LogRecordType::kUpsert) record.ReadValues(values);
    });
  });
  return 0;
}
