// Linking a slot into the graph (Malkov and Yashunin, Algorithms 1 and 4).
//
// Included inside the namespace of one instruction set, after greedy_search.inl.

// Exact copies of a vector are at the same distance from everything, so Algorithm 4 would fill a row with them and cut
// their cluster off from the rest. A row keeps only so many: the oldest, and the newest, which link the next copy in turn.
inline constexpr size_t kMaxTwins = 4;

// Chooses at most `limit` of the sorted `candidates` into context.chosen: each is nearer to `slot` than to any chosen
// before it (Algorithm 4, no fill), and few are copies of `slot` itself.
template <class Space>
void SelectNeighbors(const Space& space, uint32_t self_key, const uint64_t* candidates, size_t candidate_count,
                     size_t limit, BuildContext& context) {
  std::vector<uint64_t>& chosen = context.chosen;
  chosen.clear();
  uint32_t witnesses[2 * kMaxM];
  size_t twins_left = 0;  // copies of `slot` from here on, this one included
  for (size_t i = 0; i < candidate_count && chosen.size() < limit; ++i) {
    const uint32_t slot = CandidatePool::SlotOf(candidates[i]), key = CandidatePool::KeyOf(candidates[i]);
    bool is_kept = true;
    if (key == self_key) {
      const bool is_first_twin = twins_left == 0;
      if (is_first_twin) {
        while (i + twins_left < candidate_count && CandidatePool::KeyOf(candidates[i + twins_left]) == self_key) {
          ++twins_left;
        }
      }
      is_kept = is_first_twin || twins_left < kMaxTwins;
      --twins_left;
    } else {
      const auto query = space.QueryOf(slot);
      for (size_t w = 0; w < chosen.size() && is_kept; w += 4) {
        const size_t batch = chosen.size() - w < 4 ? chosen.size() - w : 4;
        uint32_t keys[4];
        space.Keys(query, witnesses + w, batch, keys);
        context.search.distance_count += batch;
        for (size_t j = 0; j < batch; ++j) is_kept = is_kept && keys[j] >= key;
      }
    }
    if (!is_kept) continue;
    witnesses[chosen.size()] = slot;
    chosen.push_back(candidates[i]);
  }
}

// Adds a link from `target` to `slot`; a full row is chosen anew from what it holds and the newcomer.
template <class Space>
void AddReverseLink(const Space& space, Graph& graph, uint32_t level, uint32_t target, uint32_t slot, uint32_t key,
                    BuildContext& context) {
  uint32_t* links = graph.Links(target, level);
  uint32_t* keys = graph.Keys(target, level);
  const size_t capacity = graph.RowCapacity(level);
  size_t degree = 0;
  while (degree < capacity && links[degree] != kNil) ++degree;
  if (degree < capacity) {
    keys[degree] = key;
    StoreLink(links[degree], slot);
    return;
  }
  std::vector<uint64_t>& candidates = context.overflow;
  candidates.clear();
  for (size_t i = 0; i < degree; ++i) candidates.push_back(CandidatePool::Entry(keys[i], links[i]));
  candidates.push_back(CandidatePool::Entry(key, slot));
  std::sort(candidates.begin(), candidates.end());
  const uint32_t self_key = space.Key(space.QueryOf(target), target);
  SelectNeighbors(space, self_key, candidates.data(), candidates.size(), capacity, context);
  for (size_t i = 0; i < capacity; ++i) {
    const bool is_used = i < context.chosen.size();
    if (is_used) keys[i] = CandidatePool::KeyOf(context.chosen[i]);
    StoreLink(links[i], is_used ? CandidatePool::SlotOf(context.chosen[i]) : kNil);
  }
}

template <class Space>
void InsertSlot(const Space& space, Graph& graph, uint32_t slot, uint32_t level, const BuildParameters& parameters,
                BuildContext& context) {
  level = graph.AddRows(slot, level);
  const Graph::Entry entry = graph.entry();
  if (entry.slot == kNil) {
    graph.SetEntry({slot, level});
    return;
  }
  const auto query = space.QueryOf(slot);
  const uint32_t self_key = space.Key(query, slot);
  const uint32_t top_level = level < entry.level ? level : entry.level;
  uint32_t nearest, nearest_key;
  DescendTo(space, graph, query, entry, top_level, slot, context.search, nearest, nearest_key);

  // All rows of the new slot are written before the first link to it: a reader that arrives on an upper level must
  // find a way on below.
  const CandidatePool& pool = context.search.pool;
  for (uint32_t l = top_level + 1; l-- > 0;) {
    if (l == 0) {
      SearchLevel<true>(space, graph, query, l, slot, parameters.ef_construction, nearest, nearest_key,
                        context.search);
    } else {
      SearchLevel<false>(space, graph, query, l, slot, parameters.ef_construction, nearest, nearest_key,
                         context.search);
    }
    nearest = CandidatePool::SlotOf(pool[0]);
    nearest_key = CandidatePool::KeyOf(pool[0]);
    SelectNeighbors(space, self_key, pool.begin(), pool.size(), graph.M(), context);
    uint32_t* links = graph.Links(slot, l);
    uint32_t* keys = graph.Keys(slot, l);
    for (size_t i = 0; i < context.chosen.size(); ++i) {
      links[i] = CandidatePool::SlotOf(context.chosen[i]);
      keys[i] = CandidatePool::KeyOf(context.chosen[i]);
    }
  }
  for (uint32_t l = 0; l <= top_level; ++l) {
    const uint32_t* links = graph.Links(slot, l);
    const uint32_t* keys = graph.Keys(slot, l);
    for (size_t i = 0; i < graph.M() && links[i] != kNil; ++i) {
      AddReverseLink(space, graph, l, links[i], slot, keys[i], context);
    }
  }
  // Last, when it can be left again (a promoted entry without links loses the whole graph).
  if (level > entry.level) graph.SetEntry({slot, level});
}
