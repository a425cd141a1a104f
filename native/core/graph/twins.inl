// Ways to all copies of a vector.
//
// A search for copies meets the same few of them, whose rows keep only so many links to others (kMaxTwins), so that most of
// some hundred copies would be lost. So they hang on one another as well, as a tree: its root is one that searches meet, and each
// leads to as many as its row has room for.
//
// Included inside the namespace of one instruction set, after build.inl.

// A walk down the tree ends after so many copies, of which each leads to a dozen others or so.
inline constexpr size_t kMostTwinSteps = 64;

// Links to `slot` from a copy of it: the first with a free place on a walk from `met`, a copy that is led to itself. Returns that
// copy, kNil when there is none. Where nobody knows of one, as under ip, `met` may be `slot`: the walk begins where its own links
// lead then, which may all be slots that only it leads to.
template <class Space>
uint32_t AttachTwin(const Space& space, Graph& graph, uint32_t slot, uint32_t met, BuildContext& context) {
  const uint32_t self_key = space.Key(space.QueryOf(slot, context.inserted.values), slot);
  const size_t capacity = graph.RowCapacity(0);
  uint64_t turn = slot;
  uint32_t host = met;
  for (size_t step = 0; step < kMostTwinSteps; ++step) {
    const uint32_t* links = graph.Links(host, 0);
    size_t degree = 0, twin_count = 0;
    for (; degree < capacity && links[degree] != kNil; ++degree) {
      if (links[degree] == slot) return host;
    }
    if (host != slot && degree < capacity) {
      PutLink(graph, host, degree, slot, context);
      return host;
    }
    uint32_t twins[2 * kMaxM], keys[2 * kMaxM];
    space.Keys(space.QueryOf(host, context.candidate.values), links, degree, keys);
    for (size_t i = 0; i < degree; ++i) {
      if (keys[i] != self_key) continue;
      // Under ip what has the same product with a vector need not be a copy of it.
      const auto own_key = [&](uint32_t twin) { return space.Key(space.QueryOf(twin, context.candidate.values), twin); };
      if (!Space::kIsIp || own_key(links[i]) == self_key) twins[twin_count++] = links[i];
    }
    if (twin_count == 0) return kNil;
    turn = Mix(turn);
    host = twins[turn % twin_count];
  }
  return kNil;
}
