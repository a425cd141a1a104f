// What level 0 of a graph would be without one slot (see graph_without.h).
//
// Included inside the namespace of one instruction set, after build.inl.

// Calls body(neighbor) for each link of `slot` on level 0.
template <class Body>
void ForNeighbors(const Graph& graph, uint32_t slot, uint32_t slot_limit, const Body& body) {
  graph.ForLinks(slot, 0, [&](uint32_t link) {
    if (link < slot_limit) body(link);
  });
}

// The links that `host` would have instead of the one to `slot`, from those of `slot`: nearer to `slot` than
// to the host, so that Algorithm 4 may have dropped them for it; nearer to no other link of the host; and no
// farther than the farthest of these, or the host would not have met them. Without the last condition LSA
// vectors seem a point of recall easier than they are. Appended to `links`, nearest first.
template <class Space>
void ReplaceLink(const Space& space, const Graph& graph, uint32_t host, uint32_t slot, uint32_t slot_limit,
                 BuildContext& context, std::vector<uint32_t>& links) {
  uint32_t kept[2 * kMaxM], keys[2 * kMaxM];
  size_t degree = 0;
  ForNeighbors(graph, host, slot_limit, [&](uint32_t link) {
    if (link != slot) kept[degree++] = link;
  });
  const auto host_query = space.QueryOf(host, context.inserted.values);
  space.Keys(host_query, kept, degree, keys);
  const uint32_t farthest = degree == 0 ? 0 : *std::max_element(keys, keys + degree);
  std::vector<uint64_t>& candidates = context.overflow;
  candidates.clear();
  ForNeighbors(graph, slot, slot_limit, [&](uint32_t link) {
    if (link == host) return;
    const uint32_t key = space.Key(host_query, link);
    if (key <= farthest) candidates.push_back(CandidatePool::Entry(key, link));
  });
  std::sort(candidates.begin(), candidates.end());
  for (const uint64_t candidate : candidates) {
    if (degree == graph.RowCapacity(0)) return;
    const uint32_t near = CandidatePool::SlotOf(candidate), key = CandidatePool::KeyOf(candidate);
    const auto query = space.QueryOf(near, context.candidate.values);
    if (space.Key(query, slot) >= key) continue;
    bool is_kept = true;
    for (size_t w = 0; w < degree && is_kept; w += 4) {
      const size_t batch = degree - w < 4 ? degree - w : 4;
      uint32_t witness_keys[4];
      space.Keys(query, kept + w, batch, witness_keys);
      for (size_t j = 0; j < batch; ++j) is_kept = is_kept && kept[w + j] != near && witness_keys[j] >= key;
    }
    if (!is_kept) continue;
    kept[degree++] = near;
    links.push_back(near);
  }
}

// Hosts are looked for among the neighbors of `slot` and theirs: few others link to it.
template <class Space>
void LeaveOut(const Space& space, const Graph& graph, uint32_t slot, uint32_t slot_limit,
              BuildContext& context, GraphWithout& without) {
  std::vector<uint32_t>& hosts = without.hosts;
  without.slot = slot;
  without.starts.assign(1, 0);
  without.links.clear();
  hosts.clear();
  ForNeighbors(graph, slot, slot_limit, [&](uint32_t near) {
    hosts.push_back(near);
    ForNeighbors(graph, near, slot_limit, [&](uint32_t link) { hosts.push_back(link); });
  });
  std::sort(hosts.begin(), hosts.end());
  hosts.erase(std::unique(hosts.begin(), hosts.end()), hosts.end());
  const auto is_no_host = [&](uint32_t host) {
    bool links_to_slot = false;
    ForNeighbors(graph, host, slot_limit, [&](uint32_t link) { links_to_slot = links_to_slot || link == slot; });
    return !links_to_slot;
  };
  hosts.erase(std::remove_if(hosts.begin(), hosts.end(), is_no_host), hosts.end());
  for (const uint32_t host : hosts) {
    ReplaceLink(space, graph, host, slot, slot_limit, context, without.links);
    without.starts.push_back(static_cast<uint32_t>(without.links.size()));
  }
}
