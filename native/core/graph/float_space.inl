// Distances between a query and stored float rows, for one metric.
//
// Included inside the namespace of one instruction set, after float_kernels.inl. A space is what the search and build
// loops know of vectors: a query, the order keys of its distances to some slots, and how to prefetch a slot.

// More lines than these are slower, not faster: the rest of a long row streams in behind them (shared notes, measured).
inline constexpr size_t kPrefetchLines = 8;

template <Metric kMetric>
struct FloatSpace {
  using Query = FloatQuery;
  static constexpr bool kIsIp = kMetric == Metric::kIp;
  using Term = std::conditional_t<kMetric == Metric::kL2, SquaredDifference, Product>;

  FloatRows data;

  explicit FloatSpace(const SegmentRows& rows) : data(rows.floats) {}
  static SEGVEC_INLINE const Query& Select(const SegmentQuery& query) { return query.floats; }

  // A row is a query as it stands: the room for one is not needed.
  SEGVEC_INLINE Query QueryOf(uint32_t slot, int8_t*) const {
    return {data.Row(slot), kMetric == Metric::kCosine ? data.inverse_norms[slot] : 1.0f};
  }
  SEGVEC_INLINE Query QueryOf(uint32_t slot, size_t, QueryBlock*) const { return QueryOf(slot, nullptr); }

  SEGVEC_INLINE uint32_t KeyOfSum(float sum, const Query& query, uint32_t slot) const {
    if constexpr (kMetric == Metric::kL2) return OrderKey(sum);
    sum *= query.scale;
    if constexpr (kMetric == Metric::kIp) return OrderKey(1.0f - sum);
    // Rounding can put the cosine of parallel vectors a hair above 1.
    const float distance = 1.0f - sum * data.inverse_norms[slot];
    return OrderKey(distance > 0 ? distance : 0.0f);
  }

  SEGVEC_INLINE void PrefetchBegin(uint32_t slot) const {
    const char* row = reinterpret_cast<const char*>(data.Row(slot));
    PrefetchLine(row);
    if (data.block_count > 1) PrefetchLine(row + 64);
    if constexpr (kMetric == Metric::kCosine) PrefetchLine(data.inverse_norms + slot);
  }
  // The lines after those.
  SEGVEC_INLINE void PrefetchRest(uint32_t slot) const {
    const char* row = reinterpret_cast<const char*>(data.Row(slot));
    const size_t lines = data.block_count < kPrefetchLines ? data.block_count : kPrefetchLines;
    for (size_t line = 2; line < lines; ++line) PrefetchLine(row + line * 64);
  }
  SEGVEC_INLINE void Prefetch(uint32_t slot) const {
    PrefetchBegin(slot);
    PrefetchRest(slot);
  }

  // keys[i] = the order key of the distance from the query to slots[i].
  SEGVEC_INLINE void Keys(const Query& query, const uint32_t* slots, size_t count, uint32_t* keys) const {
    for (size_t i = 0; i < count; i += 4) {
      const size_t batch = count - i < 4 ? count - i : 4;
      const float* rows[4];
      float sums[4];
      for (size_t r = 0; r < batch; ++r) rows[r] = data.Row(slots[i + r]);
      SumTermsOfRows<Term>(query.values, rows, batch, data.block_count, sums);
      for (size_t r = 0; r < batch; ++r) keys[i + r] = KeyOfSum(sums[r], query, slots[i + r]);
    }
  }

  SEGVEC_INLINE uint32_t Key(const Query& query, uint32_t slot) const {
    uint32_t key;
    Keys(query, &slot, 1, &key);
    return key;
  }

  // The key of `factor` times the distance behind `key`. REQUIRES: not ip, whose distances have no zero.
  SEGVEC_INLINE uint32_t ScaleKey(uint32_t key, float factor) const { return OrderKey(DistanceOfKey(key) * factor); }
};
