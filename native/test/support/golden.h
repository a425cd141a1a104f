// What the golden files hold: made of whole numbers by formulas, so that it is the same everywhere and for
// ever.
#pragma once

#include <string>
#include <vector>

#include "storage/string_id_file.h"
#include "support/file_samples.h"

namespace segvec::testing::golden {

inline const FileIdentity kIdentity{
    Uuid{{std::byte{0x53}, std::byte{0x45}, std::byte{0x47}, std::byte{0x31}, std::byte{4}, std::byte{5},
          std::byte{6}, std::byte{7}, std::byte{8}, std::byte{9}, std::byte{10}, std::byte{11}, std::byte{12},
          std::byte{13}, std::byte{14}, std::byte{15}}},
    42};

inline constexpr size_t kCount = 30, kDimension = 6;

// Row i, component d.
inline float ValueAt(size_t i, size_t d) { return static_cast<float>((i * 7 + d * d * 3 + i * d) % 23) - 11; }

inline Vectors Rows() {
  Vectors vectors{kDimension, {}};
  for (size_t i = 0; i < kCount; ++i) {
    for (size_t d = 0; d < kDimension; ++d) vectors.values.push_back(ValueAt(i, d));
  }
  return vectors;
}

struct SegmentFile {
  std::string name;
  SegmentSpec spec;
};
inline const SegmentFile kSegments[] = {
    {"l2-lossless.segment", {Metric::kL2, true, true, 2, 1}},
    {"cosine-codes.segment", {Metric::kCosine, true, true, 3, 2}},
    {"ip-floats.segment", {Metric::kIp, false, true, 2, 3}},
    {"l2-scanned.segment", {Metric::kL2, false, false, 16, 4}},
};

// Every third slot.
inline Bitset Dead() {
  Bitset dead;
  for (size_t slot = 0; slot < kCount; slot += 3) dead.Set(slot);
  return dead;
}

inline StringIdTable Strings() {
  StringIdTable table;
  table.Append(0, "");
  table.Append(64, "zero");
  table.Append(65, "größer");
  table.Append(uint64_t{1} << 40, "数");
  return table;
}

inline Manifest TheManifest() {
  Manifest manifest = SomeManifest();
  manifest.identity = kIdentity;
  return manifest;
}

}  // namespace segvec::testing::golden
