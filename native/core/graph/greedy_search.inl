// Walking a graph towards a query (Malkov and Yashunin, Algorithm 2 and the descent of Algorithm 5).
//
// Included inside the namespace of one instruction set, after a space.

// Collects the neighbors of `slot` that the search has not seen, and their keys. The vectors are on their way to the cache before
// the first distance is computed: their beginning even where they turn out to be seen, which costs less than a branch that
// cannot be predicted.
template <bool kBaseLevel, class Space>
SEGVEC_INLINE size_t Expand(const Space& space, const Graph& graph, const typename Space::Query& query, uint32_t level,
                            uint32_t slot, SearchContext& context, uint32_t* fresh, uint32_t* keys) {
  const VisitedSet::Marks visited = context.visited.marks();
  size_t count = 0;
  graph.ForLinks(slot, kBaseLevel ? 0 : level, [&](uint32_t neighbor) {
    fresh[count] = neighbor;
    count += visited.Insert(neighbor) ? 1 : 0;
    space.PrefetchBegin(neighbor);
  });
  for (size_t i = 0; i < count; ++i) space.PrefetchRest(fresh[i]);
  space.Keys(query, fresh, count, keys);
  context.distance_count += count;
  if (context.touched != nullptr) [[unlikely]] {
    context.touched->NoteVectors(fresh, count);
    if (kBaseLevel) context.touched->links.push_back(slot);
  }
  return count;
}

// Moves to the nearest neighbor until none is nearer. `key` belongs to `slot` before and after. What the descent has seen on any level
// is no nearer than where it is now.
template <class Space>
void DescendLevel(const Space& space, const Graph& graph, const typename Space::Query& query, uint32_t level,
                  SearchContext& context, uint32_t& slot, uint32_t& key) {
  uint32_t fresh[kMaxM], keys[kMaxM];
  for (bool moved = true; moved;) {
    moved = false;
    const size_t count = Expand<false>(space, graph, query, level, slot, context, fresh, keys);
    for (size_t i = 0; i < count; ++i) {
      if (keys[i] < key) {
        key = keys[i];
        slot = fresh[i];
        moved = true;
      }
    }
  }
}

// From the entry down to `to_level`, not searching that level itself.
template <class Space>
void DescendTo(const Space& space, const Graph& graph, const typename Space::Query& query, Graph::Entry entry,
               uint32_t to_level, uint32_t slot_limit, SearchContext& context, uint32_t& slot, uint32_t& key) {
  slot = entry.slot;
  key = space.Key(query, slot);
  ++context.distance_count;
  if (context.touched != nullptr) [[unlikely]] context.touched->NoteVectors(&slot, 1);
  context.visited.Begin(slot_limit);
  context.visited.Insert(slot);
  for (uint32_t level = entry.level; level > to_level; --level) {
    DescendLevel(space, graph, query, level, context, slot, key);
  }
}

// As Expand, for the links that `slot` has instead of the one that is left out.
template <class Space>
size_t ExpandReplaced(const Space& space, const typename Space::Query& query, uint32_t slot, SearchContext& context,
                      uint32_t* fresh, uint32_t* keys) {
  const GraphWithout& without = *context.without;
  const size_t host = without.HostAt(slot);
  if (host == without.hosts.size()) return 0;
  size_t count = 0;
  for (uint32_t i = without.starts[host]; i < without.starts[host + 1]; ++i) {
    if (context.visited.Insert(without.links[i])) fresh[count++] = without.links[i];
  }
  space.Keys(query, fresh, count, keys);
  context.distance_count += count;
  return count;
}

// Where the pool is large, what gets in comes near its end: so many keys at once are passed over.
inline constexpr size_t kSkip = 4 * CandidatePool::kRankBlock;

// Counting the smaller keys has no unpredictable branches and no chain of loads to wait for, unlike a binary search.
SEGVEC_INLINE size_t Insert(CandidatePool& pool, uint64_t entry) {
  const uint32_t key = CandidatePool::KeyOf(entry);
  size_t rank = 0;
  while (rank + kSkip <= pool.size() && pool.keys()[rank + kSkip - 1] < key) rank += kSkip;
  for (size_t block = rank; block < pool.size(); block += CandidatePool::kRankBlock) {
    const uint32_t smaller = CountSmaller(pool.keys() + block, key);
    rank += smaller;
    if (smaller < CandidatePool::kRankBlock) break;
  }
  return pool.InsertAt(rank, entry);
}

// The first two lines hold the links that most rows have.
SEGVEC_INLINE void PrefetchLinks(const Graph& graph, uint32_t level, uint32_t slot) {
  const uint8_t* row = graph.Row(slot, level);
  PrefetchLine(row);
  PrefetchLine(row + std::min(graph.RowBytes(level) - 1, kLineBytes));
}

// A search of one level: begun, given the slots that it starts from, then walked.
inline void BeginLevel(uint32_t slot_limit, uint32_t ef, SearchContext& context) {
  context.visited.Begin(slot_limit);
  if (context.without != nullptr) context.visited.Insert(context.without->slot);
  context.pool.Begin(ef);
}
SEGVEC_INLINE void Seed(uint32_t slot, uint32_t key, SearchContext& context) {
  const uint64_t entry = CandidatePool::Entry(key, slot);
  if (context.visited.Insert(slot) && context.pool.Accepts(entry)) Insert(context.pool, entry);
}

// When a walk ends: when all that its beam holds is expanded, sooner as kStopFactor, kReachFactor and kPatience say, or when the
// nearest is as near as context.sought_key.
enum class WalkEnd { kBeam, kReach, kFound };

// Leaves the nearest slots met on one level in context.pool, at most its capacity (Algorithm 2).
template <bool kBaseLevel, WalkEnd kEnd, class Space>
void WalkLevel(const Space& space, const Graph& graph, const typename Space::Query& query, uint32_t level,
               SearchContext& context) {
  CandidatePool& pool = context.pool;
  constexpr bool kIsBounded = kEnd == WalkEnd::kReach && !Space::kIsIp;
  uint32_t fresh[2 * kMaxM], keys[2 * kMaxM];
  uint32_t reach = ~uint32_t{0};  // the largest key within it
  size_t idle_count = 0;          // slots since the last that led to one of the best
  for (uint64_t nearest; (nearest = pool.TakeNearest()) != CandidatePool::kNone;) {
    if constexpr (kEnd == WalkEnd::kFound) {
      if (CandidatePool::KeyOf(nearest) <= context.sought_key) break;
    }
    if constexpr (kIsBounded) {
      if (pool.size() >= kStopRank) {
        const uint32_t key = CandidatePool::KeyOf(pool[kStopRank - 1]);
        if (CandidatePool::KeyOf(nearest) > space.ScaleKey(key, kStopFactor) || ++idle_count > kPatience) break;
        reach = space.ScaleKey(key, kReachFactor);
      }
    }
    const uint32_t slot = CandidatePool::SlotOf(nearest);
    if (const uint32_t next = pool.PeekNearest(); next != kNil) PrefetchLinks(graph, kBaseLevel ? 0 : level, next);
    const auto offer = [&](size_t count) {
      for (size_t i = 0; i < count; ++i) {
        const uint64_t entry = CandidatePool::Entry(keys[i], fresh[i]);
        if (!pool.Accepts(entry) || (kIsBounded && keys[i] > reach)) continue;
        const size_t rank = Insert(pool, entry);
        if (kIsBounded && rank < kStopRank) idle_count = 0;
        if (rank == pool.cursor()) PrefetchLinks(graph, kBaseLevel ? 0 : level, fresh[i]);
      }
    };
    offer(Expand<kBaseLevel>(space, graph, query, level, slot, context, fresh, keys));
    if constexpr (kBaseLevel && kEnd == WalkEnd::kBeam) {
      if (context.without != nullptr) [[unlikely]] offer(ExpandReplaced(space, query, slot, context, fresh, keys));
    }
  }
}

template <bool kBaseLevel, WalkEnd kEnd, class Space>
void SearchLevel(const Space& space, const Graph& graph, const typename Space::Query& query, uint32_t level,
                 uint32_t slot_limit, uint32_t ef, uint32_t slot, uint32_t key, SearchContext& context) {
  BeginLevel(slot_limit, ef, context);
  Seed(slot, key, context);
  WalkLevel<kBaseLevel, kEnd>(space, graph, query, level, context);
}

// The same on level 0 when some slots may not be returned: they are walked through but stay out of the pool, so
// candidates need a heap of their own. Where few slots are visible it takes long to fill the pool: returns false, with the
// pool unfinished, after `most_distances`.
template <class Space>
bool SearchVisible(const Space& space, const Graph& graph, const typename Space::Query& query, uint32_t slot_limit,
                   uint32_t ef, const Visibility& visibility, uint64_t most_distances, uint32_t slot, uint32_t key,
                   SearchContext& context) {
  CandidatePool& pool = context.pool;
  std::vector<uint64_t>& heap = context.heap;
  context.visited.Begin(slot_limit);
  context.visited.Insert(slot);
  if (context.without != nullptr) context.visited.Insert(context.without->slot);
  pool.Begin(ef);
  heap.assign(1, CandidatePool::Entry(key, slot));
  if (visibility.Contains(slot)) Insert(pool, heap.front());
  const uint64_t last_distance = context.distance_count + most_distances;
  uint32_t fresh[2 * kMaxM], keys[2 * kMaxM];
  while (!heap.empty()) {
    const uint64_t nearest = heap.front();
    if (!pool.Accepts(nearest) && nearest > pool.bound()) break;
    if (context.distance_count > last_distance) return false;
    std::pop_heap(heap.begin(), heap.end(), std::greater<uint64_t>());
    heap.pop_back();
    if (!heap.empty()) PrefetchLinks(graph, 0, CandidatePool::SlotOf(heap.front()));
    const auto offer = [&](size_t count) {
      for (size_t i = 0; i < count; ++i) {
        const uint64_t entry = CandidatePool::Entry(keys[i], fresh[i]);
        if (!pool.Accepts(entry)) continue;
        heap.push_back(entry);
        std::push_heap(heap.begin(), heap.end(), std::greater<uint64_t>());
        if (visibility.Contains(fresh[i])) Insert(pool, entry);
      }
    };
    slot = CandidatePool::SlotOf(nearest);
    offer(Expand<true>(space, graph, query, 0, slot, context, fresh, keys));
    if (context.without != nullptr) [[unlikely]] offer(ExpandReplaced(space, query, slot, context, fresh, keys));
  }
  return true;
}

// Level 0 with tombstones. Where they are spread evenly, a beam that is wider by their share holds `ef` living slots, and
// the plain search is the faster one. Where they lie in this query's way, that one finds too few and the other takes over. Where
// nearly all of the beam is asked for, it is a little wider: among so few slots the share of the dead is a matter of chance.
template <class Space>
bool SearchAmongDead(const Space& space, const Graph& graph, const typename Space::Query& query, uint32_t slot_limit,
                     uint32_t ef, const Visibility& visibility, uint32_t slot, uint32_t key, SearchContext& context) {
  const CandidatePool& pool = context.pool;
  const uint64_t live_count = visibility.live_count();
  if (visibility.slot_count >= slot_limit && live_count > 0) {
    const uint64_t least_count = std::min<uint64_t>(context.least_found, live_count);
    const uint64_t even_ef = uint64_t{ef} * visibility.slot_count / live_count + 1;
    const uint64_t wider_ef = least_count > ef - ef / kMostMissingShare ? even_ef + even_ef / 8 : even_ef;
    if (wider_ef < live_count) {
      SearchLevel<true, WalkEnd::kBeam>(space, graph, query, 0, slot_limit, static_cast<uint32_t>(wider_ef), slot, key, context);
      if (pool.size() < pool.capacity()) return true;
      size_t found_count = 0;
      for (size_t i = 0; i < pool.size(); ++i) found_count += visibility.Contains(CandidatePool::SlotOf(pool[i]));
      if (found_count >= std::max<uint64_t>(least_count, ef - ef / kMostMissingShare)) return true;
    }
  }
  // A scan takes a distance for each living slot, and half the time for each that this walk takes.
  return SearchVisible(space, graph, query, slot_limit, ef, visibility, live_count / 2, slot, key, context);
}
