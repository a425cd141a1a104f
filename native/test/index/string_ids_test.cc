#include "index/string_ids.h"

#include <doctest/doctest.h>

#include <iterator>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "support/errors.h"
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

TEST_CASE("StringIds: what is released is forgotten, the rest stays, and no number comes twice") {
  testing::Dice dice(1);
  StringIds ids;
  std::map<std::string, uint64_t> interned;
  std::set<uint64_t> all_numbers;
  size_t interned_count = 0;
  for (int round = 0; round < 200; ++round) {
    const size_t grown_count = dice.Below(100);
    for (size_t i = 0; i < grown_count; ++i) {
      const std::string text = std::to_string(dice.Below(500));
      const auto [number, is_new] = ids.Intern(text);
      REQUIRE(is_new == (interned.count(text) == 0));
      interned[text] = number;
      all_numbers.insert(number);
      interned_count += is_new;
    }
    const size_t released_count = dice.Below(interned.size() + 1) / 2;
    for (size_t i = 0; i < released_count; ++i) {
      const auto at = std::next(interned.begin(), static_cast<long>(dice.Below(interned.size())));
      ids.Release(at->second);
      REQUIRE_FALSE(ids.Find(at->first).has_value());
      interned.erase(at);
    }
    for (const auto& [text, number] : interned) {
      REQUIRE(ids.Find(text) == number);
      REQUIRE(ids.Text(number) == text);
    }
  }
  CHECK(all_numbers.size() == interned_count);
  const size_t memory = ids.memory_bytes();
  ids.Intern(std::string(1 << 16, 'y'));
  CHECK(ids.memory_bytes() >= memory + (1 << 16));
}

TEST_CASE("StringIds: a forgotten number keeps its text, and the text gets another number") {
  StringIds ids;
  const uint64_t first = ids.Intern("x").first;
  ids.Forget(first);
  CHECK_FALSE(ids.Find("x").has_value());
  CHECK(ids.Text(first) == "x");
  const auto [second, is_new] = ids.Intern("x");
  CHECK(is_new);
  CHECK(second != first);
  ids.Release(first);
  CHECK(ids.Find("x") == second);
  CHECK(ids.Text(second) == "x");
}

TEST_CASE("StringIds: memory goes back when most texts have gone") {
  StringIds ids;
  std::vector<uint64_t> numbers;
  for (int i = 0; i < 20'000; ++i) numbers.push_back(ids.Intern("a text of some length, number " + std::to_string(i)).first);
  const size_t full = ids.memory_bytes();
  for (size_t i = 100; i < numbers.size(); ++i) ids.Release(numbers[i]);
  CHECK(ids.memory_bytes() < full / 20);
  CHECK(ids.Text(numbers[7]) == "a text of some length, number 7");
  CHECK(ids.Find("a text of some length, number 99") == numbers[99]);
}

TEST_CASE("StringIds: new ones end where the numbers do") {
  StringIds ids;
  const uint64_t number = ids.Intern("first").first;
  ids.SkipBeyond(kMostStringNumber);
  CHECK(testing::ErrorTextOf([&] { ids.Intern("second"); }) == "INVALID_ID: no numbers are left for new string ids");
  CHECK(ids.Intern("first") == std::pair(number, false));
  CHECK_FALSE(ids.Find("second").has_value());
}

}  // namespace
}  // namespace segvec
