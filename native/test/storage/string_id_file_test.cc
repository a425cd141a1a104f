#include "storage/string_id_file.h"

#include <doctest/doctest.h>

#include <string>

#include "support/byte_file.h"
#include "support/errors.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

StringIdTable Read(const Bytes& bytes) { return ReadStringIds(ByteSource(bytes), "a.ids", {}); }

Bytes Write(const StringIdTable& table) {
  Bytes bytes;
  ByteSink sink(bytes);
  const FileStamp stamp = WriteStringIds(table, {}, sink);
  CHECK(stamp.size == bytes.size());
  return bytes;
}

TEST_CASE("StringIdFile: numbers and texts come back") {
  for (const size_t count : {0, 1, 3, 20000}) {
    StringIdTable table;
    for (size_t i = 0; i < count; ++i) {
      table.Append(uint64_t{i} * i + 5,
                   i % 5 == 0 ? "" : "äé " + std::string(i % 40, 'x') + std::to_string(i));
    }
    const StringIdTable read = Read(Write(table));
    REQUIRE(read.size() == count);
    CHECK(read.numbers == table.numbers);
    CHECK(read.ends == table.ends);
    CHECK(read.texts == table.texts);
    if (count == 3) CHECK(read.text(2) == "äé xx2");
  }
}

// Sound checksums over what no writer would write.
TEST_CASE("StringIdFile: numbers and ends must ascend") {
  StringIdTable table;
  for (uint64_t i = 0; i < 10; ++i) table.Append(i, "text");
  StringIdTable numbers = table, ends = table, texts = table, empty;
  numbers.numbers[4] = 3;
  CHECK(ErrorCodeOf([&] { Read(Write(numbers)); }) == "CORRUPT");
  ends.ends[4] = 3;
  CHECK(ErrorCodeOf([&] { Read(Write(ends)); }) == "CORRUPT");
  texts.texts += "more";
  CHECK(ErrorCodeOf([&] { Read(Write(texts)); }) == "CORRUPT");
  empty.texts = "text without a number";
  CHECK(ErrorCodeOf([&] { Read(Write(empty)); }) == "CORRUPT");
  ends.ends.pop_back();
  CHECK(ErrorCodeOf([&] { Read(Write(ends)); }) == "CORRUPT");
}

}  // namespace
}  // namespace segvec
