#include "index/calibrate.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "base/growable_memory.h"
#include "base/poll.h"
#include "base/random.h"
#include "base/thread_pool.h"
#include "distance/kernels.h"
#include "graph/graph_without.h"
#include "graph/order_key.h"
#include "index/vector_check.h"

namespace segvec {
namespace {

// The k that are measured; others lie between. Each with the share of the sample that it takes: a query has k
// chances to miss, so that fewer queries tell as much.
struct MeasuredK {
  uint32_t k;
  size_t sample_divisor;
  uint32_t first_ef;
};
constexpr MeasuredK kMeasured[] = {{1, 1, 6}, {10, 1, 10}, {30, 2, 30}, {100, 4, 100}};
constexpr size_t kLargestK = 100;

// The exact scans of the sample compute so many distances, within the limits below: 500 queries give recall
// 0.95 of 10 to about half a point.
constexpr size_t kScanBudget = size_t{1} << 25;
constexpr size_t kSmallestSample = 400, kLargestSample = 1000;

// Measuring ends at this recall; what lies beyond is extrapolated.
constexpr double kEnoughRecall = 0.9985;

constexpr size_t kQueriesPerPass = 16;
constexpr uint32_t kSlotsPerCheck = 64;  // of a mapped segment
constexpr uint32_t kRowsPerPoll = 256;

// Equal distances, computed in another order of operations, are not farther.
constexpr float kRounding = 1e-6f;

struct Sample {
  const SegmentView* view;
  GraphWithout without;
  float limits[std::size(kMeasured)];  // distance of the k-th nearest
};

// Only a slot that is on no level but the lowest, and not where walks begin.
bool CanLeaveOut(const Graph& graph, uint32_t slot) { return graph.LevelOf(slot) == 0 && graph.entry().slot != slot; }

class Measurement {
 public:
  Measurement(const Searcher& searcher, const IndexOptions& options, const Snapshot& snapshot,
              const CancelToken& cancel)
      : searcher_(searcher), options_(options), snapshot_(snapshot), cancel_(cancel) {}

  Calibration Run() {
    CheckSegments();
    Draw();
    FindLimits();
    std::vector<RecallCurve> curves;
    for (size_t at = 0; at < std::size(kMeasured); ++at) curves.push_back(MeasureCurve(at));
    return Calibration({SearchShapeOf(snapshot_), static_cast<uint32_t>(samples_.size()), std::move(curves)});
  }

 private:
  size_t k_of(size_t at) const {
    return std::min<size_t>(kMeasured[at].k, std::max<size_t>(snapshot_.vector_count, 1) - 1);
  }
  float* query(size_t sample) const { return queries_.data() + sample * PaddedDimension(options_.dimension); }

  // Calls body(i) for every sample below `count`, some to a task, on the threads of the pool.
  void ForSamples(size_t count, const std::function<void(size_t begin, size_t end)>& body) const {
    const size_t task_count = (count + kQueriesPerPass - 1) / kQueriesPerPass;
    ThreadPool::Shared().ParallelFor(
        task_count, options_.threads, ThreadPool::Priority::kBulk, [&](size_t task) {
          Poll(cancel_);
          body(task * kQueriesPerPass, std::min(count, (task + 1) * kQueriesPerPass));
        });
  }

  // All of every segment is going to be read, and a mapped one has to be checked before it is.
  void CheckSegments() const {
    for (const SegmentView& view : snapshot_.views) {
      if (view.segment->is_checked()) continue;
      for (uint32_t begin = 0; begin < view.slot_count; begin += kSlotsPerCheck) {
        Poll(cancel_);
        const uint32_t end = std::min(begin + kSlotsPerCheck, view.slot_count);
        view.segment->Check(ReadGuard::Part::kRows, begin, end);
        if (!view.graph) continue;
        view.segment->Check(ReadGuard::Part::kLinks, begin, end);
        if (view.segment->walks_codes()) view.segment->Check(ReadGuard::Part::kCodes, begin, end);
      }
    }
  }

  // Draws the sample from the vectors on the lowest level of a graph, which are nearly all.
  void Draw() {
    std::vector<const SegmentView*> views;
    size_t slot_count = 0;
    for (const SegmentView& view : snapshot_.views) {
      if (!view.graph) continue;
      views.push_back(&view);
      slot_count += view.slot_count;
    }
    const size_t wanted = std::clamp(kScanBudget / std::max<size_t>(snapshot_.vector_count, 1),
                                     kSmallestSample, kLargestSample);
    Random random(options_.seed ^ Mix(snapshot_.vector_count));
    for (size_t tries = 0; samples_.size() < wanted && tries < 20 * wanted; ++tries) {
      uint64_t place = random.Below(slot_count);
      auto view = views.begin();
      while (place >= (*view)->slot_count) place -= (*view++)->slot_count;
      const auto slot = static_cast<uint32_t>(place);
      if (!(*view)->visibility().Contains(slot) || !CanLeaveOut(*(*view)->graph, slot)) continue;
      samples_.push_back({*view, {}, {}});
      samples_.back().without.slot = slot;
    }
    const size_t padded_dimension = PaddedDimension(options_.dimension);
    queries_ = GrowableArray<float>(samples_.size() * padded_dimension);
    queries_.Commit(samples_.size() * padded_dimension);
    ForSamples(samples_.size(), [&](size_t begin, size_t end) {
      const auto context = std::make_unique<BuildContext>();
      for (size_t i = begin; i < end; ++i) {
        Sample& sample = samples_[i];
        const uint32_t slot = sample.without.slot;
        sample.view->segment->CopyVector(slot, query(i));
        sample.view->segment->LeaveOut(*sample.view->graph, slot, *context, sample.without);
      }
    });
  }

  // Scans for the distance of the k-th nearest to each query.
  void FindLimits() {
    ForSamples(samples_.size(), [&](size_t begin, size_t end) {
      std::vector<FloatQuery> queries;
      for (size_t i = begin; i < end; ++i) {
        const bool has_scale = options_.metric == Metric::kCosine;
        queries.push_back({query(i), has_scale ? InverseNorm(query(i), options_.dimension) : 1.0f});
      }
      std::vector<Nearest> nearest(queries.size());
      for (Nearest& of_query : nearest) of_query.Begin(kLargestK + 1);  // itself among them
      for (const SegmentView& view : snapshot_.views) {
        for (uint32_t row = 0; row < view.slot_count; row += kRowsPerPoll) {
          Poll(cancel_);
          const uint32_t row_end = row + std::min(kRowsPerPoll, view.slot_count - row);
          view.segment->Scan(queries, row, row_end, view.visibility(), nearest);
        }
      }
      for (size_t i = begin; i < end; ++i) SetLimits(nearest[i - begin].Finish(), samples_[i]);
    });
  }

  void SetLimits(const std::vector<Hit>& hits, Sample& sample) const {
    const uint64_t own_id = sample.view->segment->id(sample.without.slot);
    size_t rank = 0, at = 0;
    for (const Hit& hit : hits) {
      if (hit.id == own_id) continue;
      ++rank;
      const float distance = DistanceOfKey(hit.key);
      for (; at < std::size(kMeasured) && k_of(at) == rank; ++at) {
        sample.limits[at] = distance + std::abs(distance) * kRounding;
      }
    }
  }

  RecallCurve MeasureCurve(size_t at) const {
    const uint32_t exhaustive_ef = searcher_.ExhaustiveEf(snapshot_);
    RecallCurve curve{kMeasured[at].k, {}, false};
    const bool can_measure = k_of(at) > 0 && samples_.size() >= kMeasured[at].sample_divisor;
    double highest = 0;
    for (uint32_t ef = kMeasured[at].first_ef; can_measure && ef < exhaustive_ef; ef *= 2) {
      RecallPoint point = MeasurePoint(at, ef);
      point.recall = highest = std::max(highest, point.recall);
      curve.points.push_back(point);
      if (highest >= kEnoughRecall) return curve;
    }
    curve.points.push_back({exhaustive_ef, 1, 0});
    curve.ends_with_scan = true;
    return curve;
  }

  RecallPoint MeasurePoint(size_t at, uint32_t ef) const {
    const size_t count = samples_.size() / kMeasured[at].sample_divisor, k = k_of(at);
    std::vector<uint32_t> found(count);
    ForSamples(count, [&](size_t begin, size_t end) {
      std::vector<float> distances;
      for (size_t i = begin; i < end; ++i) {
        Poll(cancel_);
        const Sample& sample = samples_[i];
        searcher_.SearchWithout(snapshot_, {sample.view, &sample.without}, query(i), {k, ef, false}, cancel_,
                                distances);
        for (const float distance : distances) found[i] += distance <= sample.limits[at];
      }
    });
    double sum = 0, square_sum = 0;
    for (const uint32_t hits : found) {
      const double recall = static_cast<double>(hits) / static_cast<double>(k);
      sum += recall;
      square_sum += recall * recall;
    }
    const double mean = sum / static_cast<double>(count);
    const double variance = std::max(0.0, square_sum / static_cast<double>(count) - mean * mean);
    return {ef, mean, std::sqrt(variance / static_cast<double>(count))};
  }

  const Searcher& searcher_;
  const IndexOptions& options_;
  const Snapshot& snapshot_;
  const CancelToken& cancel_;
  std::vector<Sample> samples_;
  GrowableArray<float> queries_;  // of each sample, padded
};

}  // namespace

Calibration Calibrate(const Searcher& searcher, const IndexOptions& options, const Snapshot& snapshot,
                      const CancelToken& cancel) {
  return Measurement(searcher, options, snapshot, cancel).Run();
}

}  // namespace segvec
