// An index as a map from ids to vectors: everything is measured, nothing is clever.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "distance/metric.h"
#include "reference/brute_force.h"

namespace segvec::reference {

class IndexModel {
 public:
  IndexModel(Metric metric, size_t dimension) : metric_(metric), dimension_(dimension) {}

  // Which row of a batch of explicit ids is the first whose id is taken; nothing when all are free.
  std::optional<size_t> FirstTakenRow(const std::vector<uint64_t>& ids) const {
    std::set<uint64_t> batch;
    for (size_t row = 0; row < ids.size(); ++row) {
      if (vectors_.count(ids[row]) == 1 || !batch.insert(ids[row]).second) return row;
    }
    return std::nullopt;
  }

  // The ids that a batch without ids gets.
  std::vector<uint64_t> AutomaticIds(size_t count) const {
    std::vector<uint64_t> ids;
    for (size_t i = 0; i < count; ++i) ids.push_back(next_id_ + i);
    return ids;
  }

  void Add(uint64_t id, std::vector<float> vector) {
    vectors_[id] = std::move(vector);
    next_id_ = std::max(next_id_, id + 1);
  }

  // The first row of a batch whose id is that of an earlier one.
  static std::optional<size_t> FirstRepeatedRow(const std::vector<uint64_t>& ids) {
    std::set<uint64_t> batch;
    for (size_t row = 0; row < ids.size(); ++row) {
      if (!batch.insert(ids[row]).second) return row;
    }
    return std::nullopt;
  }

  // Returns whether the id was there.
  bool Remove(uint64_t id) { return vectors_.erase(id) == 1; }

  std::vector<uint64_t> Ids() const {
    std::vector<uint64_t> ids;
    for (const auto& [id, vector] : vectors_) ids.push_back(id);
    return ids;
  }

  size_t size() const { return vectors_.size(); }

  std::optional<std::vector<float>> Get(uint64_t id) const {
    const auto found = vectors_.find(id);
    return found == vectors_.end() ? std::nullopt : std::optional(found->second);
  }

  std::vector<Neighbor> Nearest(const float* query, size_t k) const {
    std::vector<Neighbor> ranking;
    for (const auto& [id, vector] : vectors_) ranking.push_back({Distance(metric_, query, vector.data(), dimension_), id});
    std::sort(ranking.begin(), ranking.end(), IsNearer);
    ranking.resize(std::min(k, ranking.size()));
    return ranking;
  }

 private:
  Metric metric_;
  size_t dimension_;
  std::map<uint64_t, std::vector<float>> vectors_;
  uint64_t next_id_ = 0;
};

}  // namespace segvec::reference
