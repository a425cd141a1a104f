#include "index/string_ids.h"

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "support/vectors.h"

namespace segvec {
namespace {

TEST_CASE("StringIds: gives each text one number and finds both ways") {
  StringIds ids;
  std::map<std::string, uint64_t> numbers;
  std::set<uint64_t> distinct;
  for (int i = 0; i < 5000; ++i) {
    const std::string text = "id-" + std::to_string(i);
    const auto [number, is_new] = ids.Intern(text);
    REQUIRE(is_new);
    numbers[text] = number;
    distinct.insert(number);
  }
  CHECK(distinct.size() == numbers.size());
  for (const auto& [text, number] : numbers) {
    REQUIRE(ids.Intern(text) == std::pair(number, false));
    REQUIRE(ids.Find(text) == number);
    REQUIRE(ids.Text(number) == text);
  }
  CHECK_FALSE(ids.Find("id-5000").has_value());
}

TEST_CASE("StringIds: any bytes make a text") {
  StringIds ids;
  const std::vector<std::string> texts = {"", std::string("\0", 1), std::string("a\0b", 3), "a", "\xF0\x9F\x98\x80",
                                          std::string(100'000, 'x')};
  std::vector<uint64_t> numbers;
  for (const std::string& text : texts) numbers.push_back(ids.Intern(text).first);
  for (size_t i = 0; i < texts.size(); ++i) {
    CHECK(ids.Find(texts[i]) == numbers[i]);
    CHECK(ids.Text(numbers[i]) == texts[i]);
  }
}

TEST_CASE("StringIds: releasing in reverse order forgets the newest and keeps the rest") {
  testing::Dice dice(1);
  StringIds ids;
  std::vector<std::pair<std::string, uint64_t>> interned;
  int next = 0;
  for (int round = 0; round < 200; ++round) {
    const size_t grown_count = dice.Below(100);
    for (size_t i = 0; i < grown_count; ++i) {
      const std::string text = std::to_string(next++);
      interned.emplace_back(text, ids.Intern(text).first);
    }
    const size_t released_count = dice.Below(interned.size() + 1) / 2;
    for (size_t i = 0; i < released_count; ++i) {
      const auto [text, number] = interned.back();
      interned.pop_back();
      ids.Release(number);
      REQUIRE_FALSE(ids.Find(text).has_value());
    }
    for (const auto& [text, number] : interned) {
      REQUIRE(ids.Find(text) == number);
      REQUIRE(ids.Text(number) == text);
    }
  }
  const size_t memory = ids.memory_bytes();
  ids.Intern(std::string(1 << 16, 'y'));
  CHECK(ids.memory_bytes() >= memory + (1 << 16));
}

}  // namespace
}  // namespace segvec
