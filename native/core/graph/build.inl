// Linking slots into the graph (Malkov and Yashunin, Algorithms 1 and 4), in batches: the slots of a batch search the
// graph as it was before the batch, then the links back are added. The scheme is that of ParlayANN (Dobson et al., PPoPP
// 2024, batch insertion): no locks, and the same graph for any number of workers.
//
// Included inside the namespace of one instruction set, after greedy_search.inl.

// Exact copies of a vector are at the same distance from everything, so Algorithm 4 would fill a row with them and cut
// their cluster off from the rest. A row keeps only so many, half of a short one: the oldest, and the newest, which link the next
// copy in turn.
inline constexpr size_t kMaxTwins = 4;

// Candidates are compared with the chosen in groups of so many: a witness meets four rows in one pass of its own.
inline constexpr size_t kSelectGroup = 16;

// Once three quarters of the links are chosen, candidates beyond the nearest, so many to each link, are not looked at. They cost
// distances and make rows longer, with links that searches hardly gain from. Against looking at all 200: 0.91 to 0.97 of a
// build's distances on SIFT, Fashion-MNIST, LSA and text, and of those of searches 0.97 to 0.99 at recall 0.95, 0.94 to 1.00 at
// 0.99. With half of the links it is 0.82 to 0.88 of a build's, but then a search with the same ef finds up to a point less;
// with none, clusters of some hundred vectors are cut off (text: recall ended below 0.999).
inline constexpr size_t kCandidatesPerLink = 5;

// The candidates of a group that no witness has put aside yet, in order.
struct Contenders {
  uint32_t slots[kSelectGroup], keys[kSelectGroup];
  size_t count = 0;
};

// Puts aside the contenders from `begin` on that are nearer to the witness than their key says they are to the slot.
template <class Space>
SEGVEC_INLINE void Compare(const Space& space, const typename Space::Query& witness, size_t begin,
                           Contenders& contenders, SearchContext& context) {
  uint32_t keys[kSelectGroup];
  space.Keys(witness, contenders.slots + begin, contenders.count - begin, keys);
  context.distance_count += contenders.count - begin;
  size_t kept = begin;
  for (size_t i = begin; i < contenders.count; ++i) {
    const uint32_t slot = contenders.slots[i], key = contenders.keys[i];
    contenders.slots[kept] = slot;
    contenders.keys[kept] = key;
    kept += keys[i - begin] >= key ? 1 : 0;
  }
  contenders.count = kept;
}

// Chooses at most `limit` of the sorted `candidates` into context.chosen: each is nearer to `slot` than to any chosen
// before it (Algorithm 4, no fill), and few are copies of `slot` itself; the farthest may not be looked at (kCandidatesPerLink).
// `candidates` is a pool or a vector of entries.
template <class Space, class Candidates>
void SelectNeighbors(const Space& space, uint32_t self_key, const Candidates& candidates, size_t limit,
                     BuildContext& context) {
  const size_t candidate_count = candidates.size();
  std::vector<uint64_t>& chosen = context.chosen;
  chosen.clear();
  typename Space::Query witnesses[2 * kMaxM];
  const size_t most_twins = std::min(kMaxTwins, limit / 2);
  size_t twins_left = 0;  // copies of `slot` from here on, this one included
  for (size_t begin = 0; begin < candidate_count; begin += kSelectGroup) {
    if (begin >= kCandidatesPerLink * limit && 4 * chosen.size() >= 3 * limit) return;
    const size_t end = begin + kSelectGroup < candidate_count ? begin + kSelectGroup : candidate_count;
    Contenders contenders;
    for (size_t i = begin; i < end; ++i) {
      const uint32_t key = CandidatePool::KeyOf(candidates[i]);
      contenders.slots[contenders.count] = CandidatePool::SlotOf(candidates[i]);
      contenders.keys[contenders.count] = key;
      contenders.count += key == self_key ? 0 : 1;
    }
    for (size_t w = 0; w < chosen.size() && contenders.count > 0; ++w) {
      Compare(space, witnesses[w], 0, contenders, context.search);
    }
    size_t next = 0;  // the contender whose turn it is
    for (size_t i = begin; i < end; ++i) {
      const uint32_t slot = CandidatePool::SlotOf(candidates[i]);
      if (CandidatePool::KeyOf(candidates[i]) == self_key) {
        const bool is_first_twin = twins_left == 0;
        if (is_first_twin) {
          while (i + twins_left < candidate_count && CandidatePool::KeyOf(candidates[i + twins_left]) == self_key) {
            ++twins_left;
          }
        }
        const bool is_kept = is_first_twin || twins_left < most_twins;
        --twins_left;
        if (!is_kept) continue;
      } else {
        if (next == contenders.count || contenders.slots[next] != slot) continue;
        ++next;
      }
      chosen.push_back(candidates[i]);
      if (chosen.size() == limit) return;
      typename Space::Query& witness = witnesses[chosen.size() - 1];
      witness = space.QueryOf(slot, chosen.size() - 1, context.witnesses.data());
      if (next < contenders.count) Compare(space, witness, next, contenders, context.search);
    }
  }
}

// Sorts `count` slots by their distance from `query` into context.overflow, behind what is there.
template <class Space>
void RankCandidates(const Space& space, const typename Space::Query& query, const uint32_t* slots, size_t count,
                    BuildContext& context) {
  std::vector<uint64_t>& candidates = context.overflow;
  for (size_t i = 0; i < count; ++i) space.Prefetch(slots[i]);
  for (size_t i = 0; i < count; i += kSelectGroup) {
    uint32_t keys[kSelectGroup];
    const size_t group = std::min(kSelectGroup, count - i);
    space.Keys(query, slots + i, group, keys);
    for (size_t j = 0; j < group; ++j) candidates.push_back(CandidatePool::Entry(keys[j], slots[i + j]));
  }
  context.search.distance_count += count;
  std::sort(candidates.begin(), candidates.end());
}

// Adds a link from `target` to `slot`; a full row is chosen anew from what it holds and the newcomer. Its distances are computed
// for that: the vectors of all candidates are read anyway, and builds that kept the distance of each link took as long (0.97 to
// 1.09 times), for 128 bytes a slot.
template <class Space>
void AddReverseLink(const Space& space, Graph& graph, uint32_t level, uint32_t target, uint32_t slot, BuildContext& context) {
  uint32_t* links = graph.Links(target, level);
  const size_t capacity = graph.RowCapacity(level), degree = graph.Degree(target, level);
  if (degree < capacity) {
    StoreLink(links[degree], slot);
    if (level == 0) graph.CountLink(slot, 1);
    return;
  }
  uint32_t slots[2 * kMaxM + 1];
  std::copy_n(links, degree, slots);
  slots[degree] = slot;
  const auto query = space.QueryOf(target, context.candidate.values);
  std::vector<uint64_t>& candidates = context.overflow;
  candidates.clear();
  RankCandidates(space, query, slots, degree + 1, context);
  SelectNeighbors(space, space.Key(query, target), candidates, capacity, context);
  for (size_t i = 0; i < capacity; ++i) {
    const bool is_used = i < context.chosen.size();
    StoreLink(links[i], is_used ? CandidatePool::SlotOf(context.chosen[i]) : kNil);
  }
  if (level > 0) return;
  graph.CountLink(slot, 1);
  size_t kept = 0;  // the chosen are among the candidates, in their order
  for (const uint64_t candidate : candidates) {
    if (kept < context.chosen.size() && context.chosen[kept] == candidate) {
      ++kept;
      continue;
    }
    const uint32_t dropped = CandidatePool::SlotOf(candidate);
    graph.CountLink(dropped, -1);
    if (dropped < context.first_new_slot) context.bereft.push_back(dropped);  // there is room
  }
}

// Searches for the neighbors of `slot` among the linked slots below `slot_limit` and writes its own rows. Nothing that
// others read is changed, so that the slots of one batch can be done side by side. REQUIRES: AddRows(slot, level).
template <class Space>
void ChooseLinks(const Space& space, Graph& graph, uint32_t slot, uint32_t level, uint32_t slot_limit,
                 const BuildParameters& parameters, BuildContext& context) {
  const Graph::Entry entry = graph.entry();
  const auto query = space.QueryOf(slot, context.inserted.values);
  const uint32_t self_key = space.Key(query, slot);
  const uint32_t top_level = level < entry.level ? level : entry.level;
  uint32_t nearest, nearest_key;
  DescendTo(space, graph, query, entry, top_level, slot_limit, context.search, nearest, nearest_key);
  const CandidatePool& pool = context.search.pool;
  for (uint32_t l = top_level + 1; l-- > 0;) {
    if (l == 0) {
      SearchLevel<true, WalkEnd::kReach>(space, graph, query, l, slot_limit, parameters.ef_construction, nearest,
                                         nearest_key, context.search);
    } else {
      SearchLevel<false, WalkEnd::kReach>(space, graph, query, l, slot_limit, parameters.ef_construction, nearest,
                                          nearest_key, context.search);
    }
    nearest = CandidatePool::SlotOf(pool[0]);
    nearest_key = CandidatePool::KeyOf(pool[0]);
    SelectNeighbors(space, self_key, pool, graph.M(), context);
    uint32_t* links = graph.Links(slot, l);
    for (size_t i = 0; i < context.chosen.size(); ++i) {
      links[i] = CandidatePool::SlotOf(context.chosen[i]);
      if (l == 0) graph.CountLink(links[i], 1);
    }
  }
}

// Adds the links back to the slots of a batch: those into targets that are this worker's. Each target belongs to one
// worker and gets its links in the order of the slots, so the result does not depend on how many workers there are.
template <class Space>
void LinkBack(const Space& space, Graph& graph, const Batch& batch, uint32_t worker, uint32_t worker_count,
              BuildContext& context) {
  for (uint32_t slot = batch.begin; slot < batch.end; ++slot) {
    for (uint32_t l = 0; l <= batch.levels[slot - batch.begin]; ++l) {
      uint32_t targets[2 * kMaxM];
      size_t target_count = 0;
      const uint32_t* links = graph.Links(slot, l);
      for (size_t i = 0; i < graph.RowCapacity(l) && links[i] != kNil; ++i) {
        if (links[i] % worker_count != worker || links[i] >= batch.target_limit) continue;
        targets[target_count++] = links[i];
        const uint8_t* row = graph.Row(links[i], l);
        for (size_t at = 0; at < graph.RowBytes(l); at += kLineBytes) PrefetchLine(row + at);
      }
      for (size_t i = 0; i < target_count; ++i) AddReverseLink(space, graph, l, targets[i], slot, context);
    }
  }
}

// Whether a search for the row of `slot` meets it, or a copy of it; when it does not, the nearest slots are in the pool. What
// it read until then is in context.read. Under ip many others can be nearer to a vector than itself: there it is enough
// that a link leads to it.
template <class Space>
bool FindsItself(const Space& space, const Graph& graph, uint32_t slot, uint32_t slot_limit, uint32_t ef,
                 BuildContext& context) {
  context.read.Clear();
  if (Space::kIsIp && graph.in_degree(slot) > 0) return true;
  const auto query = space.QueryOf(slot, context.inserted.values);
  const uint32_t self_key = space.Key(query, slot);
  SearchContext& search = context.search;
  search.sought_key = self_key;
  search.touched = &context.read;
  const struct Unset {
    SearchContext& search;
    ~Unset() { search.touched = nullptr; }
  } unset{search};
  uint32_t nearest, nearest_key;
  DescendTo(space, graph, query, graph.entry(), 0, slot_limit, search, nearest, nearest_key);
  constexpr WalkEnd kEnd = Space::kIsIp ? WalkEnd::kBeam : WalkEnd::kFound;
  SearchLevel<true, kEnd>(space, graph, query, 0, slot_limit, ef, nearest, nearest_key, search);
  const CandidatePool& pool = search.pool;
  if (!Space::kIsIp && CandidatePool::KeyOf(pool[0]) <= self_key) return true;
  for (size_t i = 0; i < pool.size(); ++i) {
    if (CandidatePool::SlotOf(pool[i]) == slot) return true;
  }
  return false;
}

// Puts a link to `slot` into a place of a row on level 0; what gives way to it is noted as bereft.
inline void PutLink(Graph& graph, uint32_t host, size_t place, uint32_t slot, BuildContext& context) {
  uint32_t* links = graph.Links(host, 0);
  if (links[place] != kNil) {
    context.bereft.push_back(links[place]);
    graph.CountLink(links[place], -1);
  }
  graph.CountLink(slot, 1);
  StoreLink(links[place], slot);
}

// Links to `slot` from the nearest of the slots that a search for it meets whose row has a free place. Where none has, the farthest of them
// gives up its last link, the newest of a row that was never full and the farthest of one that was. Under ip only a link gives way that is not the
// last to its slot: where a few long vectors are all that searches meet, slots would take it from each other.
// Returns the slot that got a new link, kNil when none was needed.
template <class Space>
uint32_t Attach(const Space& space, Graph& graph, uint32_t slot, uint32_t slot_limit, uint32_t ef, BuildContext& context) {
  if (FindsItself(space, graph, slot, slot_limit, ef, context)) return kNil;
  const CandidatePool& pool = context.search.pool;
  const size_t capacity = graph.RowCapacity(0);
  for (size_t i = 0; i < pool.size(); ++i) {
    const uint32_t host = CandidatePool::SlotOf(pool[i]);
    const uint32_t* links = graph.Links(host, 0);
    const bool is_last_try = i + 1 == pool.size();
    size_t place = 0;
    bool is_linked = false;
    for (; place < capacity && links[place] != kNil; ++place) is_linked = is_linked || links[place] == slot;
    if (is_linked) return kNil;  // the beam was full of nearer ones; a wider one finds it
    if (place == capacity) {
      if (!is_last_try) continue;
      place = capacity - 1;
      if (Space::kIsIp && graph.in_degree(links[place]) <= 1) return kNil;
    }
    PutLink(graph, host, place, slot, context);
    return host;
  }
  return kNil;
}
