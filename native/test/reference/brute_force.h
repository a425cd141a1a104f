// The nearest vectors by measuring every one of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "distance/metric.h"
#include "reference/distance.h"

namespace segvec::reference {

struct Neighbor {
  double distance;
  uint64_t id;

  friend bool operator==(const Neighbor&, const Neighbor&) = default;
};

inline bool IsNearer(const Neighbor& a, const Neighbor& b) {
  return a.distance != b.distance ? a.distance < b.distance : a.id < b.id;
}

// All vectors by ascending distance, equal distances by ascending id. `Rows` has count(), row(i) and dimension; the id of
// row i is ids[i], or i itself when `ids` is empty.
template <class Rows>
std::vector<Neighbor> Ranking(Metric metric, const Rows& rows, const std::vector<uint64_t>& ids, const float* query) {
  std::vector<Neighbor> ranking;
  ranking.reserve(rows.count());
  for (size_t i = 0; i < rows.count(); ++i) {
    ranking.push_back({Distance(metric, query, rows.row(i), rows.dimension), ids.empty() ? i : ids[i]});
  }
  std::sort(ranking.begin(), ranking.end(), IsNearer);
  return ranking;
}

template <class Rows>
std::vector<Neighbor> Nearest(Metric metric, const Rows& rows, const std::vector<uint64_t>& ids, const float* query,
                              size_t k) {
  std::vector<Neighbor> ranking = Ranking(metric, rows, ids, query);
  ranking.resize(std::min(k, ranking.size()));
  return ranking;
}

}  // namespace segvec::reference
