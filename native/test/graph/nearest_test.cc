#include "graph/nearest.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "support/sanitizers.h"
#include "support/vectors.h"

namespace segvec {
namespace {

using KeyAndId = std::pair<uint32_t, uint64_t>;

std::vector<KeyAndId> Finish(Nearest& nearest) {
  std::vector<KeyAndId> hits;
  for (const Hit& hit : nearest.Finish()) hits.emplace_back(hit.key, hit.id);
  return hits;
}

TEST_CASE("Nearest: keeps what sorting everything would put first") {
  testing::Dice dice(1);
  Nearest nearest;
  for (size_t round = 0; round < testing::Sized(300, 60); ++round) {
    const size_t k = dice.Below(round % 5 == 0 ? 500 : 20);
    const size_t count = dice.Below(1500);
    const uint64_t key_range = 1 + dice.Below(round % 3 == 0 ? 3 : 100'000);
    const bool asks_first = dice.Below(2) == 0;
    CAPTURE(round);
    nearest.Begin(k);
    std::vector<KeyAndId> all;
    std::vector<uint64_t> ids;
    for (size_t i = 0; i < count; ++i) ids.push_back(i * 3);
    dice.Shuffle(ids);
    for (const uint64_t id : ids) {
      const auto key = static_cast<uint32_t>(dice.Below(key_range));
      all.emplace_back(key, id);
      if (!asks_first || nearest.Accepts(key)) nearest.Add({key, id});
    }
    std::sort(all.begin(), all.end());
    all.resize(std::min(k, all.size()));
    REQUIRE(Finish(nearest) == all);
  }
}

TEST_CASE("Nearest: an equal distance is still accepted, for its id may be smaller") {
  Nearest nearest;
  nearest.Begin(1);
  for (uint64_t id = 100; id > 0; --id) {
    REQUIRE(nearest.Accepts(5));
    nearest.Add({5, id});
  }
  CHECK(Finish(nearest) == std::vector<KeyAndId>{{5, 1}});
}

// Orders ids by their last digits first, as no number is ordered.
class MirroredOrder : public IdOrder {
 public:
  bool Less(uint64_t a, uint64_t b) const override { return Mirror(a) < Mirror(b); }
  static uint64_t Mirror(uint64_t id) {
    uint64_t mirrored = 0;
    for (int i = 0; i < 64; ++i) mirrored |= (id >> i & 1) << (63 - i);
    return mirrored;
  }
};

TEST_CASE("Nearest: equal distances follow the order of ids it is given") {
  const MirroredOrder order;
  testing::Dice dice(2);
  Nearest nearest;
  for (int round = 0; round < 50; ++round) {
    nearest.Begin(30, {&order});
    std::vector<KeyAndId> all;
    for (uint64_t id = 0; id < 500; ++id) {
      const auto key = static_cast<uint32_t>(dice.Below(5));
      all.emplace_back(key, id);
      if (nearest.Accepts(key)) nearest.Add({key, id});
    }
    std::sort(all.begin(), all.end(), [](const KeyAndId& a, const KeyAndId& b) {
      return a.first != b.first ? a.first < b.first : MirroredOrder::Mirror(a.second) < MirroredOrder::Mirror(b.second);
    });
    all.resize(30);
    REQUIRE(Finish(nearest) == all);
  }
}

TEST_CASE("Nearest: with k = 0 nothing is kept") {
  Nearest nearest;
  nearest.Begin(0);
  for (uint32_t i = 0; i < 100; ++i) nearest.Add({i, i});
  CHECK(Finish(nearest).empty());
}

TEST_CASE("Nearest: Begin forgets what was there") {
  Nearest nearest;
  nearest.Begin(3);
  for (uint32_t i = 0; i < 100; ++i) nearest.Add({i, i});
  nearest.Begin(3);
  CHECK(nearest.Accepts(~uint32_t{0}));
  CHECK(Finish(nearest).empty());
}

}  // namespace
}  // namespace segvec
