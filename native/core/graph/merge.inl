// Merging graphs: mending rows whose links were lost, and joining a graph to another.
//
// A joined slot keeps what it knows: its links within its own graph are candidates at no cost, so that only the other graph is
// searched, with a narrow beam, from where its neighbors have been placed.
//
// Included inside the namespace of one instruction set, after build.inl.

// Writes a row: what was chosen into context.chosen, in the place of the links counted so far.
inline void WriteChosen(Graph& graph, uint32_t slot, uint32_t level, BuildContext& context) {
  uint32_t* links = graph.Links(slot, level);
  const size_t capacity = graph.RowCapacity(level);
  for (size_t i = 0; i < capacity; ++i) {
    if (level == 0 && links[i] != kNil) graph.CountLink(links[i], -1);
    const bool is_used = i < context.chosen.size();
    links[i] = is_used ? CandidatePool::SlotOf(context.chosen[i]) : kNil;
    if (level == 0 && is_used) graph.CountLink(links[i], 1);
  }
}

// Adds to `chosen` the nearest of the candidates that were not, of those from `first_slot` on, until it holds `floor`. Both are in
// order.
inline void FillUp(const std::vector<uint64_t>& candidates, uint32_t first_slot, size_t floor, std::vector<uint64_t>& chosen) {
  const size_t chosen_count = chosen.size();
  for (size_t i = 0, passed = 0; i < candidates.size() && chosen.size() < floor; ++i) {
    if (passed < chosen_count && chosen[passed] == candidates[i]) {
      ++passed;
    } else if (CandidatePool::SlotOf(candidates[i]) >= first_slot) {
      chosen.push_back(candidates[i]);
    }
  }
}

// Chooses the row of `slot` from `candidates`, none of which is `slot` or there twice. A row that the heuristic leaves with fewer
// than `floor` links is filled up with the nearest of the rest.
template <class Space>
void ReselectRow(const Space& space, Graph& graph, uint32_t slot, uint32_t level, const std::vector<uint32_t>& candidates,
                 size_t floor, BuildContext& context) {
  const auto query = space.QueryOf(slot, context.inserted.values);
  const uint32_t self_key = space.Key(query, slot);
  std::vector<uint64_t>& sorted = context.overflow;
  sorted.clear();
  RankCandidates(space, query, candidates.data(), candidates.size(), context);
  SelectNeighbors(space, self_key, sorted, graph.RowCapacity(level), context);
  FillUp(sorted, 0, floor, context.chosen);
  WriteChosen(graph, slot, level, context);
}

// Where the search for the neighbors of a joined slot begins: the nearest slot that one of its neighbors within its own graph has
// found, of those that have been placed already ([first_joined, placed_end)). Returns how many there are, at most kMaxSeeds.
inline constexpr size_t kMaxSeeds = 4;
inline size_t CollectSeeds(const Graph& graph, uint32_t slot, uint32_t first_joined, uint32_t placed_end, uint32_t* seeds) {
  const uint32_t* links = graph.Links(slot, 0);
  size_t count = 0;
  for (size_t i = 0; i < graph.RowCapacity(0) && links[i] != kNil && count < kMaxSeeds; ++i) {
    if (links[i] < first_joined || links[i] >= placed_end) continue;
    const uint32_t* found = graph.Links(links[i], 0);
    for (size_t j = 0; j < graph.RowCapacity(0) && found[j] != kNil; ++j) {
      if (found[j] >= first_joined) continue;
      if (std::find(seeds, seeds + count, found[j]) == seeds + count) seeds[count++] = found[j];
      break;  // a chosen row is in order
    }
  }
  return count;
}

// A joined row keeps so many tenths of the links it came with, the nearest, even if the heuristic finds a way around them by the
// other graph: rows of a graph that was built at once hold such links, too. Without them recall at ef 10 is 0.01 to 0.02 lower,
// with all of them a search computes 5 % more distances (SIFT, LSA and Fashion-MNIST, two times 8,000 to 10,000).
inline constexpr size_t kKeptTenths = 9;

// Gives a slot of [first_joined, ...), whose rows hold its links within the graph it comes from, links into the graph below
// first_joined. Only its own rows are written, and only rows of slots below placed_end are read.
template <class Space>
void JoinSlot(const Space& space, Graph& graph, uint32_t slot, uint32_t first_joined, uint32_t placed_end,
              const BuildParameters& parameters, BuildContext& context) {
  const auto query = space.QueryOf(slot, context.inserted.values);
  const uint32_t self_key = space.Key(query, slot);
  const Graph::Entry entry = graph.entry();
  const uint32_t top_level = std::min(graph.LevelOf(slot), entry.level);
  CandidatePool& pool = context.search.pool;
  uint32_t seeds[kMaxSeeds], keys[kMaxSeeds];
  size_t seed_count = top_level == 0 ? CollectSeeds(graph, slot, first_joined, placed_end, seeds) : 0;
  if (seed_count == 0) {
    DescendTo(space, graph, query, entry, top_level, first_joined, context.search, seeds[0], keys[0]);
    seed_count = 1;
  } else {
    space.Keys(query, seeds, seed_count, keys);
    context.search.distance_count += seed_count;
  }
  for (uint32_t l = top_level + 1; l-- > 0;) {
    BeginLevel(first_joined, parameters.ef_construction, context.search);
    for (size_t i = 0; i < seed_count; ++i) Seed(seeds[i], keys[i], context.search);
    if (l == 0) {
      WalkLevel<true, WalkEnd::kReach>(space, graph, query, l, context.search);
    } else {
      WalkLevel<false, WalkEnd::kReach>(space, graph, query, l, context.search);
    }
    seeds[0] = CandidatePool::SlotOf(pool[0]);
    keys[0] = CandidatePool::KeyOf(pool[0]);
    seed_count = 1;

    std::vector<uint64_t>& candidates = context.overflow;
    candidates.clear();
    for (size_t i = 0; i < pool.size(); ++i) candidates.push_back(pool[i] & ~CandidatePool::kExpanded);
    const size_t own_degree = graph.Degree(slot, l);
    RankCandidates(space, query, graph.Links(slot, l), own_degree, context);
    SelectNeighbors(space, self_key, candidates, graph.RowCapacity(l), context);
    FillUp(candidates, first_joined, own_degree * kKeptTenths / 10, context.chosen);
    WriteChosen(graph, slot, l, context);
  }
}
