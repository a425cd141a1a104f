#include "base/growable_memory.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"
#include "support/errors.h"
#include "support/readable.h"
#include "support/sanitizers.h"

namespace segvec {
namespace {

using testing::ErrorCodeOf;

constexpr size_t kMiB = size_t{1} << 20;

bool IsAll(const std::byte* begin, const std::byte* end, std::byte value) {
  return std::all_of(begin, end, [value](std::byte at) { return at == value; });
}

TEST_CASE("GrowableMemory: growth keeps addresses and contents, and fresh bytes are zero") {
  for (const size_t reserved : {size_t{1}, 100 * size_t{1024}, 2 * kMiB, 2 * kMiB + 1, 9 * kMiB}) {
    CAPTURE(reserved);
    GrowableMemory memory(reserved, reserved % 2 == 0 ? GrowableMemory::Use::kGrows : GrowableMemory::Use::kFillsAtOnce);
    CHECK(memory.reserved_bytes() >= reserved);
    CHECK(memory.committed_bytes() == 0);
    std::byte* const data = memory.data();
    CHECK(reinterpret_cast<uintptr_t>(data) % 64 == 0);
    size_t written = 0;
    for (size_t bytes = 1; written < reserved; bytes = std::min(reserved, bytes * 3)) {
      memory.Commit(bytes);
      REQUIRE(memory.data() == data);
      REQUIRE(memory.committed_bytes() >= bytes);
      REQUIRE(memory.committed_bytes() <= memory.reserved_bytes());
      REQUIRE(IsAll(data, data + written, std::byte{0xAB}));
      REQUIRE(IsAll(data + written, data + memory.committed_bytes(), std::byte{0}));
      std::fill(data + written, data + bytes, std::byte{0xAB});
      written = bytes;
    }
  }
}

TEST_CASE("GrowableMemory: Commit never shrinks") {
  GrowableMemory memory(4 * kMiB);
  memory.Commit(3 * kMiB);
  const size_t committed = memory.committed_bytes();
  memory.Commit(1);
  memory.Commit(0);
  CHECK(memory.committed_bytes() == committed);
}

TEST_CASE("GrowableMemory: committing more than is reserved is out of memory and changes nothing") {
  for (const size_t reserved : {size_t{1000}, 5 * kMiB}) {
    GrowableMemory memory(reserved);
    memory.Commit(500);
    memory.data()[0] = std::byte{7};
    const size_t committed = memory.committed_bytes();
    CHECK(ErrorCodeOf([&] { memory.Commit(memory.reserved_bytes() + 1); }) == "OUT_OF_MEMORY");
    CHECK(ErrorCodeOf([&] { memory.Commit(~size_t{0}); }) == "OUT_OF_MEMORY");
    CHECK(memory.committed_bytes() == committed);
    CHECK(memory.data()[0] == std::byte{7});
    memory.Commit(reserved);
    CHECK(memory.data()[reserved - 1] == std::byte{0});
  }
}

TEST_CASE("GrowableMemory: more address space than there is is out of memory") {
  CHECK(ErrorCodeOf([] { GrowableMemory memory(size_t{1} << 62); }) == "OUT_OF_MEMORY");
  CHECK(ErrorCodeOf([] { GrowableMemory memory((size_t{1} << 62) - 12345); }) == "OUT_OF_MEMORY");
}

TEST_CASE("GrowableMemory: sizes that overflow while they are rounded are out of memory") {
  CHECK(ErrorCodeOf([] { GrowableMemory memory(~size_t{0}); }) == "OUT_OF_MEMORY");
  CHECK(ErrorCodeOf([] { GrowableMemory memory(~size_t{0} - kMiB); }) == "OUT_OF_MEMORY");
}

TEST_CASE("GrowableMemory: an empty one has nothing to commit") {
  GrowableMemory memory;
  CHECK(memory.data() == nullptr);
  CHECK_NOTHROW(memory.Commit(0));
  CHECK(ErrorCodeOf([&] { memory.Commit(1); }) == "OUT_OF_MEMORY");
  CHECK_NOTHROW(memory.Trim(0));
}

TEST_CASE("GrowableMemory: Trim keeps the front; what is committed again is zero") {
  GrowableMemory memory(8 * kMiB);
  memory.Commit(8 * kMiB);
  std::fill(memory.data(), memory.data() + 8 * kMiB, std::byte{1});
  memory.Trim(3 * kMiB + 5);
  const size_t kept = memory.committed_bytes();
  CHECK(kept >= 3 * kMiB + 5);
  CHECK(kept < 4 * kMiB);
  CHECK(IsAll(memory.data(), memory.data() + kept, std::byte{1}));
  memory.Trim(4 * kMiB);
  CHECK(memory.committed_bytes() == kept);
  memory.Commit(8 * kMiB);
  CHECK(IsAll(memory.data(), memory.data() + kept, std::byte{1}));
  CHECK(IsAll(memory.data() + kept, memory.data() + 8 * kMiB, std::byte{0}));
}

#if !defined(_WIN32)
TEST_CASE("GrowableMemory: only committed bytes can be read") {
  GrowableMemory memory(8 * kMiB);
  CHECK_FALSE(testing::IsReadable(memory.data()));
  memory.Commit(4 * kMiB);
  CHECK(testing::IsReadable(memory.data()));
  CHECK(testing::IsReadable(memory.data() + memory.committed_bytes() - 1));
  CHECK_FALSE(testing::IsReadable(memory.data() + memory.committed_bytes()));
  memory.Trim(kMiB);
  CHECK(testing::IsReadable(memory.data() + memory.committed_bytes() - 1));
  CHECK_FALSE(testing::IsReadable(memory.data() + memory.committed_bytes()));
}
#endif

#if defined(__linux__)
// A sanitizer maps shadows of its own.
size_t MappingsOfProcess() {
  std::ifstream file("/proc/self/maps");
  return static_cast<size_t>(std::count(std::istreambuf_iterator<char>(file), {}, '\n'));
}

TEST_CASE("GrowableMemory: many small ones are few mappings to the system" * doctest::skip(testing::kIsSanitized)) {
  const size_t before = MappingsOfProcess();
  std::vector<GrowableMemory> whole, begun;
  for (int i = 0; i < 1000; ++i) whole.emplace_back(size_t{64} << 10).Commit(1);
  CHECK(MappingsOfProcess() < before + 100);
  for (int i = 0; i < 1000; ++i) begun.emplace_back(100 * kMiB).Commit(1);
  CHECK(MappingsOfProcess() < before + 2100);
  begun.clear();
  for (int i = 0; i < 1000; ++i) begun.emplace_back(100 * kMiB);
  CHECK(MappingsOfProcess() < before + 200);
}

TEST_CASE("GrowableMemory: more mappings than a process may have are out of memory, before the system's limit is reached" *
          doctest::skip(testing::kIsSanitized)) {
  const size_t before = MappingsOfProcess();
  std::vector<GrowableMemory> begun;
  std::string message;
  try {
    // Each is two mappings; the limit is 65,530 unless somebody has set it.
    for (int i = 0; i < 10'000'000; ++i) begun.emplace_back(4 * kMiB).Commit(1);
  } catch (const Error& error) {
    message = error.what();
  }
  CHECK(message.find("vm.max_map_count") != std::string::npos);
  size_t limit = 0;
  std::ifstream("/proc/sys/vm/max_map_count") >> limit;
  CHECK(MappingsOfProcess() < before + limit / 4 * 3 + 100);
  const size_t count = begun.size();
  begun.resize(count - 10);
  for (int i = 0; i < 10; ++i) CHECK_NOTHROW(begun.emplace_back(4 * kMiB).Commit(1));
  begun.clear();
  CHECK(MappingsOfProcess() < before + 100);
}
#endif

TEST_CASE("GrowableMemory: moving hands the memory over") {
  GrowableMemory first(kMiB);
  first.Commit(10);
  first.data()[9] = std::byte{9};
  std::byte* const data = first.data();
  GrowableMemory second(std::move(first));
  CHECK(second.data() == data);
  GrowableMemory third(kMiB);
  third = std::move(second);
  CHECK(third.data() == data);
  CHECK(third.committed_bytes() >= 10);
  CHECK(third.data()[9] == std::byte{9});
}

TEST_CASE("GrowableMemory: others read committed bytes while one thread commits more") {
  constexpr size_t kCount = 1 << 20;
  GrowableArray<uint32_t> numbers(kCount);
  std::atomic<size_t> published{0};
  std::atomic<size_t> wrong_count{0};
  std::thread reader([&] {
    for (size_t count = 0; count < kCount;) {
      count = published.load(std::memory_order_acquire);
      for (size_t i = count / 2; i < count; i += 97) wrong_count += numbers[i] != i + 1;
    }
  });
  for (size_t i = 0; i < kCount; ++i) {
    numbers.Commit(i + 1);
    numbers[i] = static_cast<uint32_t>(i + 1);
    if (i % 4096 == 4095) published.store(i + 1, std::memory_order_release);
  }
  reader.join();
  CHECK(wrong_count == 0);
}

TEST_CASE("GrowableArray: counts elements, not bytes") {
  GrowableArray<uint64_t> numbers(1000);
  numbers.Commit(1000);
  numbers[999] = 5;
  CHECK(numbers.committed_bytes() >= 8000);
  CHECK(numbers.data()[999] == 5);
  CHECK(ErrorCodeOf([&] { numbers.Commit(1 << 24); }) == "OUT_OF_MEMORY");
}

TEST_CASE("GrowableArray: a count whose bytes overflow is out of memory") {
  CHECK(ErrorCodeOf([] { GrowableArray<float> floats(size_t{1} << 62); }) == "OUT_OF_MEMORY");
}

}  // namespace
}  // namespace segvec
