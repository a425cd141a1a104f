// Integer distances between a query and stored 8-bit codes (see quantize/scalar_quantizer.h for their meaning).
//
// Included inside the namespace of one instruction set, after code_kernels.inl. A space as in float_space.inl; its order
// keys are the integer distances, shifted to be unsigned.

inline constexpr size_t kPrefetchCodeLines = 16;

// Under cosine the codes are those of unit vectors, and their distances those of l2.
template <bool kIsIpSpace>
struct CodeSpace {
  using Query = CodeQuery;
  static constexpr bool kIsIp = kIsIpSpace;
  static constexpr int32_t kFactor = kIsIp ? 1 : 2;

  CodeRows data;

  explicit CodeSpace(const SegmentRows& rows) : data(rows.codes) {}
  static SEGVEC_INLINE const Query& Select(const SegmentQuery& query) { return query.codes; }

  static SEGVEC_INLINE uint32_t KeyOf(int32_t distance) { return static_cast<uint32_t>(distance) ^ 0x80000000u; }
  static SEGVEC_INLINE int32_t DistanceOf(uint32_t key) { return static_cast<int32_t>(key ^ 0x80000000u); }

  // The row of a slot as a query, which `values` holds: block_count blocks.
  SEGVEC_INLINE Query QueryOf(uint32_t slot, int8_t* values) const {
    const uint8_t* row = data.Row(slot);
    uint32_t sum = 0;
    for (size_t i = 0; i < data.block_count * 64; ++i) {
      values[i] = static_cast<int8_t>(row[i] ^ 0x80u);
      sum += row[i];
    }
    const int32_t code_sum = static_cast<int32_t>(sum);
    if constexpr (kIsIp) return {values, 128 * (code_sum - 128 * static_cast<int32_t>(data.dimension))};
    return {values, data.corrections[slot] + 256 * code_sum};  // the sum of squares
  }

  // The `i`-th of several such queries that are held at once, in `blocks`.
  SEGVEC_INLINE Query QueryOf(uint32_t slot, size_t i, QueryBlock* blocks) const {
    return QueryOf(slot, blocks[i * data.block_count].values);
  }

  SEGVEC_INLINE void PrefetchBegin(uint32_t slot) const {
    const uint8_t* row = data.Row(slot);
    PrefetchLine(row);
    if (data.block_count > 1) PrefetchLine(row + 64);
    if constexpr (!kIsIp) PrefetchLine(data.corrections + slot);
  }
  // The lines after those.
  SEGVEC_INLINE void PrefetchRest(uint32_t slot) const {
    const uint8_t* row = data.Row(slot);
    const size_t lines = data.block_count < kPrefetchCodeLines ? data.block_count : kPrefetchCodeLines;
    for (size_t line = 2; line < lines; ++line) PrefetchLine(row + line * 64);
  }
  SEGVEC_INLINE void Prefetch(uint32_t slot) const {
    PrefetchBegin(slot);
    PrefetchRest(slot);
  }

  SEGVEC_INLINE void Keys(const Query& query, const uint32_t* slots, size_t count, uint32_t* keys) const {
    for (size_t i = 0; i < count; i += 4) {
      const size_t batch = count - i < 4 ? count - i : 4;
      const uint8_t* rows[4];
      int32_t dots[4];
      for (size_t r = 0; r < batch; ++r) rows[r] = data.Row(slots[i + r]);
      DotCodesOfRows(query.values, rows, batch, data.block_count, dots);
      for (size_t r = 0; r < batch; ++r) {
        const int32_t correction = kIsIp ? 0 : data.corrections[slots[i + r]];
        keys[i + r] = KeyOf(query.constant + correction - kFactor * dots[r]);
      }
    }
  }

  SEGVEC_INLINE uint32_t Key(const Query& query, uint32_t slot) const {
    uint32_t key;
    Keys(query, &slot, 1, &key);
    return key;
  }

  // The key of `factor` times the distance behind `key`. REQUIRES: not ip, whose distances have no zero.
  SEGVEC_INLINE uint32_t ScaleKey(uint32_t key, float factor) const {
    const float scaled = static_cast<float>(DistanceOf(key)) * factor;
    return scaled < 2147483520.0f ? KeyOf(static_cast<int32_t>(scaled)) : ~uint32_t{0};
  }
};
