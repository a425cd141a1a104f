#include "segment/segment_merge.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "graph/slot_order.h"
#include "segment/growing_segment.h"

namespace segvec {
namespace {

// Rows between two calls of poll where a row is only copied.
constexpr uint32_t kRowsPerPoll = 64;

// The beam with which the other graph is searched for neighbors of a joined slot.
constexpr uint32_t kJoinEf = 48;

// The slots that are joined before the next can start from what they found: this share of those that have
// been joined.
constexpr uint32_t kMinJoinBatch = 256;

// Joined slots that are linked back between two calls of poll.
constexpr uint32_t kLinkBatch = 512;
constexpr uint32_t kLinksPerPoll = 16;  // slots of it that one thread links back before it looks whether it should go on

// Dead slots that are looked behind when a row is mended, and live ones that are gathered for each link it
// may have: with four the recall is that of three, for more time; with two it is 0.006 lower where half is
// dead (LSA, ef 10).
constexpr size_t kMaxDeadVisits = 64;
constexpr size_t kLivingPerLink = 3;

// A graph that has lost more than this share of its slots is built anew, as a merge may lose no more than 0.005 of recall:
// of LSA with 40 % dead it is 0.010 below a fresh build's (ef 50), with 30 % within that.
constexpr double kMaxDeadShare = 0.35;

}  // namespace

class SegmentMerge {
 public:
  SegmentMerge(const SegmentShape& shape, const SegmentLoops& loops, uint32_t number, uint64_t seed,
               const BuildParameters& parameters, const std::vector<MergeSource>& sources, int worker_count,
               const std::function<void()>& poll, const std::function<void(uint32_t)>& on_merged)
      : sources_(sources),
        worker_count_(worker_count),
        poll_(poll),
        on_merged_(on_merged),
        segment_(std::make_shared<Segment>(shape, loops, number, seed)),
        writer_(segment_, parameters) {
    writer_.priority_ = ThreadPool::Priority::kBackground;
  }

  MergeResult Run() {
    CopyRows();
    if (writer_.WantsGraph(segment_->slot_count())) {
      while (writer_.contexts_.size() < static_cast<size_t>(worker_count_)) {
        writer_.contexts_.push_back(std::make_unique<BuildContext>());
      }
      for (const auto& context : writer_.contexts_) {
        context->ReserveForLinking(0, segment_->graph_->RowCapacity(0), segment_->rows().codes.block_count);
      }
      if (segment_->shape_.has_codes) EncodeRows();
      for (size_t i = 0; i < graph_count_; ++i) {
        Adopt(i);
        if (i > 0) Join(begins_[i], begins_[i + 1]);
        RaiseEntry(begins_[i], begins_[i + 1]);
        writer_.linked_count_ = begins_[i + 1];
      }
      segment_->is_graph_ready_.store(graph_count_ > 0, std::memory_order_release);
      // Links what came without a graph, and attaches what no search finds. All slots are looked at: in a
      // graph of twice the size even one that has kept its links may be lost.
      writer_.Link(worker_count_, poll_, on_merged_);
      if (graph_count_ > 0) writer_.AttachIslands(poll_);
    }
    writer_.Seal(writer_.NarrowedGraph(poll_));
    return {segment_, std::move(new_slots_)};
  }

 private:
  const MergeSource& source(size_t rank) const { return sources_[order_[rank]]; }

  // Calls body(slot, context) for all slots in [begin, end), side by side.
  template <class Body>
  void ForSlots(uint32_t begin, uint32_t end, const Body& body) {
    const uint32_t workers = std::min(static_cast<uint32_t>(worker_count_), end - begin);
    writer_.RunWorkers(workers, end - begin, [&](uint32_t i, BuildContext& context) {
      poll_();
      body(begin + i, context);
    });
  }

  // Whether a source's graph is worth more than its rows.
  static bool HasUsefulGraph(const MergeSource& source) {
    return source.segment->has_graph() && source.live_count() > kScanLimit &&
           source.live_count() >= (1 - kMaxDeadShare) * source.slot_count;
  }

  // Puts the sources in order, the largest graph first and those without one last, and gives each live row
  // its slot.
  void CopyRows() {
    order_.resize(sources_.size());
    std::iota(order_.begin(), order_.end(), size_t{0});
    std::sort(order_.begin(), order_.end(), [&](size_t a, size_t b) {
      const bool has_a = HasUsefulGraph(sources_[a]), has_b = HasUsefulGraph(sources_[b]);
      if (has_a != has_b) return has_a;
      const uint32_t count_a = sources_[a].live_count(), count_b = sources_[b].live_count();
      return count_a != count_b ? count_a > count_b : a < b;
    });
    writer_.Reserve(segment_->capacity());
    new_slots_.resize(sources_.size());
    begins_.push_back(0);
    for (const size_t i : order_) {
      const MergeSource& from = sources_[i];
      from.segment->CheckAll();
      graph_count_ += HasUsefulGraph(from);
      std::vector<uint32_t>& slots = new_slots_[i];
      slots.assign(from.slot_count, kNil);
      const auto copy = [&](uint32_t slot) {
        if (slot % kRowsPerPoll == 0) poll_();
        if (!from.IsLive(slot)) return;
        slots[slot] = segment_->slot_count();
        writer_.AppendCopy(*from.segment, slot);
      };
      if (HasUsefulGraph(from)) {
        for (const uint32_t slot : DepthFirstOrder(*from.segment->graph(), from.slot_count, poll_)) copy(slot);
      } else {
        for (uint32_t slot = 0; slot < from.slot_count; ++slot) copy(slot);
      }
      begins_.push_back(segment_->slot_count());
    }
  }

  // The largest graph's codes serve the other rows as well if they fit: their margin is there for rows that
  // come later. Else new ones are fitted to all rows; where codes are all that is kept, to what those of the
  // sources could hold, and not to the few rows that they could not.
  void EncodeRows() {
    Segment& segment = *segment_;
    const Segment& base = *source(0).segment;
    std::vector<uint32_t> misfits;
    bool is_fitted = false;
    if (graph_count_ > 0 && base.walks_codes()) {
      segment.quantizer_ = base.quantizer_;
      misfits = Encode();
      is_fitted = segment.shape_.keeps_vectors
                      ? misfits.size() <= segment.slot_count() / kMisfitShare &&
                            (segment.is_lossless() || !base.is_lossless())
                      : misfits.size() <= segment.slot_count() / kKeptMisfitShare;
    }
    if (!is_fitted) {
      segment.is_lossless_ = true;
      segment.quantizer_ = segment.shape_.keeps_vectors ? std::nullopt : CoveringQuantizer();
      if (!segment.quantizer_) segment.quantizer_ = FittedTo(0, segment.slot_count());
      misfits = Encode();
    }
    writer_.NoteMisfits(misfits, [&](uint32_t slot) { return RowOf(slot); });
    if (!segment.shape_.keeps_vectors) writer_.DropRows();
  }
  // One that covers those of the sources; nothing where none has any.
  std::optional<ScalarQuantizer> CoveringQuantizer() const {
    std::optional<ScalarQuantizer> covering;
    for (const bool has_codes : {true, false}) {
      for (size_t rank = 0; rank < order_.size(); ++rank) {
        const ScalarQuantizer* own = source(rank).segment->quantizer();
        const uint32_t begin = begins_[rank], end = begins_[rank + 1];
        if ((own != nullptr) != has_codes || begin == end) continue;
        if (!has_codes && !covering) return std::nullopt;
        const ScalarQuantizer quantizer = has_codes ? *own : FittedTo(begin, end);
        covering = covering ? ScalarQuantizer::Covering(*covering, quantizer) : quantizer;
      }
    }
    return covering;
  }
  ScalarQuantizer FittedTo(uint32_t begin, uint32_t end) const {
    const bool has_norm = segment_->shape_.metric == Metric::kCosine;
    return ScalarQuantizer(segment_->shape_.metric, segment_->shape_.dimension, RowOf(begin),
                           segment_->padded_dimension_,
                           has_norm ? segment_->inverse_norms_.data() + begin : nullptr, end - begin, poll_);
  }
  // Returns the slots of the rows that the codes do not hold.
  std::vector<uint32_t> Encode() {
    return writer_.MisfitsAmong(0, segment_->slot_count(), worker_count_, poll_,
                                [&](uint32_t slot) { return writer_.EncodeRow(slot, RowOf(slot)); });
  }
  const float* RowOf(uint32_t slot) const {
    return segment_->rows_.data() + slot * segment_->padded_dimension_;
  }

  // Copies a source's graph under the new slots.
  void Adopt(size_t rank) {
    const MergeSource& from = source(rank);
    const std::shared_ptr<const Graph> old_graph = from.segment->graph();
    Graph& graph = *segment_->graph_;
    const uint32_t begin = begins_[rank], end = begins_[rank + 1];
    const std::vector<uint32_t>& slots = new_slots_[order_[rank]];
    std::vector<uint32_t> old_slots(end - begin);
    for (uint32_t old_slot = 0; old_slot < from.slot_count; ++old_slot) {
      if (slots[old_slot] != kNil) old_slots[slots[old_slot] - begin] = old_slot;
    }
    for (uint32_t slot = begin; slot < end; ++slot) {
      if (slot % kRowsPerPoll == 0) poll_();
      graph.AddRows(slot, old_graph->LevelOf(old_slots[slot - begin]));
    }
    const SegmentRows rows = segment_->rows();
    ForSlots(begin, end, [&](uint32_t slot, BuildContext& context) {
      for (uint32_t level = 0; level <= graph.LevelOf(slot); ++level) {
        CopyRow(*old_graph, old_slots[slot - begin], slots, graph, slot, level, rows, context);
      }
    });
    if (rank == 0) on_merged_(end - begin);
  }

  void CopyRow(const Graph& old_graph, uint32_t old_slot, const std::vector<uint32_t>& slots, Graph& graph,
               uint32_t slot, uint32_t level, const SegmentRows& rows, BuildContext& context) {
    const size_t capacity = graph.RowCapacity(level);
    uint32_t* links = graph.Links(slot, level);
    size_t degree = 0, lost_count = 0;
    const auto new_slot_of = [&](uint32_t link) {
      const uint32_t target = link < slots.size() ? slots[link] : kNil;
      // Upper rows are granted while there is room for them.
      return target != kNil && graph.LevelOf(target) >= level ? target : kNil;
    };
    old_graph.ForLinks(old_slot, level, [&](uint32_t link) {
      const uint32_t target = new_slot_of(link);
      if (target == kNil) {
        ++lost_count;
      } else {
        links[degree++] = target;
      }
    });
    if (level == 0) {
      for (size_t i = 0; i < degree; ++i) graph.CountLink(links[i], 1);
    }
    if (lost_count == 0) return;

    // Mended: what the dead linked to stands in for them, and so on behind other dead ones.
    std::vector<uint32_t> candidates(links, links + degree);
    std::vector<uint32_t> dead;
    VisitedSet& visited = context.search.visited;
    visited.Begin(slots.size());
    visited.Insert(old_slot);
    old_graph.ForLinks(old_slot, level, [&](uint32_t link) {
      visited.Insert(link);
      if (new_slot_of(link) == kNil && link < slots.size()) dead.push_back(link);
    });
    // A row that is left empty would lead nowhere, so that of a group of which hardly anything lives more is looked at.
    const auto is_worth_a_look = [&](size_t d) {
      return candidates.empty() || (d < kMaxDeadVisits && candidates.size() < capacity * kLivingPerLink);
    };
    for (size_t d = 0; d < dead.size() && is_worth_a_look(d); ++d) {
      if (old_graph.LevelOf(dead[d]) < level) continue;
      old_graph.ForLinks(dead[d], level, [&](uint32_t link) {
        if (!visited.Insert(link)) return;
        const uint32_t target = new_slot_of(link);
        if (target == kNil) {
          dead.push_back(link);
        } else {
          candidates.push_back(target);
        }
      });
    }
    // As many links as before: with fewer, recall at ef 10 is 0.01 to 0.03 lower (SIFT, LSA).
    writer_.loops().reselect(rows, graph, slot, level, candidates, degree + lost_count, context);
  }

  // Links the slots from first_joined on, whose graph has been copied, with those before.
  void Join(uint32_t first_joined, uint32_t end) {
    Graph& graph = *segment_->graph_;
    const SegmentRows rows = segment_->rows();
    const BuildParameters narrow{std::min(kJoinEf, writer_.parameters_.ef_construction)};
    for (uint32_t begin = first_joined, batch_end; begin < end; begin = batch_end) {
      const uint32_t size = std::max(kMinJoinBatch, begin - first_joined);
      batch_end = begin + std::min(size, end - begin);
      ForSlots(begin, batch_end, [&](uint32_t slot, BuildContext& context) {
        writer_.loops().join(rows, graph, slot, first_joined, begin, narrow, context);
      });
      on_merged_(batch_end - begin);
    }
    std::vector<uint8_t> levels(end - first_joined);
    for (uint32_t slot = first_joined; slot < end; ++slot) {
      levels[slot - first_joined] = static_cast<uint8_t>(graph.LevelOf(slot));
    }
    const auto workers = static_cast<uint32_t>(worker_count_);
    for (uint32_t begin = first_joined, batch_end; begin < end; begin = batch_end) {
      batch_end = begin + std::min(kLinkBatch, end - begin);
      for (const auto& context : writer_.contexts_) {
        context->ReserveForLinking(batch_end - begin, graph.RowCapacity(0), rows.codes.block_count);
        context->first_new_slot = 0;  // all slots are looked at afterwards, whether they lost links or not
      }
      writer_.RunWorkers(workers, workers, [&](uint32_t worker, BuildContext& context) {
        for (uint32_t from = begin; from < batch_end; from += kLinksPerPoll) {
          poll_();
          const uint8_t* some_levels = levels.data() + (from - first_joined);
          const Batch some{from, std::min(from + kLinksPerPoll, batch_end), some_levels, first_joined};
          writer_.loops().link(rows, graph, some, worker, workers, context);
        }
      });
    }
  }

  // The entry is the highest slot, of the largest graph where there are several.
  void RaiseEntry(uint32_t begin, uint32_t end) {
    Graph& graph = *segment_->graph_;
    for (uint32_t slot = begin; slot < end; ++slot) {
      if (graph.entry().slot == kNil || graph.LevelOf(slot) > graph.entry().level)
        graph.SetEntry({slot, graph.LevelOf(slot)});
    }
  }

  const std::vector<MergeSource>& sources_;
  const int worker_count_;
  const std::function<void()>& poll_;
  const std::function<void(uint32_t)>& on_merged_;
  const std::shared_ptr<Segment> segment_;
  GrowingSegment writer_;
  std::vector<size_t> order_;                     // sources by rank
  size_t graph_count_ = 0;                        // of these, the first ones, whose graphs are used
  std::vector<uint32_t> begins_;                  // per rank its first slot; one more for the end
  std::vector<std::vector<uint32_t>> new_slots_;  // per source
};

MergeResult MergeSegments(SegmentShape shape, const SegmentLoops& loops, uint32_t number, uint64_t seed,
                          const BuildParameters& parameters, const std::vector<MergeSource>& sources,
                          int worker_count, const std::function<void()>& poll,
                          const std::function<void(uint32_t)>& on_merged) {
  shape.capacity = 0;
  for (const MergeSource& source : sources) shape.capacity += source.live_count();
  return SegmentMerge(shape, loops, number, seed, parameters, sources, worker_count, poll, on_merged).Run();
}

}  // namespace segvec
