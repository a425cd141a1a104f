// Copies of a vector that nothing leads to.
//
// A search for copies meets the same few of them, whose rows keep only so many links to others (kMaxTwins), so that most of
// some hundred copies would be lost. Those hang on one another instead, as a tree: its root is one that searches meet, and each
// leads to as many as its row has room for.
//
// Included inside the namespace of one instruction set, after build.inl.

// A walk down the tree ends after so many copies, of which each leads to a dozen others or so.
inline constexpr size_t kMostTwinSteps = 64;

// Links to `slot` from a copy of it: the first with a free place on a walk from one that it links to itself, if there is any.
template <class Space>
void AttachTwin(const Space& space, Graph& graph, uint32_t slot, BuildContext& context) {
  const uint32_t self_key = space.Key(space.QueryOf(slot, context.inserted.values), slot);
  uint64_t turn = slot;
  uint32_t host = slot;
  for (size_t step = 0; step < kMostTwinSteps; ++step) {
    const uint32_t* links = graph.Links(host, 0);
    const uint32_t* keys = graph.Keys(host, 0);
    uint32_t twins[2 * kMaxM];
    size_t degree = 0, twin_count = 0;
    for (; degree < graph.RowCapacity(0) && links[degree] != kNil; ++degree) {
      if (links[degree] == slot) return;
      if (keys[degree] == self_key) twins[twin_count++] = links[degree];
    }
    if (host != slot && degree < graph.RowCapacity(0)) {
      return PutLink(graph, host, degree, slot, self_key, context);
    }
    if (twin_count == 0) return;
    turn = Mix(turn);
    host = twins[turn % twin_count];
  }
}
