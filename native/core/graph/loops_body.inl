// The loops of one instruction set. Included inside its namespace, after its simd_*.inl; float_loops.inl follows where there are
// instructions for floats that the set before has not.

#include "distance/float_kernels.inl"
//
#include "distance/code_kernels.inl"
//
#include "graph/float_space.inl"
//
#include "graph/code_space.inl"
//
#include "graph/greedy_search.inl"
//
#include "graph/build.inl"
//
#include "graph/twins.inl"
//
#include "graph/leave_out.inl"
//
#include "graph/merge.inl"

template <class Space>
bool Search(const SegmentRows& rows, const Graph& graph, const SegmentQuery& query, uint32_t slot_limit, uint32_t ef,
            const Visibility& visibility, SearchContext& context) {
  const Space space(rows);
  const auto& space_query = Space::Select(query);
  uint32_t slot, key;
  // The entry may have been added since the limit was read: all up to it is there then.
  const Graph::Entry entry = graph.entry();
  slot_limit = std::max(slot_limit, entry.slot + 1);
  DescendTo(space, graph, space_query, entry, 0, slot_limit, context, slot, key);
  const bool all_visible = visibility.dead == nullptr && visibility.slot_count >= slot_limit;
  if (!all_visible) {
    return SearchAmongDead(space, graph, space_query, slot_limit, ef, visibility, slot, key, context);
  }
  SearchLevel<true, WalkEnd::kBeam>(space, graph, space_query, 0, slot_limit, ef, slot, key, context);
  return true;
}

// The living among the slots [begin, end), gathered so that distances are computed of blocks of them.
template <Metric kMetric>
void ScanLiving(const FloatRows& rows, const uint64_t* ids, const FloatQuery& query, uint32_t begin, uint32_t end,
                const Bitset& dead, Nearest& nearest) {
  const FloatSpace<kMetric> space(SegmentRows{rows, {}});
  constexpr uint32_t kWord = 64;
  uint32_t slots[kWord], keys[kWord];
  for (uint32_t first = begin / kWord * kWord; first < end; first += kWord) {
    uint64_t living = ~dead.Word(first / kWord);
    if (first < begin) living &= ~uint64_t{0} << (begin - first);
    if (end - first < kWord) living &= ~uint64_t{0} >> (kWord - (end - first));
    size_t count = 0;
    for (; living != 0; living &= living - 1) {
      slots[count] = first + static_cast<uint32_t>(std::countr_zero(living));
      space.Prefetch(slots[count++]);
    }
    space.Keys(query, slots, count, keys);
    for (size_t i = 0; i < count; ++i) {
      if (nearest.Accepts(keys[i])) nearest.Add({keys[i], ids[slots[i]]});
    }
  }
}

// One row after the other: four at a time, as the graph loops measure them, are four streams that the processor's prefetcher
// does not see through: 1.6 to 3.2 times the time for rows of 128 to 1,536 floats (AVX-512, measured by bench/native/kernels.cc).
template <Metric kMetric>
void Scan(const FloatRows& rows, const uint64_t* ids, const FloatQuery& query, uint32_t begin, uint32_t end,
          const Visibility& visibility, Nearest& nearest) {
  if (visibility.dead != nullptr) return ScanLiving<kMetric>(rows, ids, query, begin, end, *visibility.dead, nearest);
  const FloatSpace<kMetric> space(SegmentRows{rows, {}});
  for (uint32_t slot = begin; slot < end; ++slot) {
    const uint32_t key = space.Key(query, slot);
    if (nearest.Accepts(key) && visibility.Contains(slot)) nearest.Add({key, ids[slot]});
  }
}

template <Metric kMetric>
void Rerank(const FloatRows& rows, const FloatQuery& query, const uint32_t* slots, size_t count, uint32_t* keys) {
  const FloatSpace<kMetric> space(SegmentRows{rows, {}});
  for (size_t i = 0; i < count; ++i) space.Prefetch(slots[i]);
  space.Keys(query, slots, count, keys);
}

template <class Space>
void Choose(const SegmentRows& rows, Graph& graph, uint32_t slot, uint32_t level, uint32_t slot_limit,
            const BuildParameters& parameters, BuildContext& context) {
  ChooseLinks(Space(rows), graph, slot, level, slot_limit, parameters, context);
}

template <class Space>
void Link(const SegmentRows& rows, Graph& graph, const Batch& batch, uint32_t worker, uint32_t worker_count,
          BuildContext& context) {
  LinkBack(Space(rows), graph, batch, worker, worker_count, context);
}

template <class Space>
bool Finds(const SegmentRows& rows, const Graph& graph, uint32_t slot, uint32_t slot_limit, uint32_t ef,
           BuildContext& context) {
  return FindsItself(Space(rows), graph, slot, slot_limit, ef, context);
}

template <class Space>
uint32_t AttachSlot(const SegmentRows& rows, Graph& graph, uint32_t slot, uint32_t slot_limit, uint32_t ef,
                    BuildContext& context) {
  return Attach(Space(rows), graph, slot, slot_limit, ef, context);
}

template <class Space>
uint32_t AttachSlotToTwin(const SegmentRows& rows, Graph& graph, uint32_t slot, uint32_t met, BuildContext& context) {
  return AttachTwin(Space(rows), graph, slot, met, context);
}

template <class Space>
void LeaveSlotOut(const SegmentRows& rows, const Graph& graph, uint32_t slot, uint32_t slot_limit, BuildContext& context,
                  GraphWithout& without) {
  LeaveOut(Space(rows), graph, slot, slot_limit, context, without);
}

template <class Space>
void Reselect(const SegmentRows& rows, Graph& graph, uint32_t slot, uint32_t level, const std::vector<uint32_t>& candidates,
              size_t floor, BuildContext& context) {
  ReselectRow(Space(rows), graph, slot, level, candidates, floor, context);
}

template <class Space>
void Join(const SegmentRows& rows, Graph& graph, uint32_t slot, uint32_t first_joined, uint32_t placed_end,
          const BuildParameters& parameters, BuildContext& context) {
  JoinSlot(Space(rows), graph, slot, first_joined, placed_end, parameters, context);
}

template <class Space>
constexpr Loops LoopsOn(decltype(Loops::scan) scan, decltype(Loops::rerank) rerank) {
  return {Search<Space>, scan, rerank,
          Choose<Space>, Link<Space>, LeaveSlotOut<Space>, Finds<Space>, AttachSlot<Space>, AttachSlotToTwin<Space>,
          Reselect<Space>, Join<Space>};
}

template <bool kIsIp>
inline constexpr Loops kLoopsOnCodes = LoopsOn<CodeSpace<kIsIp>>(nullptr, nullptr);

const Loops& CodeLoopsOf(Metric metric) { return metric == Metric::kIp ? kLoopsOnCodes<true> : kLoopsOnCodes<false>; }
