// Which slots of a segment a snapshot may return. All of them may be walked through.
#pragma once

#include <cstdint>

#include "base/bitset.h"

namespace segvec {

struct Visibility {
  uint32_t slot_count = 0;       // slots from here on belong to an insertion that is not finished
  const Bitset* dead = nullptr;  // slots that are never returned; null when there are none

  bool Contains(uint32_t slot) const { return slot < slot_count && (dead == nullptr || !dead->Test(slot)); }
  uint32_t live_count() const {
    return slot_count - (dead == nullptr ? 0 : static_cast<uint32_t>(dead->set_count()));
  }
};

}  // namespace segvec
