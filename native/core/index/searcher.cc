#include "index/searcher.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <ranges>

#include "base/growable_memory.h"
#include "base/thread_pool.h"
#include "distance/kernels.h"
#include "graph/order_key.h"
#include "index/exact_search.h"
#include "index/query.h"

namespace segvec {
namespace {

// What one thread does of a batch before it looks whether other work waits.
constexpr size_t kQueriesPerTask = 8;
constexpr uint32_t kSlotsPerCancelCheck = 4096;

// A context's room for hits and beams that is kept for searches to come: enough for 10,000 hits.
constexpr size_t kMostRoomBytes = 2 << 20;

// A segment's beam is ef times the square root of its share of the vectors, but no narrower than this: measured for
// k = 10 (shared notes: ef_s ~ ef * S^-0.5, at least 6).
constexpr size_t kMinSegmentEf = 6;

// Nor narrower than this share of ef, up to the beam that finds every vector: in a segment of a hundredth of the index one of
// 6 missed some of the vectors that lie on a line, and another segment's nearest was taken for the answer.
constexpr size_t kMinBeamShare = 4;

// What a slot of the beam costs in rows that are read in order: the distances to its neighbors, and its place in the beam, which takes
// the longer to make the wider the beam is (candidate_pool.h), and is worth the less the larger a row is. With these the two take equally
// long where they do in fact: on 200,000 vectors of 16 dimensions at a beam of 2,900, on 100,000 of 128 at 4,500.
constexpr double kRowsPerSlot = 8;
constexpr double kFloatsPerPlace = 0.4;

// Whether to walk a segment's graph rather than to scan its living slots. With tombstones the beam takes as many times
// longer to fill as there are slots to a living one (measured on 30,000 vectors: 22 us over the living share at ef 64),
// and there are fewer to scan.
bool WantsWalk(const SegmentView& view, size_t beam, size_t dimension) {
  const auto live_count = static_cast<double>(view.live_count());
  const double slots = static_cast<double>(beam) * view.slot_count / live_count;
  return slots * (kRowsPerSlot + slots * kFloatsPerPlace / static_cast<double>(dimension)) < live_count;
}

// How many of the codes' best hits are measured on the floats: all of a narrow beam, which is widened to a quarter more than k
// for it, so that an ef of k finds as much as it does on the floats. Twice k gives the recall of the floats up to 0.98 or so
// (shared notes); beyond it the depth has to grow with the beam, or recall levels off: on LSA vectors of text, ef 200 found
// 0.984 with 20, 0.995 with 80, 0.997 with 200 and the floats alone.
size_t RerankCount(size_t k, size_t beam) { return std::max(std::clamp(beam, k + (k + 3) / 4, 2 * k), beam / 2); }

// Help is called for when a helper can take over at least so much: beams times dimension, of all segments but the largest.
// Even two segments of 30,000 SIFT vectors at ef 10, 1,024 each, were answered sooner with it: 28 us for 36.
constexpr size_t kMinSharedWork = 1000;

// The share of an index's vectors that a segment holds.
double ShareOf(const SegmentView& view, const Snapshot& snapshot) {
  return static_cast<double>(view.live_count()) / static_cast<double>(std::max<size_t>(snapshot.vector_count, 1));
}

// A segment's part of a beam for the whole index.
size_t BeamOf(size_t ef, double share) {
  const size_t least = std::clamp<size_t>(ef / kMinBeamShare, kMinSegmentEf, kSelfSearchEf);
  return std::max(static_cast<size_t>(std::ceil(static_cast<double>(ef) * share)), least);
}

}  // namespace

// What one search needs, reused from query to query. Room for very many hits is not kept.
struct Searcher::Context {
  explicit Context(size_t dimension)
      : query_memory(PaddedDimension(dimension) * sizeof(float)) {
    query_memory.Commit(PaddedDimension(dimension) * sizeof(float));
  }
  float* query() { return reinterpret_cast<float*>(query_memory.data()); }

  struct GraphSegment {
    const SegmentView* view;
    uint32_t ef;
    double share;        // its beam, as one of the whole
    GraphSearchEnd end;  // of the last search
    GraphFindings found;
  };

  GrowableMemory query_memory;  // one padded, aligned row
  SegmentSearchContext search;
  Nearest nearest, merged;
  std::vector<GraphSegment> graph_segments;
  std::vector<float> estimates;
  size_t graph_segment_count = 0;

  size_t memory_bytes() const { return sizeof(Context) + search.search.visited.memory_bytes() + room_bytes(); }
  bool is_worth_keeping() const { return room_bytes() <= kMostRoomBytes; }

 private:
  // What grows with the hits that are asked for, and with the beam.
  size_t room_bytes() const {
    const auto bytes_of = [](const auto& values) { return values.capacity() * sizeof(values[0]); };
    size_t bytes = nearest.memory_bytes() + merged.memory_bytes() + search.search.pool.memory_bytes() +
                   bytes_of(search.search.heap) + bytes_of(search.keys) + bytes_of(search.touched.vectors) +
                   bytes_of(search.touched.links) + bytes_of(graph_segments) + bytes_of(estimates);
    for (const GraphSegment& segment : graph_segments) {
      bytes += bytes_of(segment.found.hits) + bytes_of(segment.found.slots) + bytes_of(segment.found.estimates);
    }
    return bytes;
  }
};

// Takes a context from the free list for the duration of a scope.
class Searcher::ContextLease {
 public:
  explicit ContextLease(const Searcher& searcher) : searcher_(searcher) {
    {
      std::lock_guard lock(searcher_.contexts_mutex_);
      if (!searcher_.free_contexts_.empty()) {
        context_ = std::move(searcher_.free_contexts_.back());
        searcher_.free_contexts_.pop_back();
        return;
      }
    }
    context_ = std::make_unique<Context>(searcher_.options_.dimension);
    // Room to come back to, so that coming back cannot fail.
    std::lock_guard lock(searcher_.contexts_mutex_);
    searcher_.free_contexts_.reserve(searcher_.context_count_ + 1);
    ++searcher_.context_count_;
  }
  ~ContextLease() {
    std::lock_guard lock(searcher_.contexts_mutex_);
    if (context_->is_worth_keeping()) {
      searcher_.free_contexts_.push_back(std::move(context_));
    } else {
      --searcher_.context_count_;
    }
  }
  Context& operator*() { return *context_; }

 private:
  const Searcher& searcher_;
  std::unique_ptr<Context> context_;
};

Searcher::Searcher(const IndexOptions& options, const IdOrder* id_order) : options_(options), hit_order_{id_order} {}
Searcher::~Searcher() = default;

SearchResults Searcher::Search(const Snapshot& snapshot, const float* queries, size_t query_count,
                               const SearchParameters& parameters, const CancelToken& cancel) const {
  SearchResults results;
  results.k = std::min(parameters.k, snapshot.vector_count);
  results.ids.resize(query_count * results.k);
  results.distances.resize(query_count * results.k);
  results.counts.resize(query_count);
  if (parameters.is_exact) {
    SearchExactly(options_, hit_order_, snapshot, queries, query_count, parameters.may_fan_out, cancel, results);
    return results;
  }
  const auto search_range = [&](size_t begin, size_t end) {
    ContextLease context(*this);
    for (size_t q = begin; q < end; ++q) {
      cancel.Check();
      const std::vector<Hit>& hits = SearchOne(snapshot, queries + q * options_.dimension, q, results.k, parameters,
                                               nullptr, cancel, *context);
      results.Set(q, hits);
    }
  };
  const size_t task_count = (query_count + kQueriesPerTask - 1) / kQueriesPerTask;
  if (task_count <= 1) {
    search_range(0, query_count);
  } else {
    ThreadPool::Shared().ParallelFor(
        task_count, options_.threads, ThreadPool::Priority::kInteractive, [&](size_t task) {
          search_range(task * kQueriesPerTask, std::min(query_count, (task + 1) * kQueriesPerTask));
        });
  }
  return results;
}

void Searcher::SearchWithout(const Snapshot& snapshot, const LeftOut& left_out, const float* query,
                             const SearchParameters& parameters, const CancelToken& cancel,
                             std::vector<float>& distances) const {
  ContextLease context(*this);
  const size_t k = std::min(parameters.k, snapshot.vector_count - 1);
  distances.clear();
  for (const Hit& hit : SearchOne(snapshot, query, 0, k, parameters, &left_out, cancel, *context)) {
    distances.push_back(DistanceOfKey(hit.key));
  }
}

uint32_t Searcher::ExhaustiveEf(const Snapshot& snapshot) const {
  double widest = 1;
  for (const SegmentView& view : snapshot.views) {
    if (!view.graph || view.live_count() == 0) continue;
    const auto is_walked = [&](uint32_t beam) { return WantsWalk(view, beam, options_.dimension); };
    const uint32_t beam = *std::ranges::partition_point(std::views::iota(uint32_t{1}, view.slot_count), is_walked);
    widest = std::max(widest, beam / std::sqrt(ShareOf(view, snapshot)));
  }
  return static_cast<uint32_t>(std::min<double>(std::ceil(widest) + 1, kMaxSlots));
}

const std::vector<Hit>& Searcher::SearchOne(const Snapshot& snapshot, const float* query, size_t query_index, size_t k,
                                            const SearchParameters& parameters, const LeftOut* left_out,
                                            const CancelToken& cancel, Context& context) const {
  const size_t dimension = options_.dimension;
  const FloatQuery prepared = PrepareQuery(options_, query, query_index, context.query());
  Nearest& nearest = context.nearest;
  nearest.Begin(k, hit_order_);
  context.graph_segment_count = 0;
  const uint32_t ef = std::max<uint32_t>(parameters.ef, 1);
  for (const SegmentView& view : snapshot.views) {
    const double share = std::sqrt(ShareOf(view, snapshot));
    const size_t beam = BeamOf(std::max<size_t>(ef, k), share);
    if (view.graph && WantsWalk(view, beam, dimension)) {
      if (context.graph_segments.size() == context.graph_segment_count) context.graph_segments.emplace_back();
      auto& graph_segment = context.graph_segments[context.graph_segment_count++];
      graph_segment.view = &view;
      graph_segment.ef = static_cast<uint32_t>(beam);
      graph_segment.share = share;
      continue;
    }
    Scan(view, prepared, left_out, cancel, nearest);
  }
  if (context.graph_segment_count > 0) SearchGraphs(snapshot, prepared, ef, k, parameters.may_fan_out, left_out, cancel, context);
  return nearest.Finish();
}

void Searcher::Scan(const SegmentView& view, const FloatQuery& query, const LeftOut* left_out,
                    const CancelToken& cancel, Nearest& nearest) const {
  if (view.live_count() == 0) return;
  const uint32_t gap = left_out != nullptr && left_out->view == &view ? left_out->without->slot : kNil;
  for (uint32_t begin = 0; begin < view.slot_count; begin += kSlotsPerCancelCheck) {
    cancel.Check();
    const uint32_t end = begin + std::min(kSlotsPerCancelCheck, view.slot_count - begin);
    const uint32_t stop = std::clamp(gap, begin, end), start = gap < end ? std::max(gap + 1, begin) : end;
    view.segment->Scan(query, begin, stop, view.visibility(), nearest);
    view.segment->Scan(query, start, end, view.visibility(), nearest);
  }
}

bool Searcher::WantsHelp(const Context& context) const {
  size_t sum = 0, widest = 0;
  for (size_t i = 0; i < context.graph_segment_count; ++i) {
    const size_t beam = context.graph_segments[i].ef;
    sum += beam;
    widest = std::max(widest, beam);
  }
  return (sum - widest) * options_.dimension >= kMinSharedWork;
}

// Searches each segment with its share of the beam. A segment all of whose hits are among the k nearest may
// hold more of them (rows that arrived together lie together), so its beam is widened until it no longer
// does, at most to ef. What lossy codes found is treated alike before it is measured: only what is among the
// best of all segments will be.
void Searcher::SearchGraphs(const Snapshot& snapshot, const FloatQuery& query, uint32_t ef, size_t k,
                            bool may_fan_out, const LeftOut* left_out, const CancelToken& cancel,
                            Context& context) const {
  const uint32_t widest = std::max<uint32_t>(ef, static_cast<uint32_t>(k));
  const size_t rerank_count = RerankCount(k, widest);
  // Writes nothing but what the segment has found, and the given room, so that several can be searched side
  // by side.
  const auto walk = [&](Context::GraphSegment& graph_segment, SegmentSearchContext& room) {
    cancel.Check();
    const SegmentView& view = *graph_segment.view;
    const bool is_host = left_out != nullptr && left_out->view == &view;
    room.search.without = is_host ? left_out->without : nullptr;
    const auto lossy_ef = static_cast<uint32_t>(BeamOf(rerank_count, graph_segment.share));
    graph_segment.end = view.segment->Walk(*view.graph, query, {graph_segment.ef, lossy_ef, k, rerank_count},
                                           view.visibility(), room, graph_segment.found);
    if (!graph_segment.found.slots.empty()) graph_segment.ef = std::max(graph_segment.ef, lossy_ef);
  };
  const auto scan_instead = [&](const Context::GraphSegment& graph_segment) {
    if (graph_segment.end == GraphSearchEnd::kScanCheaper || graph_segment.end == GraphSearchEnd::kTooFew) {
      Scan(*graph_segment.view, query, left_out, cancel, context.nearest);
    }
  };
  const auto begin = context.graph_segments.begin();
  const auto end = begin + static_cast<std::ptrdiff_t>(context.graph_segment_count);
  if (may_fan_out && WantsHelp(context)) {
    ThreadPool::Shared().ParallelForIfIdle(context.graph_segment_count, options_.threads, [&](size_t i) {
      ContextLease room(*this);
      walk(context.graph_segments[i], (*room).search);
    });
  } else {
    std::for_each(begin, end, [&](auto& graph_segment) { walk(graph_segment, context.search); });
  }
  std::for_each(begin, end, scan_instead);
  const auto widen = [&](Context::GraphSegment& graph_segment, uint32_t most) {
    graph_segment.ef = std::min(most, graph_segment.ef * 2);
    if (WantsWalk(*graph_segment.view, graph_segment.ef, options_.dimension)) {
      walk(graph_segment, context.search);
    } else {
      graph_segment.found.Clear();
      graph_segment.end = GraphSearchEnd::kScanCheaper;
    }
    scan_instead(graph_segment);
  };
  const auto may_be_widened = [](const Context::GraphSegment& graph_segment, uint32_t most) {
    return graph_segment.end == GraphSearchEnd::kBeamFull && graph_segment.ef < most;
  };
  const bool is_divided = context.graph_segment_count > 1 || snapshot.views.size() > 1;
  const uint32_t widest_lossy =
      std::max(widest, static_cast<uint32_t>(std::min<size_t>(rerank_count, kMaxSlots)));
  for (bool widened = is_divided; widened;) {
    widened = false;
    const float bound = EstimateOfRank(context, k);
    for (auto at = begin; at != end; ++at) {
      const std::vector<float>& estimates = at->found.estimates;
      if (estimates.empty() || estimates.back() > bound || !may_be_widened(*at, widest_lossy)) continue;
      widen(*at, widest_lossy);
      widened = true;
    }
  }
  // One segment alone has found no more than are measured.
  const float bound = context.graph_segment_count > 1 ? EstimateOfRank(context, rerank_count)
                                                      : std::numeric_limits<float>::infinity();
  for (auto at = begin; at != end; ++at) {
    const std::vector<float>& estimates = at->found.estimates;
    if (estimates.empty()) continue;
    const auto count = std::upper_bound(estimates.begin(), estimates.end(), bound) - estimates.begin();
    at->view->segment->MeasureFindings(query, static_cast<size_t>(count), context.search, at->found);
    at->end = GraphSearchEnd::kExhausted;  // it was widened as far as there is need
  }
  for (bool widened = is_divided; widened;) {
    widened = false;
    if (std::none_of(begin, end, [&](const auto& at) { return may_be_widened(at, widest); })) break;
    Nearest& merged = context.merged;
    merged = context.nearest;  // the scanned hits
    for (auto at = begin; at != end; ++at) {
      for (const Hit& hit : at->found.hits) merged.Add(hit);
    }
    const std::vector<Hit>& best = merged.Finish();
    for (auto at = begin; at != end; ++at) {
      const std::vector<Hit>& hits = at->found.hits;
      const bool all_among_best = !hits.empty() && (best.size() < k || hits.back().key <= best.back().key);
      if (!all_among_best || !may_be_widened(*at, widest)) continue;
      widen(*at, widest);
      // Codes that held all vectors may have got one meanwhile that they do not hold.
      if (!at->found.slots.empty()) {
        at->view->segment->MeasureFindings(query, at->found.slots.size(), context.search, at->found);
      }
      widened = true;
    }
  }
  for (auto at = begin; at != end; ++at) {
    for (const Hit& hit : at->found.hits) {
      if (context.nearest.Accepts(hit.key)) context.nearest.Add(hit);
    }
  }
}

float Searcher::EstimateOfRank(Context& context, size_t rank) {
  std::vector<float>& estimates = context.estimates;
  estimates.clear();
  for (size_t i = 0; i < context.graph_segment_count; ++i) {
    const std::vector<float>& found = context.graph_segments[i].found.estimates;
    estimates.insert(estimates.end(), found.begin(),
                     found.begin() + static_cast<std::ptrdiff_t>(std::min(found.size(), rank)));
  }
  if (rank == 0 || estimates.size() < rank) return std::numeric_limits<float>::infinity();
  const auto at = estimates.begin() + static_cast<std::ptrdiff_t>(rank - 1);
  std::nth_element(estimates.begin(), at, estimates.end());
  return *at;
}

size_t Searcher::memory_bytes() const {
  std::lock_guard lock(contexts_mutex_);
  size_t bytes = 0;
  for (const auto& context : free_contexts_) bytes += context->memory_bytes();
  return bytes;
}

}  // namespace segvec
