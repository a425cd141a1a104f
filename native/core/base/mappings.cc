#include "base/mappings.h"

#include <atomic>
#include <cstdint>
#include <fstream>

namespace segvec {
namespace {

size_t ReadLimit() {
  // Only Linux has such a file, and such a limit.
  std::ifstream file("/proc/sys/vm/max_map_count");
  size_t limit = 0;
  return file >> limit ? limit / 4 * 3 : SIZE_MAX;
}

std::atomic<size_t> taken{0};

}  // namespace

bool TakeMappings(size_t count) {
  static const size_t limit = ReadLimit();
  const size_t before = taken.fetch_add(count, std::memory_order_relaxed);
  if (before <= limit && count <= limit - before) return true;
  ReturnMappings(count);
  return false;
}

void ReturnMappings(size_t count) { taken.fetch_sub(count, std::memory_order_relaxed); }

}  // namespace segvec
