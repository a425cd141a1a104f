#include "base/growable_memory.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/error.h"

#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>
#else
#include <sys/mman.h>
#endif

namespace segvec {
namespace {

constexpr size_t kSmallPage = 64 << 10;  // the largest base page of the systems we build for
constexpr size_t kHugePage = 2 << 20;

size_t RoundUp(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

[[noreturn]] void ThrowOutOfMemory(size_t bytes) {
  throw Error(ErrorCode::kOutOfMemory, "could not allocate " + std::to_string(bytes) + " bytes");
}

#ifdef _WIN32

std::byte* Reserve(size_t bytes, size_t) {
  return static_cast<std::byte*>(VirtualAlloc(nullptr, bytes, MEM_RESERVE, PAGE_NOACCESS));
}
bool MakeUsable(std::byte* begin, size_t bytes) {
  return VirtualAlloc(begin, bytes, MEM_COMMIT, PAGE_READWRITE) != nullptr;
}
void GiveBack(std::byte* begin, size_t bytes) { VirtualFree(begin, bytes, MEM_DECOMMIT); }
void Release(std::byte* begin, size_t) { VirtualFree(begin, 0, MEM_RELEASE); }

#else

#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

// Reserves 2 MiB-aligned address space, so that committed huge pages can be whole ones, of which the first `small_bytes`
// are left to small ones.
std::byte* Reserve(size_t bytes, [[maybe_unused]] size_t small_bytes) {
  const size_t padded = bytes + kHugePage;
  void* raw = mmap(nullptr, padded, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (raw == MAP_FAILED) return nullptr;
  std::byte* begin = static_cast<std::byte*>(raw);
  const size_t skip = (kHugePage - reinterpret_cast<uintptr_t>(begin) % kHugePage) % kHugePage;
  if (skip > 0) munmap(begin, skip);
  munmap(begin + skip + bytes, padded - skip - bytes);
  begin += skip;
#ifdef MADV_HUGEPAGE
  if (bytes > kHugePage) madvise(begin + small_bytes, bytes - small_bytes, MADV_HUGEPAGE);
#endif
  return begin;
}
bool MakeUsable(std::byte* begin, size_t bytes) {
  return mprotect(begin, bytes, PROT_READ | PROT_WRITE) == 0;
}
// Mapping afresh drops the pages and makes any later touch a fault instead of silent zeros.
void GiveBack(std::byte* begin, size_t bytes) {
  mmap(begin, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}
void Release(std::byte* begin, size_t bytes) { munmap(begin, bytes); }

#endif

}  // namespace

GrowableMemory::GrowableMemory(size_t reserved_bytes, Use use) {
  if (reserved_bytes > SIZE_MAX / 2) ThrowOutOfMemory(reserved_bytes);
  if (reserved_bytes == 0) return;  // systems bound the number of mappings, too
  reserved_ = RoundUp(reserved_bytes, reserved_bytes > kHugePage ? kHugePage : kSmallPage);
  data_ = Reserve(reserved_, use == Use::kGrows ? kHugePage : 0);
  if (data_ == nullptr) ThrowOutOfMemory(reserved_bytes);
}

GrowableMemory::~GrowableMemory() {
  if (data_ != nullptr && owner_ == nullptr) Release(data_, reserved_);
}

void GrowableMemory::Commit(size_t bytes) {
  const size_t committed = committed_bytes();
  if (bytes <= committed) return;
  if (bytes > reserved_) ThrowOutOfMemory(bytes);
  // Grow by an eighth at least, so that row-by-row growth makes few system calls; whole huge pages past the first.
  size_t target = std::max(bytes, committed + committed / 8);
  target = RoundUp(target, target > kHugePage ? kHugePage : kSmallPage);
  target = std::min(target, reserved_);
  if (!MakeUsable(data_ + committed, target - committed)) ThrowOutOfMemory(target - committed);
  committed_.store(target, std::memory_order_relaxed);
}

void GrowableMemory::Trim(size_t bytes) {
  const size_t keep = RoundUp(bytes, kSmallPage);
  if (keep >= committed_bytes()) return;
  GiveBack(data_ + keep, committed_bytes() - keep);
  committed_.store(keep, std::memory_order_relaxed);
}

}  // namespace segvec
