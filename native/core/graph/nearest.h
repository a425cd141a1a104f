// The k nearest of a stream of hits, by ascending distance, equal distances by ascending id.
//
// Cost: amortised constant per accepted hit, whatever k: a buffer of 2k is cut back to k by selection when it is full.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "distance/target.h"

namespace segvec {

struct Hit {
  uint32_t key;  // OrderKey of the distance
  uint64_t id;

  friend bool operator<(const Hit& a, const Hit& b) { return a.key != b.key ? a.key < b.key : a.id < b.id; }
};

// The order of ids whose numbers stand for something else. Thread safety: Less() from any thread.
class IdOrder {
 public:
  virtual ~IdOrder() = default;
  virtual bool Less(uint64_t a, uint64_t b) const = 0;
};

// Orders hits by distance, then by id.
struct HitOrder {
  const IdOrder* id_order = nullptr;  // null: by number

  bool operator()(const Hit& a, const Hit& b) const {
    if (a.key != b.key || id_order == nullptr) return a < b;
    return id_order->Less(a.id, b.id);
  }
};

class Nearest {
 public:
  void Begin(size_t k, HitOrder order = {}) {
    k_ = k;
    order_ = order;
    hits_.clear();
    bound_key_ = k == 0 ? 0 : ~uint32_t{0};
  }

  // Whether a hit of this distance could be among the k nearest. An equal distance can, by its id.
  SEGVEC_INLINE bool Accepts(uint32_t key) const { return key <= bound_key_; }

  void Add(Hit hit) {
    hits_.push_back(hit);
    if (hits_.size() >= 2 * k_ + 32) Cut();
  }

  // Adds what another one holds.
  void AddAll(const Nearest& other) {
    for (const Hit& hit : other.hits_) {
      if (Accepts(hit.key)) Add(hit);
    }
  }

  // Sorts and returns the hits; valid until the next Begin.
  const std::vector<Hit>& Finish() {
    if (hits_.size() > k_) Cut();
    std::sort(hits_.begin(), hits_.end(), order_);
    return hits_;
  }

  size_t memory_bytes() const { return hits_.capacity() * sizeof(Hit); }

 private:
  void Cut() {
    if (k_ == 0) return hits_.clear();
    std::nth_element(hits_.begin(), hits_.begin() + static_cast<std::ptrdiff_t>(k_ - 1), hits_.end(),
                     order_);
    hits_.resize(k_);
    bound_key_ = hits_[k_ - 1].key;
  }

  HitOrder order_;
  size_t k_ = 0;
  uint32_t bound_key_ = 0;
  std::vector<Hit> hits_;
};

}  // namespace segvec
