// Damaged files of every kind: each gives an error that says so, and none an answer.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "support/errors.h"
#include "support/file_samples.h"
#include "support/prove.h"
#include "support/sanitizers.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

std::string ErrorOfOpening(const FileSample& sample, const Bytes& bytes, const ExpectedFile& expected = {}) {
  return ErrorTextOf([&] { sample.open(bytes, expected); });
}

bool IsCorrupt(const std::string& error) { return StartsWith(error, "CORRUPT: sample, offset "); }

TEST_CASE("Damage: the samples are sound") {
  for (const FileSample& sample : SmallSamples()) {
    CAPTURE(sample.name);
    CHECK(ErrorOfOpening(sample, sample.bytes) == "none");
    CHECK(ErrorOfOpening(sample, sample.bytes, {kSampleIdentity.uuid, sample.stamp}) == "none");
    CHECK(sample.bytes.size() < 8192);
  }
}

TEST_CASE("Damage: every single bit") {
  size_t bit_count = 0;
  for (const FileSample& sample : SmallSamples()) {
    CAPTURE(sample.name);
    Bytes bytes = sample.bytes;
    for (size_t bit = 0; bit < bytes.size() * 8; bit += Sized(1, 7, 23)) {
      bytes[bit / 8] ^= std::byte{1} << bit % 8;
      const std::string error = ErrorOfOpening(sample, bytes);
      if (!IsCorrupt(error)) FAIL_CHECK("bit " << bit % 8 << " of byte " << bit / 8 << ": " << error);
      bytes[bit / 8] = sample.bytes[bit / 8];
      ++bit_count;
    }
  }
  MESSAGE(bit_count << " bits flipped");
}

TEST_CASE("Damage: an error says where the damage is, for programs too") {
  Bytes bytes = SmallSamples()[0].bytes;
  bytes.back() ^= std::byte{1};
  const auto error = ErrorOf([&] { SmallSamples()[0].open(bytes, {}); });
  REQUIRE(error.has_value());
  REQUIRE(error->place() != nullptr);
  CHECK(error->place()->path == "sample");
  CHECK(error->place()->section == "section 'rows'");
  CHECK(std::string(error->what()).find("offset " + std::to_string(error->place()->offset) + ", section 'rows'") !=
        std::string::npos);
}

TEST_CASE("Damage: every truncation, and bytes behind the end") {
  size_t cut_count = 0;
  for (const FileSample& sample : SmallSamples()) {
    CAPTURE(sample.name);
    for (size_t size = 0; size < sample.bytes.size(); ++size, ++cut_count) {
      const Bytes bytes(sample.bytes.begin(), sample.bytes.begin() + static_cast<std::ptrdiff_t>(size));
      const std::string error = ErrorOfOpening(sample, bytes);
      if (!IsCorrupt(error)) FAIL_CHECK("cut to " << size << " bytes: " << error);
    }
    Bytes longer = sample.bytes;
    for (size_t i = 0; i < 600; ++i) {
      longer.push_back(i % 2 == 0 ? std::byte{0} : sample.bytes[i % sample.bytes.size()]);
      CHECK(IsCorrupt(ErrorOfOpening(sample, longer)));
    }
  }
  MESSAGE(cut_count << " lengths cut");
}

TEST_CASE("Damage: sectors that are zero, stale or swapped") {
  for (const FileSample& sample : SmallSamples()) {
    CAPTURE(sample.name);
    for (const size_t sector : {64, 512}) {
      for (size_t at = 0; at + sector <= sample.bytes.size(); at += sector) {
        Bytes bytes = sample.bytes;
        std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), sector, std::byte{0});
        if (bytes != sample.bytes) CHECK(IsCorrupt(ErrorOfOpening(sample, bytes)));
        for (size_t other = 0; other + sector <= at; other += sector) {
          bytes = sample.bytes;
          std::swap_ranges(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                           bytes.begin() + static_cast<std::ptrdiff_t>(at + sector),
                           bytes.begin() + static_cast<std::ptrdiff_t>(other));
          if (bytes != sample.bytes) CHECK(IsCorrupt(ErrorOfOpening(sample, bytes)));
        }
      }
    }
  }
}

TEST_CASE("Damage: files that are none of ours") {
  Dice dice(1);
  for (const FileSample& sample : SmallSamples()) {
    CAPTURE(sample.name);
    for (const size_t size : {0, 1, 7, 8, 127, 128, 129, 5000}) {
      Bytes zeros(size), noise(size), text(size);
      for (std::byte& byte : noise) byte = static_cast<std::byte>(dice.Below(256));
      for (size_t i = 0; i < size; ++i) text[i] = static_cast<std::byte>("SEGVEC\n"[i % 7]);
      for (const Bytes* bytes : {&zeros, &noise, &text}) CHECK(IsCorrupt(ErrorOfOpening(sample, *bytes)));
    }
    Bytes as_text = sample.bytes;
    as_text.erase(as_text.begin() + 6);  // what a transfer does that takes \r\n for the end of a line
    CHECK(ErrorOfOpening(sample, as_text) ==
          "CORRUPT: sample, offset 0, header: not a file of segvec: it does not "
          "begin with SEGVEC");
  }
}

TEST_CASE("Damage: another kind of file, another index, another generation") {
  const std::vector<FileSample> samples = SmallSamples();
  for (const FileSample& sample : samples) {
    for (const FileSample& other : samples) {
      CAPTURE(sample.name);
      CAPTURE(other.name);
      if (sample.stamp == other.stamp) continue;
      const std::string error = ErrorOfOpening(sample, other.bytes, {kSampleIdentity.uuid, sample.stamp});
      CHECK(IsCorrupt(error));
      const bool is_same_kind = sample.bytes[8] == other.bytes[8];
      CHECK((error.find("; expected a ") == std::string::npos) == is_same_kind);
      CHECK((error.find("not the file that the manifest names") != std::string::npos) == is_same_kind);
    }
    Uuid uuid = kSampleIdentity.uuid;
    uuid.bytes[15] = std::byte{1};
    CHECK(ErrorOfOpening(sample, sample.bytes, {uuid, {}}) ==
          "CORRUPT: sample, offset 24, header: the file belongs to another index");
  }
}

TEST_CASE("Damage: every block of a large file, and blocks that were swapped") {
  for (const bool is_mapped : {false, true}) {
    FileSample sample = SegmentSample("large", RandomVectors(3000, 20, 1), {Metric::kCosine, true, true, 8});
    sample.open = [is_mapped](const Bytes& bytes, const ExpectedFile& expected) {
      const auto segment = is_mapped ? MapSegment(std::make_shared<ByteMapping>(bytes), "sample", expected)
                                     : ReadSegment(ByteSource(bytes), "sample", expected);
      UseSegment(*segment);
      segment->CheckAll();
    };
    Bytes bytes = sample.bytes;
    REQUIRE(bytes.size() > 10 * kBlockBytes);
    CHECK(ErrorOfOpening(sample, bytes) == "none");
    Dice dice(ProveSeed());
    for (size_t begin = 0; begin < bytes.size(); begin += kBlockBytes / (Sized(16, 4, 1) * ProveScale())) {
      const size_t at = std::min(begin + dice.Below(kBlockBytes), bytes.size() - 1);
      bytes[at] ^= std::byte{1} << dice.Below(8);
      CHECK(IsCorrupt(ErrorOfOpening(sample, bytes)));
      bytes[at] = sample.bytes[at];
    }
    for (size_t at = kBlockBytes; at + 2 * kBlockBytes <= bytes.size(); at += kBlockBytes) {
      const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(at);
      std::swap_ranges(begin, begin + kBlockBytes, begin + kBlockBytes);
      CHECK(IsCorrupt(ErrorOfOpening(sample, bytes)));
      bytes = sample.bytes;
    }
  }
}

}  // namespace
}  // namespace segvec
