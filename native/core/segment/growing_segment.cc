#include "segment/growing_segment.h"

#include <algorithm>
#include <atomic>

#include "base/random.h"
#include "base/thread_pool.h"

namespace segvec {
namespace {

// A batch is at most this share of the graph it is added to: its slots do not see each other, and up to 2 % that costs no
// recall (faiss, ParlayANN; confirmed by our recall tests).
constexpr uint32_t kBatchShare = 50;
constexpr uint32_t kMaxBatch = 8192;

}  // namespace

void GrowingSegment::Reserve(uint32_t count) {
  Segment& segment = *segment_;
  const uint32_t slot_count = segment.slot_count() + count;
  segment.rows_.Commit(slot_count * segment.padded_dimension_);
  if (segment.shape_.metric == Metric::kCosine) segment.inverse_norms_.Commit(slot_count);
  segment.ids_.Commit(slot_count);
  if (!WantsGraph(slot_count)) return;
  if (segment.shape_.has_codes) {
    segment.codes_.Commit(slot_count * segment.padded_codes_);
    segment.corrections_.Commit(slot_count);
  }
  if (!segment.graph_) segment.graph_ = std::make_unique<Graph>(segment.capacity(), segment.shape_.M);
  segment.graph_->Commit(slot_count);
}

void GrowingSegment::Append(const float* values, float inverse_norm, uint64_t id) {
  Segment& segment = *segment_;
  const uint32_t slot = segment.slot_count();
  std::copy_n(values, segment.shape_.dimension, segment.rows_.data() + slot * segment.padded_dimension_);
  if (segment.shape_.metric == Metric::kCosine) segment.inverse_norms_[slot] = inverse_norm;
  segment.ids_[slot] = id;
  if (segment.quantizer_) Encode(slot);
  segment.slot_count_.store(slot + 1, std::memory_order_release);
}

void GrowingSegment::Link(int worker_count, const std::function<void()>& poll,
                          const std::function<void(uint32_t)>& on_linked) {
  Segment& segment = *segment_;
  const uint32_t slot_count = segment.slot_count();
  if (!WantsGraph(slot_count)) return;
  if (segment.shape_.has_codes && !segment.quantizer_) FitQuantizer();
  while (linked_count_ < slot_count) {
    const uint32_t size = std::clamp<uint32_t>(linked_count_ / kBatchShare, 1, kMaxBatch);
    const uint32_t begin = linked_count_, end = begin + std::min(size, slot_count - begin);
    LinkBatch(end, worker_count, poll);
    linked_count_ = end;
    if (linked_count_ >= published_count_) segment.is_graph_ready_.store(true, std::memory_order_release);
    on_linked(end - begin);
  }
}

void GrowingSegment::LinkBatch(uint32_t end, int worker_count, const std::function<void()>& poll) {
  Segment& segment = *segment_;
  Graph& graph = *segment.graph_;
  const uint32_t begin = linked_count_;
  const uint32_t workers = std::min<uint32_t>(static_cast<uint32_t>(worker_count), end - begin);
  while (contexts_.size() < workers) contexts_.push_back(std::make_unique<BuildContext>());

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
  const auto run = [&](const std::function<void(size_t)>& body) {
    if (workers == 1) return body(0);
    ThreadPool::Shared().ParallelFor(workers, static_cast<int>(workers), ThreadPool::Priority::kBulk, body);
  };
  std::atomic<uint32_t> next{begin};
  try {
    run([&](size_t worker) {
      for (uint32_t slot; (slot = next.fetch_add(1, std::memory_order_relaxed)) < end;) {
        poll();
        segment.loops_.choose(rows, graph, slot, levels_[slot - begin], begin, parameters_, *contexts_[worker]);
      }
    });
  } catch (...) {
    graph.RestoreUpperRowCount(upper_row_count);
    throw;
  }
  const Batch batch{begin, end, levels_.data()};
  run([&](size_t worker) {
    segment.loops_.link(rows, graph, batch, static_cast<uint32_t>(worker), workers, *contexts_[worker]);
  });
  // Last, when it can be left again (an entry without links loses the whole graph).
  for (uint32_t slot = begin; slot < end; ++slot) {
    if (levels_[slot - begin] > graph.entry().level) graph.SetEntry({slot, levels_[slot - begin]});
  }
}

void GrowingSegment::FitQuantizer() {
  Segment& segment = *segment_;
  segment.quantizer_.emplace(segment.shape_.metric, segment.shape_.dimension, segment.rows_.data(),
                             segment.padded_dimension_, segment.inverse_norms_.data(), segment.slot_count());
  for (uint32_t slot = 0; slot < segment.slot_count(); ++slot) Encode(slot);
}

void GrowingSegment::Encode(uint32_t slot) {
  Segment& segment = *segment_;
  bool is_exact = true;
  const float inverse_norm = segment.shape_.metric == Metric::kCosine ? segment.inverse_norms_[slot] : 1.0f;
  segment.corrections_[slot] = segment.quantizer_->Encode(
      segment.row(slot), inverse_norm, segment.codes_.data() + slot * segment.padded_codes_, is_exact);
  if (!is_exact) segment.is_lossless_.store(false, std::memory_order_relaxed);
}

void GrowingSegment::Seal() {
  Segment& segment = *segment_;
  const uint32_t slot_count = segment.slot_count();
  segment.rows_.Trim(slot_count * segment.padded_dimension_);
  if (segment.shape_.metric == Metric::kCosine) segment.inverse_norms_.Trim(slot_count);
  segment.ids_.Trim(slot_count);
  if (segment.shape_.has_codes) {
    segment.codes_.Trim(slot_count * segment.padded_codes_);
    segment.corrections_.Trim(slot_count);
  }
  if (segment.has_graph()) {
    segment.graph_->FreeKeys();
    segment.graph_->Trim(slot_count);
  }
  segment.is_sealed_.store(true, std::memory_order_release);
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
