// The loops of one instruction set. Included inside its namespace, after its simd_*.inl.

#include "distance/float_kernels.inl"
//
#include "graph/float_space.inl"
//
#include "graph/greedy_search.inl"
//
#include "graph/build.inl"

template <Metric kMetric>
void Search(const FloatRows& rows, const Graph& graph, const FloatQuery& query, uint32_t slot_limit, uint32_t ef,
            const Visibility& visibility, SearchContext& context) {
  const FloatSpace<kMetric> space{rows};
  uint32_t slot, key;
  DescendTo(space, graph, query, graph.entry(), 0, slot_limit, context, slot, key);
  const bool all_visible = visibility.dead == nullptr && visibility.slot_count >= slot_limit;
  if (all_visible) {
    SearchLevel<true>(space, graph, query, 0, slot_limit, ef, slot, key, context);
  } else {
    SearchVisible(space, graph, query, slot_limit, ef, visibility, slot, key, context);
  }
}

template <Metric kMetric>
void Scan(const FloatRows& rows, const uint64_t* ids, const FloatQuery& query, uint32_t begin, uint32_t end,
          const Visibility& visibility, Nearest& nearest) {
  const FloatSpace<kMetric> space{rows};
  for (uint32_t slot = begin; slot < end; slot += 4) {
    const uint32_t slots[4] = {slot, slot + 1, slot + 2, slot + 3};
    const size_t count = end - slot < 4 ? end - slot : 4;
    uint32_t keys[4];
    space.Keys(query, slots, count, keys);
    for (size_t i = 0; i < count; ++i) {
      if (nearest.Accepts(keys[i]) && visibility.Contains(slots[i])) nearest.Add({keys[i], ids[slots[i]]});
    }
  }
}

template <Metric kMetric>
void Insert(const FloatRows& rows, Graph& graph, uint32_t slot, uint32_t level, const BuildParameters& parameters,
            BuildContext& context) {
  InsertSlot(FloatSpace<kMetric>{rows}, graph, slot, level, parameters, context);
}

template <Metric kMetric>
inline constexpr Loops kLoopsOf{Search<kMetric>, Scan<kMetric>, Insert<kMetric>};

const Loops& LoopsOf(Metric metric) {
  switch (metric) {
    case Metric::kL2: return kLoopsOf<Metric::kL2>;
    case Metric::kCosine: return kLoopsOf<Metric::kCosine>;
    case Metric::kIp: return kLoopsOf<Metric::kIp>;
  }
  return kLoopsOf<Metric::kL2>;
}
