// Against values of the reference implementation (xxHash 0.8, seed 0).
#include "storage/checksum.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace segvec {
namespace {

std::vector<std::byte> Pattern(size_t size) {
  std::vector<std::byte> bytes(size);
  for (size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<std::byte>(static_cast<uint32_t>(i) * 2654435761u >> 24);
  }
  return bytes;
}

TEST_CASE("Checksum: is XXH3-64 at every turn of the algorithm") {
  const struct {
    size_t size;
    uint64_t checksum;
  } vectors[] = {
      {0, 0x2D06800538D394C2u},    {1, 0xC44BDFF4074EECDBu},     {3, 0xE14090F554A5EA90u},
      {4, 0x2E8D078A566E9749u},    {8, 0xCD1C7F88482FCAEFu},     {9, 0xBFE43DEF699FA9E3u},
      {16, 0x81E9EB8634460BB9u},   {17, 0x9998430FD0A655BEu},    {64, 0x22A06B30C4C72936u},
      {128, 0x75ECA5C5D5594884u},  {129, 0xA05DA42E7A4E4667u},   {240, 0x5EB2467C8C9E3969u},
      {241, 0x2D431E984C441F15u},  {1024, 0xE99DEF1145F12936u},  {1025, 0x83CBA9B371E4E7F4u},
      {2048, 0x53275D58CFBA68FDu}, {65536, 0x20605B76CEDDC43Bu},
  };
  for (const auto& vector : vectors) {
    CAPTURE(vector.size);
    CHECK(Checksum(Pattern(vector.size)) == vector.checksum);
  }
}

TEST_CASE("Checksum: is XXH3-64 for every small size and some large ones") {
  uint64_t sum = 0;
  for (size_t size = 0; size < 2300; ++size) sum = sum * 31 + Checksum(Pattern(size));
  for (const size_t size : {4096, 65535, 65536, 65537, 1000003}) sum = sum * 31 + Checksum(Pattern(size));
  CHECK(sum == 0x4408BCB7E75F069Eu);
}

TEST_CASE("Checksum: does not depend on where the bytes are") {
  const std::vector<std::byte> bytes = Pattern(5000);
  for (const size_t size : {7, 100, 200, 300, 4000}) {
    for (size_t shift = 1; shift < 64; shift += 7) {
      std::vector<std::byte> moved(shift);
      moved.insert(moved.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
      CHECK(Checksum(std::span(moved).subspan(shift)) == Checksum(std::span(bytes).first(size)));
    }
  }
}

}  // namespace
}  // namespace segvec
