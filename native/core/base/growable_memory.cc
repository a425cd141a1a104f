#include "base/growable_memory.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "base/mappings.h"

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

std::byte* Reserve(size_t bytes) {
  return static_cast<std::byte*>(VirtualAlloc(nullptr, bytes, MEM_RESERVE, PAGE_NOACCESS));
}
bool MakeUsable(std::byte* begin, size_t bytes) {
  return VirtualAlloc(begin, bytes, MEM_COMMIT, PAGE_READWRITE) != nullptr;
}
void AdviseHugePages(std::byte*, size_t) {}
void GiveBack(std::byte* begin, size_t bytes) { VirtualFree(begin, bytes, MEM_DECOMMIT); }
void Release(std::byte* begin, size_t) { VirtualFree(begin, 0, MEM_RELEASE); }

#else

#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

std::byte* Map(size_t bytes) {
  void* const raw = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return raw == MAP_FAILED ? nullptr : static_cast<std::byte*>(raw);
}

// Reserves address space, aligned so that committed huge pages can be whole ones, where it is large enough for one. Side by side, what
// may be used alike is one mapping to the system, which places from high addresses to low ones: so is what is aligned here.
std::byte* Reserve(size_t bytes) {
  if (bytes <= kHugePage) return Map(bytes);
  std::byte* const raw = Map(bytes + kHugePage);
  if (raw == nullptr) return nullptr;
  const size_t rest = reinterpret_cast<uintptr_t>(raw + kHugePage) % kHugePage;
  munmap(raw, kHugePage - rest);
  if (rest > 0) munmap(raw + kHugePage - rest + bytes, rest);
  return raw + kHugePage - rest;
}
bool MakeUsable(std::byte* begin, size_t bytes) {
  return mprotect(begin, bytes, PROT_READ | PROT_WRITE) == 0;
}
void AdviseHugePages([[maybe_unused]] std::byte* begin, [[maybe_unused]] size_t bytes) {
#ifdef MADV_HUGEPAGE
  madvise(begin, bytes, MADV_HUGEPAGE);
#endif
}
// Mapping afresh drops the pages and makes any later touch a fault instead of silent zeros.
void GiveBack(std::byte* begin, size_t bytes) {
  mmap(begin, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}
void Release(std::byte* begin, size_t bytes) { munmap(begin, bytes); }

#endif

[[noreturn]] void ThrowTooManyMappings(size_t bytes) {
  throw Error(ErrorCode::kOutOfMemory,
              "could not allocate " + std::to_string(bytes) +
                  " bytes: expected at most three quarters of the mappings that the system lets a process have, got more; "
                  "close indexes, use fewer and larger segments, or raise vm.max_map_count");
}

}  // namespace

GrowableMemory::GrowableMemory(size_t reserved_bytes, Use use) {
  if (reserved_bytes > SIZE_MAX / 2) ThrowOutOfMemory(reserved_bytes);
  if (reserved_bytes == 0) return;
  reserved_ = RoundUp(reserved_bytes, reserved_bytes > kHugePage ? kHugePage : kSmallPage);
  small_ = use == Use::kGrows ? std::min(kHugePage, reserved_) : 0;
  if (!TakeMappings(MappingCount(0))) ThrowTooManyMappings(reserved_bytes);
  data_ = Reserve(reserved_);
  if (data_ != nullptr) return;
  ReturnMappings(MappingCount(0));
  ThrowOutOfMemory(reserved_bytes);
}

GrowableMemory::~GrowableMemory() {
  if (data_ == nullptr || owner_ != nullptr) return;
  Release(data_, reserved_);
  ReturnMappings(MappingCount(committed_bytes()));
}

// Those told apart are what is committed, in small and in huge pages, and what is not. The smallest lie side by side and are one to
// the system, however many there are (848 for 60,000 that wait at once).
size_t GrowableMemory::MappingCount(size_t committed) const {
  if (reserved_ <= kSmallPage) return 0;
  return 1 + (committed > 0 ? 1 : 0) + (small_ > 0 && committed > small_ ? 1 : 0);
}

void GrowableMemory::Commit(size_t bytes) {
  const size_t committed = committed_bytes();
  if (bytes <= committed) return;
  if (bytes > reserved_) ThrowOutOfMemory(bytes);
  // Grow by an eighth at least, so that row-by-row growth makes few system calls; whole huge pages past the first.
  size_t target = std::max(bytes, committed + committed / 8);
  target = RoundUp(target, target > kHugePage ? kHugePage : kSmallPage);
  target = std::min(target, reserved_);
  const size_t more = MappingCount(target) - MappingCount(committed);
  if (!TakeMappings(more)) ThrowTooManyMappings(target - committed);
  if (!MakeUsable(data_ + committed, target - committed)) {
    ReturnMappings(more);
    ThrowOutOfMemory(target - committed);
  }
  const size_t huge = std::max(committed, small_);
  if (reserved_ > kHugePage && target > huge) AdviseHugePages(data_ + huge, target - huge);
  committed_.store(target, std::memory_order_relaxed);
}

void GrowableMemory::Trim(size_t bytes) {
  const size_t committed = committed_bytes();
  const size_t keep = RoundUp(bytes, kSmallPage);
  if (keep >= committed) return;
  GiveBack(data_ + keep, committed - keep);
  ReturnMappings(MappingCount(committed) - MappingCount(keep));
  committed_.store(keep, std::memory_order_relaxed);
}

}  // namespace segvec
