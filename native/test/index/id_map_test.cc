#include "index/id_map.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/random.h"
#include "support/sanitizers.h"
#include "support/vectors.h"

namespace segvec {
namespace {

using testing::Dice;

bool IsAt(const std::optional<Location>& location, uint32_t segment, uint32_t slot) {
  return location && location->segment == segment && location->slot == slot;
}

// Random operations on few enough ids that most meet one that is there.
size_t CompareWithMap(const std::vector<uint64_t>& ids, size_t operation_count, Dice& dice) {
  IdMap map;
  std::unordered_map<uint64_t, Location> expected;
  size_t wrong_count = 0;
  for (size_t i = 0; i < operation_count; ++i) {
    const uint64_t id = ids[dice.Below(ids.size())];
    const Location location{static_cast<uint32_t>(dice.Below(100)), static_cast<uint32_t>(dice.Word() >> 33)};
    switch (dice.Below(5)) {
      case 4:
        if (const auto at = expected.find(id); at != expected.end()) {
          map.Move(id, location);
          at->second = location;
        }
        break;
      case 0:
      case 1: wrong_count += map.Insert(id, location) != expected.emplace(id, location).second; break;
      case 2:
        map.Erase(id);
        expected.erase(id);
        break;
    }
    const uint64_t asked = ids[dice.Below(ids.size())];
    const auto known = expected.find(asked);
    if (known == expected.end()) {
      wrong_count += map.Find(asked).has_value();
    } else {
      wrong_count += !IsAt(map.Find(asked), known->second.segment, known->second.slot);
    }
  }
  for (const uint64_t id : ids) wrong_count += map.Find(id).has_value() != (expected.count(id) == 1);
  return wrong_count;
}

TEST_CASE("IdMap: behaves as a map under random operations") {
  Dice dice(1);
  for (const size_t id_count : {1, 3, 50, 700, 5000}) {
    std::vector<uint64_t> ids;
    for (size_t i = 0; i < id_count; ++i) ids.push_back(i % 2 == 0 ? i : dice.Word());
    CAPTURE(id_count);
    CHECK(CompareWithMap(ids, testing::Sized(40'000, 10'000), dice) == 0);
  }
}

TEST_CASE("IdMap: ids that fall on the same places") {
  // Equal in the lowest 6 and the highest 10 bits of their mixed value: the same shard, and the last home in any table up to
  // 1,024 places.
  std::vector<uint64_t> colliding;
  for (uint64_t id = 0; colliding.size() < 60; ++id) {
    if ((Mix(id) & 0x3F) == 0x3F && Mix(id) >> 54 == 0x3FF) colliding.push_back(id);
  }
  Dice dice(2);
  CHECK(CompareWithMap(colliding, testing::Sized(40'000, 10'000), dice) == 0);
  // Runs around the end of the table, mixed with other homes next to it.
  for (uint64_t id = 0; colliding.size() < 160; ++id) {
    if ((Mix(id) & 0x3F) == 0x3F && Mix(id) >> 62 == 3) colliding.push_back(id);
  }
  for (int round = 0; round < 5; ++round) CHECK(CompareWithMap(colliding, testing::Sized(20'000, 5000), dice) == 0);
}

TEST_CASE("IdMap: the ends of the range are ordinary ids") {
  IdMap map;
  CHECK_FALSE(map.Find(0).has_value());
  CHECK(map.Insert(0, {0, 0}));
  CHECK(map.Insert(~uint64_t{0}, {0xFFFFFFFE, 0xFFFFFFFF}));
  CHECK_FALSE(map.Insert(0, {5, 5}));
  CHECK(IsAt(map.Find(0), 0, 0));
  CHECK(IsAt(map.Find(~uint64_t{0}), 0xFFFFFFFE, 0xFFFFFFFF));
  map.Erase(0);
  map.Erase(0);
  map.Erase(77);
  CHECK_FALSE(map.Find(0).has_value());
  CHECK(map.memory_bytes() > 0);
}

TEST_CASE("IdMap: memory goes back when most ids have gone, and all of it when it is cleared") {
  IdMap map;
  constexpr uint64_t kCount = 50'000;
  for (uint64_t id = 0; id < kCount; ++id) map.Insert(id, {1, static_cast<uint32_t>(id)});
  const size_t full = map.memory_bytes();
  CHECK(full >= kCount * 16);
  CHECK(full < kCount * 26);
  for (uint64_t id = 0; id < kCount; ++id) {
    if (id % 100 != 0) map.Erase(id);
  }
  CHECK(map.memory_bytes() < full / 10);
  for (uint64_t id = 0; id < kCount; ++id) REQUIRE(map.Find(id).has_value() == (id % 100 == 0));
  map.Clear();
  CHECK(map.memory_bytes() == 0);
  CHECK_FALSE(map.Find(0).has_value());
  CHECK(map.Insert(0, {2, 3}));
  CHECK(IsAt(map.Find(0), 2, 3));
}

TEST_CASE("IdMap: lookups beside inserts and erasures") {
  const uint64_t count = testing::Sized(50'000, 8000);
  IdMap map;
  for (uint64_t id = 0; id < 1000; ++id) map.Insert(id, {1, static_cast<uint32_t>(id)});
  std::atomic<bool> is_done{false};
  std::atomic<size_t> wrong_count{0};
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 2; ++reader) {
    readers.emplace_back([&, reader] {
      Dice dice(static_cast<uint64_t>(reader));
      while (!is_done) {
        const uint64_t stays = dice.Below(1000);
        wrong_count += !IsAt(map.Find(stays), 1, static_cast<uint32_t>(stays));
        const uint64_t comes = 1000 + dice.Below(count);
        if (const auto found = map.Find(comes)) wrong_count += !IsAt(found, 2, static_cast<uint32_t>(comes));
      }
    });
  }
  for (uint64_t id = 1000; id < 1000 + count; ++id) {
    map.Insert(id, {2, static_cast<uint32_t>(id)});
    if (id % 3 == 0) map.Erase(id - 1);
  }
  is_done = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(wrong_count == 0);
}

TEST_CASE("IdMap: room that was made beforehand is used, and changes nothing else") {
  for (const size_t count : {0, 1, 1000, 100'000}) {
    CAPTURE(count);
    IdMap map;
    map.Insert(7, {1, 2});
    map.Reserve(count);
    CHECK(IsAt(map.Find(7), 1, 2));
    const size_t bytes = map.memory_bytes();
    for (size_t i = 0; i < count; ++i) map.Insert(i * 977 + 1000, {3, static_cast<uint32_t>(i)});
    // A shard in several hundred may get more than its share.
    if (count > 1) CHECK(map.memory_bytes() < bytes + bytes / 50);
    if (count == 100'000) CHECK(bytes < count * 22);
    size_t wrong_count = 0;
    for (size_t i = 0; i < count; ++i) wrong_count += !IsAt(map.Find(i * 977 + 1000), 3, static_cast<uint32_t>(i));
    CHECK(wrong_count == 0);
  }
}

}  // namespace
}  // namespace segvec
