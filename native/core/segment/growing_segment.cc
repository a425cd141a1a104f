#include "segment/growing_segment.h"

#include <algorithm>
#include <atomic>

#include "base/random.h"
#include "base/thread_pool.h"
#include "graph/slot_order.h"
#include "segment/islands.h"

namespace segvec {
namespace {

// A batch is at most this share of the graph it is added to: its slots do not see each other, and up to 2 % that costs no
// recall (faiss, ParlayANN; confirmed by our recall tests).
constexpr uint32_t kBatchShare = 50;
constexpr uint32_t kMaxBatch = 8192;

// Nor is it more than this share of what the call has linked before. That holds only of slots that are strangers: rows that are added
// together may well be of one new topic, say, near each other and far from all others. Of 100 such rows beside 10,000 that were
// one batch, searches with ef 64 found 0.75 of the neighbors instead of all.
constexpr uint32_t kCallShare = 8;

// How often what a new link may have lost is looked for.
constexpr int kAttachRounds = 8;

// Slots with more links to them than this are taken for found: of 165,000 real vectors (Fashion-MNIST, SIFT, LSA) the 239
// that were lost had at most 11.
constexpr uint16_t kSafeInDegree = 16;

// For so many new slots an older one is searched for as well: rows that are chosen anew may drop the links on the way to a group that
// lies apart. What lies near one that is lost is looked at, too, so that a few of each group are enough. It takes 5 % of an add.
constexpr uint32_t kReviewShare = 4;

// Rows that one thread copies or encodes before it looks whether it should go on.
constexpr uint32_t kRowsPerTask = 64;

// Slots that are linked back by one thread, or whose rows it goes through, before it lets searches in.
constexpr uint32_t kLinksPerYield = 64;

// Slots of which others know enough need not be led to from anywhere else: copies of a vector, rows of a group that are all equally
// far from each other, any under ip. So islands are looked for when this share of the slots is new since the last time.
constexpr uint32_t kSweptShare = 4;

}  // namespace

bool GrowingSegment::IsMisfit(const float* values, float inverse_norm) const {
  const Segment& segment = *segment_;
  if (segment.shape_.keeps_vectors || !segment.quantizer_) return false;
  uint8_t codes[kMaxDimension];
  return !segment.quantizer_->Encode(values, inverse_norm, codes).is_held;
}

bool GrowingSegment::Takes(uint32_t count, uint32_t misfit_count) const {
  if (misfit_count == 0) return true;
  return segment_->misfit_count_ + misfit_count <= (segment_->slot_count() + count) / kKeptMisfitShare;
}

void GrowingSegment::Reserve(uint32_t count, uint32_t misfit_count) {
  Segment& segment = *segment_;
  const uint32_t slot_count = segment.slot_count() + count;
  if (segment.shape_.keeps_vectors || !segment.quantizer_) {
    segment.rows_.Commit(slot_count * segment.padded_dimension_);
  } else if (misfit_count > 0) {
    ReserveMisfits(segment.misfit_count_ + misfit_count);
  }
  if (segment.shape_.metric == Metric::kCosine) segment.inverse_norms_.Commit(slot_count);
  segment.ids_.Commit(slot_count);
  dead_ranges_.reserve(dead_ranges_.size() + 1);
  if (!WantsGraph(slot_count)) return;
  if (segment.shape_.has_codes) {
    segment.codes_.Commit(slot_count * segment.padded_codes_);
    segment.corrections_.Commit(slot_count);
  }
  if (!segment.graph_) segment.graph_ = std::make_shared<Graph>(segment.capacity(), segment.shape_.M);
  segment.graph_->Commit(slot_count);
}

void GrowingSegment::Publish() {
  published_count_ = segment_->slot_count();
  was_lossless_ = segment_->is_lossless_;
  did_codes_fit_ = segment_->codes_fit_;
  dead_ranges_.clear();
}

void GrowingSegment::Abandon() noexcept {
  Segment& segment = *segment_;
  if (!segment.has_graph()) ForgetGraph();
  // Nothing leads to slots that are not linked, and no snapshot shows them: they are as good as new.
  const uint32_t kept = std::max(published_count_, linked_count_);
  if (kept < segment.slot_count()) {
    std::erase_if(misfits_, [kept](uint32_t slot) { return slot >= kept; });
    segment.misfit_count_.store(segment.MisfitPlace(kept), std::memory_order_release);
    segment.slot_count_.store(kept, std::memory_order_release);
  }
  if (kept == published_count_) {
    segment.is_lossless_.store(was_lossless_, std::memory_order_relaxed);
    segment.codes_fit_.store(did_codes_fit_, std::memory_order_release);
  } else {  // what was linked stays
    was_lossless_ = segment.is_lossless_;
    did_codes_fit_ = segment.codes_fit_;
  }
  Trim();
  const uint32_t slot_count = segment_->slot_count();
  if (published_count_ < slot_count) dead_ranges_.push_back({published_count_, slot_count});  // room was reserved
  published_count_ = slot_count;
}

// Takes back a graph that was begun, and the codes that were fitted for it. Nobody has read either: what is published of a
// segment without a graph has its floats, and is scanned.
void GrowingSegment::ForgetGraph() noexcept {
  Segment& segment = *segment_;
  segment.graph_ = nullptr;
  segment.quantizer_.reset();
  segment.row_count_.store(kNil, std::memory_order_release);
  segment.misfit_count_.store(0, std::memory_order_release);
  misfits_.clear();
  contexts_.clear();
  linked_count_ = attached_count_ = swept_count_ = 0;
}

void GrowingSegment::Append(const NewRow& row) {
  const uint32_t slot = segment_->slot_count();
  if (!Write(slot, row)) NoteMisfits({slot}, [&](uint32_t) { return row.values; });
  segment_->slot_count_.store(slot + 1, std::memory_order_release);
}

void GrowingSegment::AppendCopy(const Segment& from, uint32_t slot) {
  float values[kMaxDimension];
  from.CopyVector(slot, values);
  Append({values, from.inverse_norm(slot), from.id(slot)});
}

void GrowingSegment::AppendAll(uint32_t count, int worker_count, const std::function<void()>& poll,
                               const std::function<NewRow(uint32_t)>& row_at) {
  const uint32_t begin = segment_->slot_count();
  const bool was_lossless = segment_->is_lossless();
  try {
    const std::vector<uint32_t> misfits = MisfitsAmong(
        begin, begin + count, worker_count, poll, [&](uint32_t slot) { return Write(slot, row_at(slot - begin)); });
    NoteMisfits(misfits, [&](uint32_t slot) { return row_at(slot - begin).values; });
  } catch (...) {
    segment_->is_lossless_ = was_lossless;
    throw;
  }
  segment_->slot_count_.store(begin + count, std::memory_order_release);
}

// Returns whether the codes, where they are walked, hold the row. Other slots may be written at the same time.
bool GrowingSegment::Write(uint32_t slot, const NewRow& row) {
  Segment& segment = *segment_;
  if (segment.shape_.keeps_vectors || !segment.quantizer_) {
    std::copy_n(row.values, segment.shape_.dimension, segment.rows_.data() + slot * segment.padded_dimension_);
  }
  if (segment.shape_.metric == Metric::kCosine) segment.inverse_norms_[slot] = row.inverse_norm;
  segment.ids_[slot] = row.id;
  return !segment.quantizer_ || !segment.walks_codes() || EncodeRow(slot, row.values);
}

void GrowingSegment::Link(int worker_count, const std::function<void()>& poll,
                          const std::function<void(uint32_t)>& on_linked) {
  Segment& segment = *segment_;
  const uint32_t slot_count = segment.slot_count();
  if (!WantsGraph(slot_count)) return;
  if (attached_count_ == slot_count) return;
  if (!segment.graph_) Reserve(0);  // it was forgotten, and there are so many slots all the same
  if (segment.shape_.has_codes && !segment.quantizer_) FitQuantizer(worker_count, poll);
  while (contexts_.size() < static_cast<size_t>(worker_count)) contexts_.push_back(std::make_unique<BuildContext>());
  if (misfits_.size() > slot_count / kMisfitShare) segment.codes_fit_.store(false, std::memory_order_release);
  for (const auto& context : contexts_) context->first_new_slot = attached_count_;
  const uint32_t call_begin = linked_count_;
  while (linked_count_ < slot_count) {
    const uint32_t most = std::min(linked_count_ / kBatchShare, (linked_count_ - call_begin) / kCallShare);
    const uint32_t size = std::clamp<uint32_t>(most, 1, kMaxBatch);
    const uint32_t begin = linked_count_, end = begin + std::min(size, slot_count - begin);
    LinkBatch(end, worker_count, poll);
    linked_count_ = end;
    on_linked(end - begin);
  }
  const bool is_due = slot_count == segment.capacity() || linked_count_ - swept_count_ >= linked_count_ / kSweptShare;
  AttachLost(attached_count_, worker_count, poll);
  if (is_due) AttachIslands(poll);
  attached_count_ = linked_count_;
  // Not sooner: until every slot can be found the few that are published are scanned.
  segment.is_graph_ready_.store(true, std::memory_order_release);
}

std::vector<uint32_t> GrowingSegment::Renumber(int worker_count, const std::function<void()>& poll,
                                               const std::function<NewRow(uint32_t)>& row_at) {
  Segment& segment = *segment_;
  const uint32_t slot_count = segment.slot_count();
  std::vector<uint32_t> order = DepthFirstOrder(*segment.graph_, slot_count, poll);
  segment.graph_ = segment.graph_->Renumbered(order, poll);
  misfits_.clear();
  segment.misfit_count_.store(0, std::memory_order_release);
  NoteMisfits(MisfitsAmong(0, slot_count, worker_count, poll, [&](uint32_t slot) { return Write(slot, row_at(order[slot])); }),
              [&](uint32_t slot) { return row_at(order[slot]).values; });
  return order;
}

void GrowingSegment::AttachIslands(const std::function<void()>& poll) {
  if (linked_count_ == 0 || swept_count_ == linked_count_) return;
  segvec::AttachIslands(*segment_->graph_, linked_count_, poll);
  swept_count_ = linked_count_;
}

// Pruning full rows can leave a slot that no search leads to. Slots that few links lead to, among the new ones and those
// that have lost a link to them, are searched for, and what is not found is linked once more. A new link, and one that gave
// way to it, may lead other searches elsewhere: those that read the changed row are made again, with those for what lies near.
// Searching changes nothing and is spread over the workers; attaching is done in slot order.
void GrowingSegment::AttachLost(uint32_t begin, int worker_count, const std::function<void()>& poll) {
  Segment& segment = *segment_;
  Graph& graph = *segment.graph_;
  const uint32_t end = linked_count_;
  std::vector<uint32_t> suspects;
  for (uint32_t slot = begin; slot < end; ++slot) {
    if (graph.in_degree(slot) <= kSafeInDegree) suspects.push_back(slot);
  }
  const uint64_t review_step = std::max<uint64_t>(uint64_t{begin} * kReviewShare / (end - begin), 1);
  const uint64_t review_begin = Mix(begin) % review_step;
  const auto is_reviewed = [&](uint32_t slot) { return slot < begin && slot % review_step == review_begin; };
  for (uint64_t slot = review_begin; slot < begin; slot += review_step) suspects.push_back(static_cast<uint32_t>(slot));
  for (const auto& context : contexts_) {
    for (const uint32_t slot : context->bereft) {
      if (graph.in_degree(slot) <= kSafeInDegree) suspects.push_back(slot);
    }
  }

  const SegmentRows rows = segment.rows();
  for (const auto& context : contexts_) context->walks = {};  // of a call that was broken off
  const bool is_ip = segment.shape_.metric == Metric::kIp;
  std::vector<uint8_t> is_lost;
  std::vector<uint32_t> met_twins;  // of those of which a copy was met instead, that copy
  for (int round = 0; round < kAttachRounds && !suspects.empty(); ++round) {
    std::sort(suspects.begin(), suspects.end());
    suspects.erase(std::unique(suspects.begin(), suspects.end()), suspects.end());
    is_lost.assign(suspects.size(), 0);
    met_twins.assign(suspects.size(), kNil);
    RunWorkers(static_cast<uint32_t>(std::min<size_t>(static_cast<size_t>(worker_count), suspects.size())),
               static_cast<uint32_t>(suspects.size()), [&](uint32_t i, BuildContext& context) {
                 poll();
                 const uint32_t slot = suspects[i];
                 is_lost[i] = !loops().finds(rows, graph, slot, end, kSelfSearchEf, context);
                 if (is_lost[i]) return;
                 context.walks.Add(slot, context.read.links);
                 // Whatever links to a copy may be led to by that copy only, so they are all linked to once more, from one that
                 // is met. Under ip what is met first need not be a copy.
                 const uint32_t met = is_ip ? slot : CandidatePool::SlotOf(context.search.pool[0]);
                 const bool is_linked_again = (round == 0 && !is_reviewed(slot)) || graph.in_degree(slot) == 0;
                 if (met != slot && is_linked_again) met_twins[i] = met;
               });
    // Should this call be broken off, the next one looks at them.
    std::vector<uint32_t>& affected = contexts_[0]->bereft;
    const auto affected_begin = static_cast<std::ptrdiff_t>(affected.size());
    Bitset changed(end);
    for (size_t i = 0; i < suspects.size(); ++i) {
      if (!is_lost[i] && met_twins[i] == kNil) continue;
      poll();
      AttachSlot(suspects[i], met_twins[i], end, changed);
    }
    if (changed.set_count() == 0) break;
    for (const auto& context : contexts_) context->walks.AppendThrough(changed, affected);
    suspects.assign(affected.begin() + affected_begin, affected.end());
  }
  // Only now: a call that was cancelled leaves them to the next one.
  for (const auto& context : contexts_) {
    context->bereft.clear();
    context->walks = {};
  }
  if (!segment.walks_codes()) return;
  // Where vectors are kept, queries as far out as these rows are answered on the floats, so it is there that they must be found.
  for (const uint32_t slot : misfits_) {
    if (slot < begin) continue;
    poll();
    segment.loops_.on_floats->attach(rows, graph, slot, end, kSelfSearchEf, *contexts_[0]);
  }
}

// Links to `slot` once more: where a search meets a copy of it (kNil for none), from there, where nothing has to give way; else
// from what lies nearest, and then notes in `changed` whose row that is and as bereft what lies near.
void GrowingSegment::AttachSlot(uint32_t slot, uint32_t met_twin, uint32_t end, Bitset& changed) {
  Graph& graph = *segment_->graph_;
  const SegmentRows rows = segment_->rows();
  BuildContext& context = *contexts_[0];
  const bool is_ip = segment_->shape_.metric == Metric::kIp;
  if (is_ip && graph.in_degree(slot) == 0) met_twin = slot;  // nobody knows of one: the walk begins where its own links lead
  if (met_twin != kNil) {
    const uint32_t host = loops().attach_twin(rows, graph, slot, met_twin, context);
    if (host != kNil) changed.Set(host);
    if (host != kNil || !is_ip) return;
  }
  const uint32_t host = loops().attach(rows, graph, slot, end, kSelfSearchEf, context);
  if (host == kNil) {
    // A copy that was attached just before may be met now; the pool is that of the search for it.
    const uint32_t met = CandidatePool::SlotOf(context.search.pool[0]);
    if (!is_ip && graph.in_degree(slot) == 0 && met != slot) AttachSlot(slot, met, end, changed);
    return;
  }
  changed.Set(host);
  const CandidatePool& met = context.search.pool;
  for (size_t rank = 0; rank < met.size(); ++rank) context.bereft.push_back(CandidatePool::SlotOf(met[rank]));
  for (const uint32_t from : {host, slot}) {
    const uint32_t* links = graph.Links(from, 0);
    for (size_t i = 0; i < graph.RowCapacity(0) && links[i] != kNil; ++i) context.bereft.push_back(links[i]);
  }
}

// Calls body(i, context) for every i below `count`, on `workers` threads, each with a context of its own.
void GrowingSegment::RunWorkers(uint32_t workers, uint32_t count,
                                const std::function<void(uint32_t, BuildContext&)>& body) {
  std::atomic<uint32_t> next{0};
  const auto run = [&](size_t worker) {
    for (uint32_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < count;) body(i, *contexts_[worker]);
  };
  if (workers <= 1) return run(0);
  ThreadPool::Shared().ParallelFor(workers, static_cast<int>(workers), priority_, run);
}

void GrowingSegment::LinkBatch(uint32_t end, int worker_count, const std::function<void()>& poll) {
  Segment& segment = *segment_;
  Graph& graph = *segment.graph_;
  const uint32_t begin = linked_count_;
  const uint32_t workers = std::min<uint32_t>(static_cast<uint32_t>(worker_count), end - begin);

  const size_t upper_row_count = graph.upper_row_count();
  levels_.resize(end - begin);
  for (uint32_t slot = begin; slot < end; ++slot) {
    levels_[slot - begin] = static_cast<uint8_t>(graph.AddRows(slot, LevelOf(slot)));
  }
  if (begin == 0) {
    graph.SetEntry({0, levels_[0]});
    return;
  }
  const SegmentRows rows = segment.rows();
  try {
    for (const auto& context : contexts_) context->ReserveForLinking(end - begin, graph.RowCapacity(0), rows.codes.block_count);
    RunWorkers(workers, end - begin, [&](uint32_t i, BuildContext& context) {
      poll();
      loops().choose(rows, graph, begin + i, levels_[i], begin, parameters_, context);
    });
    // Cannot be broken off once it has begun; searches are let in.
    RunWorkers(workers, workers, [&](uint32_t worker, BuildContext& context) {
      for (uint32_t from = begin; from < end; from += kLinksPerYield) {
        ThreadPool::Shared().YieldToInteractive();
        const Batch some{from, std::min(from + kLinksPerYield, end), levels_.data() + (from - begin), begin};
        loops().link(rows, graph, some, worker, workers, context);
      }
    });
  } catch (...) {
    for (uint32_t slot = begin; slot < end; ++slot) {
      const uint32_t* links = graph.Links(slot, 0);
      for (size_t i = 0; i < graph.RowCapacity(0) && links[i] != kNil; ++i) graph.CountLink(links[i], -1);
    }
    graph.RestoreUpperRowCount(upper_row_count);
    throw;
  }
  // Last, when it can be left again (an entry without links loses the whole graph).
  for (uint32_t slot = begin; slot < end; ++slot) {
    if (levels_[slot - begin] > graph.entry().level) graph.SetEntry({slot, levels_[slot - begin]});
  }
}

void GrowingSegment::FitQuantizer(int worker_count, const std::function<void()>& poll) {
  Segment& segment = *segment_;
  const auto row_of = [&](uint32_t slot) { return segment.rows_.data() + slot * segment.padded_dimension_; };
  segment.quantizer_.emplace(segment.shape_.metric, segment.shape_.dimension, row_of(0), segment.padded_dimension_,
                             segment.inverse_norms_.data(), segment.slot_count(), poll);
  segment.is_lossless_ = true;
  try {
    NoteMisfits(MisfitsAmong(0, segment.slot_count(), worker_count, poll,
                             [&](uint32_t slot) { return EncodeRow(slot, row_of(slot)); }),
                row_of);
  } catch (...) {
    segment.quantizer_.reset();
    throw;
  }
  if (!segment.shape_.keeps_vectors) DropRows();
}

// Calls is_held(slot) for the slots [begin, end), on up to `worker_count` threads; returns those that are not, ascending.
std::vector<uint32_t> GrowingSegment::MisfitsAmong(uint32_t begin, uint32_t end, int worker_count,
                                                   const std::function<void()>& poll,
                                                   const std::function<bool(uint32_t)>& is_held) const {
  const size_t task_count = (end - begin + kRowsPerTask - 1) / kRowsPerTask;
  std::vector<std::vector<uint32_t>> of_tasks(task_count);
  ThreadPool::Shared().ParallelFor(task_count, worker_count, priority_, [&](size_t task) {
    poll();
    const uint32_t task_begin = begin + static_cast<uint32_t>(task) * kRowsPerTask;
    const uint32_t task_end = task_begin + std::min(kRowsPerTask, end - task_begin);
    for (uint32_t slot = task_begin; slot < task_end; ++slot) {
      if (!is_held(slot)) of_tasks[task].push_back(slot);
    }
  });
  std::vector<uint32_t> misfits;
  for (const std::vector<uint32_t>& some : of_tasks) misfits.insert(misfits.end(), some.begin(), some.end());
  return misfits;
}

// Leaves the floats that readers may be at. REQUIRES: every slot has its codes.
void GrowingSegment::DropRows() {
  Segment& segment = *segment_;
  segment.row_count_.store(published_count_, std::memory_order_release);
  segment.rows_.Trim(published_count_ * segment.padded_dimension_);
}

// Writes the codes of a row; returns whether they can hold it. Other rows may be encoded at the same time.
bool GrowingSegment::EncodeRow(uint32_t slot, const float* values) {
  Segment& segment = *segment_;
  const ScalarQuantizer::Encoded encoded = segment.quantizer_->Encode(
      values, segment.inverse_norm(slot), segment.codes_.data() + slot * segment.padded_codes_);
  segment.corrections_[slot] = encoded.term;
  // Most vectors are lossy: threads that only look do not take the line from each other.
  if (!encoded.is_exact && segment.is_lossless()) segment.is_lossless_.store(false, std::memory_order_relaxed);
  // Codes of whole numbers may be far too coarse for what comes later.
  const bool is_coarse = segment.quantizer_->is_lossless() && !encoded.is_exact;
  return segment.shape_.keeps_vectors ? encoded.fits && !is_coarse : encoded.is_held;
}

// REQUIRES: `slots` are ascending, and come after those noted before. Throws kOutOfMemory where Reserve() was not told of them.
void GrowingSegment::NoteMisfits(const std::vector<uint32_t>& slots,
                                 const std::function<const float*(uint32_t)>& row_of) {
  Segment& segment = *segment_;
  if (segment.shape_.keeps_vectors) {
    misfits_.insert(misfits_.end(), slots.begin(), slots.end());
    return;
  }
  const uint32_t begin = segment.misfit_count_.load(std::memory_order_relaxed);
  const uint32_t end = begin + static_cast<uint32_t>(slots.size());
  ReserveMisfits(end);
  for (uint32_t i = begin; i < end; ++i) {
    StoreLink(segment.misfit_slots_[i], slots[i - begin]);
    std::copy_n(row_of(slots[i - begin]), segment.shape_.dimension,
                segment.misfit_rows_.data() + i * segment.padded_dimension_);
  }
  segment.misfit_count_.store(end, std::memory_order_release);
}

void GrowingSegment::ReserveMisfits(uint32_t count) {
  Segment& segment = *segment_;
  segment.misfit_slots_.Commit(count);
  segment.misfit_rows_.Commit(count * segment.padded_dimension_);
}

const Loops& GrowingSegment::loops() const {
  return segment_->walks_codes() ? *segment_->loops_.on_codes : *segment_->loops_.on_floats;
}

std::shared_ptr<Graph> GrowingSegment::NarrowedGraph(const std::function<void()>& poll) const {
  return segment_->has_graph() ? segment_->graph_->Narrowed(segment_->slot_count(), poll) : nullptr;
}

void GrowingSegment::Seal(std::shared_ptr<Graph> graph) noexcept {
  Segment& segment = *segment_;
  if (graph) {
    segment.graph_ = std::move(graph);
  } else if (segment.has_graph()) {
    segment.graph_->FreeLinkCounts();
  }
  Trim();
  segment.is_sealed_.store(true, std::memory_order_release);
}

// Gives back the memory beyond the slots there are, and that for a graph where there is none.
void GrowingSegment::Trim() noexcept {
  Segment& segment = *segment_;
  const uint32_t slot_count = segment.slot_count();
  segment.rows_.Trim(segment.row_count() * segment.padded_dimension_);
  segment.inverse_norms_.Trim(slot_count);
  segment.ids_.Trim(slot_count);
  const uint32_t coded_count = segment.graph_ ? slot_count : 0;
  segment.codes_.Trim(coded_count * segment.padded_codes_);
  segment.corrections_.Trim(coded_count);
  // Of the slots of misfits a reader may know an older, larger count (MisfitPlace).
  segment.misfit_rows_.Trim(segment.misfit_count_ * segment.padded_dimension_);
  if (segment.graph_) segment.graph_->Trim(slot_count);
}

// A level is reached with probability 1/M^level (paper, section 4: mL = 1 / ln M). Counted in integers, so that the
// levels do not depend on a logarithm's last bit.
uint32_t GrowingSegment::LevelOf(uint32_t slot) const {
  uint64_t rest = Mix(segment_->seed_ ^ Mix(slot));
  uint64_t limit = ~uint64_t{0};
  uint32_t level = 0;
  while (level < kMaxLevel && rest < (limit /= segment_->shape_.M)) ++level;
  return level;
}

}  // namespace segvec
