#include "faults/failing_memory.h"

#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace segvec::testing {
namespace {

std::atomic<bool> is_armed{false}, is_lasting{false}, has_failed{false};
std::atomic<int64_t> requests_left{0};

bool ShouldFail() {
  if (!is_armed.load(std::memory_order_acquire)) return false;
  const int64_t left = requests_left.fetch_sub(1);
  if (left > 1 || (left < 1 && !is_lasting)) return false;
  has_failed = true;
  return true;
}

void* Allocate(size_t bytes, size_t alignment) {
  if (ShouldFail()) return nullptr;
  if (bytes == 0) bytes = 1;
  if (alignment <= alignof(std::max_align_t)) return std::malloc(bytes);
  return std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

void* AllocateOrThrow(size_t bytes, size_t alignment) {
  void* memory = Allocate(bytes, alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

MemoryFault::MemoryFault(int64_t number, FaultKind kind) {
  requests_left = number;
  is_lasting = kind == FaultKind::kFromThenOn;
  has_failed = false;
  is_armed.store(true, std::memory_order_release);
}

bool MemoryFault::Stop() {
  is_armed.store(false, std::memory_order_release);
  return has_failed;
}

}  // namespace segvec::testing

using segvec::testing::Allocate;
using segvec::testing::AllocateOrThrow;

void* operator new(size_t bytes) { return AllocateOrThrow(bytes, 0); }
void* operator new[](size_t bytes) { return AllocateOrThrow(bytes, 0); }
void* operator new(size_t bytes, const std::nothrow_t&) noexcept { return Allocate(bytes, 0); }
void* operator new[](size_t bytes, const std::nothrow_t&) noexcept { return Allocate(bytes, 0); }
void* operator new(size_t bytes, std::align_val_t alignment) {
  return AllocateOrThrow(bytes, static_cast<size_t>(alignment));
}
void* operator new[](size_t bytes, std::align_val_t alignment) {
  return AllocateOrThrow(bytes, static_cast<size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }

// The linker sends the calls here (-Wl,--wrap).
extern "C" {

void* __real_mmap(void* address, size_t bytes, int protection, int flags, int file, off_t offset);
int __real_mprotect(void* address, size_t bytes, int protection);

void* __wrap_mmap(void* address, size_t bytes, int protection, int flags, int file, off_t offset) {
  if (segvec::testing::ShouldFail()) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  return __real_mmap(address, bytes, protection, flags, file, offset);
}

int __wrap_mprotect(void* address, size_t bytes, int protection) {
  if (segvec::testing::ShouldFail()) {
    errno = ENOMEM;
    return -1;
  }
  return __real_mprotect(address, bytes, protection);
}

}  // extern "C"
