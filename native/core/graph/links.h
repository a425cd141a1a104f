// Links as rows hold them.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "distance/target.h"

namespace segvec {

inline constexpr uint32_t kNil = 0xFFFFFFFFu;
inline constexpr uint32_t kWideLinkBytes = 4;  // of links that may change while they are read

// Plain numbers that are used as atomic ones. libc++ has std::atomic_ref since LLVM 19 only.
#ifdef __cpp_lib_atomic_ref
inline uint32_t LoadLink(const uint32_t& link) {
  return std::atomic_ref<uint32_t>(const_cast<uint32_t&>(link)).load(std::memory_order_acquire);
}
inline void StoreLink(uint32_t& link, uint32_t value) {
  std::atomic_ref<uint32_t>(link).store(value, std::memory_order_release);
}
inline void AddTo(uint16_t& count, uint16_t change) {
  std::atomic_ref<uint16_t>(count).fetch_add(change, std::memory_order_relaxed);
}
#else
inline uint32_t LoadLink(const uint32_t& link) { return __atomic_load_n(&link, __ATOMIC_ACQUIRE); }
inline void StoreLink(uint32_t& link, uint32_t value) { __atomic_store_n(&link, value, __ATOMIC_RELEASE); }
inline void AddTo(uint16_t& count, uint16_t change) { __atomic_fetch_add(&count, change, __ATOMIC_RELAXED); }
#endif

// The fewest bytes that tell links to so many slots, and the end of a row, apart; no fewer than 2.
inline uint32_t NarrowLinkBytes(uint32_t slot_count) {
  return slot_count < (1u << 16) ? 2 : slot_count < (1u << 24) ? 3 : kWideLinkBytes;
}

// What ends a row whose links take so many bytes: all their bits are set.
template <uint32_t kBytes>
inline constexpr uint32_t kNilOf = kNil >> (32 - 8 * kBytes);

template <uint32_t kBytes>
SEGVEC_INLINE uint32_t ReadLink(const uint8_t* row, size_t i) {
  if constexpr (kBytes == kWideLinkBytes) {
    return LoadLink(reinterpret_cast<const uint32_t*>(row)[i]);
  } else {
    uint16_t low;
    std::memcpy(&low, row + i * kBytes, sizeof low);
    if constexpr (kBytes == 2) return low;
    return low | uint32_t{row[i * kBytes + 2]} << 16;
  }
}

// Calls body<kBytes>() for the kBytes that links take.
template <class Body>
auto WithLinkBytes(uint32_t link_bytes, const Body& body) {
  if (link_bytes == 2) return body.template operator()<2>();
  if (link_bytes == 3) return body.template operator()<3>();
  return body.template operator()<kWideLinkBytes>();
}

// Calls body(slot) for each link of a row.
template <uint32_t kBytes, class Body>
SEGVEC_INLINE void ForLinks(const uint8_t* row, size_t capacity, const Body& body) {
  for (size_t i = 0; i < capacity; ++i) {
    const uint32_t link = ReadLink<kBytes>(row, i);
    if (link == kNilOf<kBytes>) return;
    body(link);
  }
}

}  // namespace segvec
