#include "storage/memory_files.h"

#include <doctest/doctest.h>

#include <cerrno>
#include <string>
#include <vector>

#include "support/errors.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

std::span<const std::byte> BytesOf(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

int ErrnoOf(const std::optional<Error>& error) {
  return error && error->call() != nullptr ? error->call()->number : 0;
}

TEST_CASE("MemoryFiles: a file made of pieces is read from any place, and no further than it goes") {
  MemoryFiles files("a");
  const auto file = files.Create("a/file");
  for (const char* piece : {"one ", "two ", "three"}) file->Append(BytesOf(piece));
  const std::string text = "one two three";
  const auto reader = files.Open("a/file");
  REQUIRE(reader->size() == text.size());
  for (size_t begin = 0; begin <= text.size(); ++begin) {
    for (size_t size = 0; begin + size <= text.size(); ++size) {
      std::string read(size, '?');
      reader->Read(begin, std::as_writable_bytes(std::span(read)));
      CHECK(read == text.substr(begin, size));
    }
  }
  std::byte bytes[4];
  CHECK(ErrorTextOf([&] { reader->Read(10, bytes); }) == "CORRUPT: a/file ends at byte 13");
  CHECK(ErrorCodeOf([&] { reader->Read(14, std::span(bytes).first(0)); }) == "CORRUPT");
}

TEST_CASE("MemoryFiles: no name is taken twice, and nothing is mapped") {
  MemoryFiles files("a");
  files.Create("a/one")->Append(BytesOf("1"));
  files.Create("a/two")->Append(BytesOf("2"));
  CHECK(ErrnoOf(ErrorOf([&] { files.Create("a/one"); })) == EEXIST);
  CHECK(ErrnoOf(ErrorOf([&] { files.RenameNoReplace("a/one", "a/two"); })) == EEXIST);
  CHECK(files.List("a") == std::vector<std::string>{"one", "two"});
  CHECK(files.Open("a/one")->size() == 1);
  CHECK(ErrnoOf(ErrorOf([&] { files.Open("a/three"); })) == ENOENT);
  CHECK(ErrnoOf(ErrorOf([&] { files.Map("a/one"); })) == ENOTSUP);
}

}  // namespace
}  // namespace segvec
