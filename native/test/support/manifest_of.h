// A manifest with a little of everything.
#pragma once

#include "storage/manifest.h"

namespace segvec::testing {

inline Manifest SomeManifest() {
  Manifest manifest;
  manifest.identity = {Uuid{{std::byte{9}, std::byte{8}}}, 12};
  manifest.options = {8, Metric::kCosine, 2, 1, 16, 200, 1 << 20, 2, 77};
  manifest.next_id = 1ull << 40;
  manifest.add_count = 31;
  manifest.next_segment_number = 6;
  manifest.segments = {
      {3, 100, 0, {"a.segment", {1234, 0xFEEDull << 40}}, {}},
      {5, 40, 10, {"b.segment", {99, 3}}, FileReference{"b.tombstones", {98, 4}}},
  };
  manifest.string_id_files = {{"a.ids", {5, 6}}, {"b.ids", {7, 8}}};
  manifest.recall = RecallMeasurement{{130, 140, 1.25}, 400, {
      {1, {{6, 0.5, 0.125}, {12, 1, 0}}, true},
      {10, {{10, 0.75, 0.0625}}, false},
  }};
  return manifest;
}

}  // namespace segvec::testing
