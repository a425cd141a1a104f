#include "storage/tombstone_file.h"

#include <doctest/doctest.h>

#include "support/byte_file.h"
#include "support/errors.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

const FileIdentity kIdentity{Uuid{}, 2};

Bytes Write(const Bitset& dead, uint32_t slot_count) {
  Bytes bytes;
  ByteSink sink(bytes);
  const FileStamp stamp = WriteTombstones(dead, 4, slot_count, kIdentity, sink);
  CHECK(stamp.size == bytes.size());
  return bytes;
}

std::shared_ptr<const Bitset> Read(const Bytes& bytes, uint32_t number, uint32_t slot_count) {
  return ReadTombstones(ByteSource(bytes), "a.tombstones", number, slot_count, {});
}

TEST_CASE("TombstoneFile: the dead slots come back") {
  for (const uint32_t slot_count : {0u, 1u, 63u, 64u, 65u, 1000u, 1000000u}) {
    Bitset dead;
    for (uint32_t slot = 0; slot < slot_count; slot += slot % 7 + 1) dead.Set(slot);
    const auto read = Read(Write(dead, slot_count), 4, slot_count);
    CHECK(read->set_count() == dead.set_count());
    for (uint32_t slot = 0; slot <= slot_count; ++slot) {
      if (read->Test(slot) != dead.Test(slot)) FAIL_CHECK("slot " << slot);
    }
  }
}

TEST_CASE("TombstoneFile: slots beyond the segment's are left out") {
  Bitset dead;
  dead.Set(3);
  dead.Set(70);
  dead.Set(1000);
  const auto read = Read(Write(dead, 70), 4, 70);
  CHECK(read->set_count() == 1);
  CHECK(read->Test(3));
}

TEST_CASE("TombstoneFile: of another segment") {
  const Bytes bytes = Write(Bitset(), 100);
  CHECK(ErrorTextOf([&] { Read(bytes, 5, 100); }) ==
        "CORRUPT: a.tombstones, offset 256, section 'tombstone info': about 100 slots of segment 4; expected "
        "100 "
        "slots of segment 5");
  CHECK(ErrorCodeOf([&] { Read(bytes, 4, 101); }) == "CORRUPT");
}

}  // namespace
}  // namespace segvec
