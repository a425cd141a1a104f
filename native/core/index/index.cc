#include "index/index.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "base/poll.h"
#include "base/random.h"
#include "base/thread_pool.h"
#include "index/calibrate.h"
#include "index/compaction_policy.h"
#include "index/vector_check.h"

namespace segvec {
namespace {

constexpr size_t kRowsPerCheck = 1024;

// Calls body(begin, end) for blocks of the rows [begin, end), side by side; searches do not wait for it.
void ForRowBlocks(size_t begin, size_t end, int threads, const CancelToken& cancel,
                  const std::function<void(size_t, size_t)>& body) {
  const size_t block_count = (end - begin + kRowsPerCheck - 1) / kRowsPerCheck;
  ThreadPool::Shared().ParallelFor(block_count, threads, ThreadPool::Priority::kBulk, [&](size_t block) {
    Poll(cancel);
    const size_t block_begin = begin + block * kRowsPerCheck;
    body(block_begin, std::min(end, block_begin + kRowsPerCheck));
  });
}

// Fewer rows than this are not worth a segment of their own.
constexpr size_t kMinRowsPerLane = 128;

// A segment's rows stay below this, however large the capacity asked for: address space is reserved for all of them.
constexpr uint64_t kMaxSegmentBytes = uint64_t{8} << 30;

// Where next_id_ stops: this id can be given by the caller, but none above it assigned.
constexpr uint64_t kNoIdLeft = ~uint64_t{0};

// A string id for a message, cut where it is long, between two characters.
std::string Quoted(const std::string& text) {
  constexpr size_t kMostBytes = 64;
  std::string quoted = "'";
  if (text.size() <= kMostBytes) return quoted.append(text).append("'");
  size_t end = kMostBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return quoted.append(text, 0, end).append("…' (").append(std::to_string(text.size())).append(" bytes)");
}

}  // namespace

// The ids of one add or upsert, entered in the map before its rows are inserted; taken back unless Keep() is
// called.
class Index::IdClaim {
 public:
  // With `replaces`, ids that are in the index move to the new locations.
  IdClaim(Index& index, const Stage& stage, const std::vector<Location>& locations, bool replaces,
          const CancelToken& cancel)
      : index_(index), cancel_(cancel), replaces_(replaces), next_id_(index.next_id_) {
    try {
      if (!stage.string_ids.empty()) {
        ClaimStrings(stage.string_ids, locations);
      } else if (!stage.ids.empty()) {
        ClaimNumbers(stage.ids, locations);
      } else {
        Assign(locations);
      }
    } catch (...) {
      TakeBack();
      throw;
    }
  }
  ~IdClaim() {
    if (!is_kept_) TakeBack();
  }

  // Cannot fail. REQUIRES: the snapshot that shows the rows has been published.
  void Keep() {
    is_kept_ = true;
    if (replaces_) index_.ids_.Settle();
  }
  bool replaces() const { return replaces_; }
  // The ids as segments store them.
  const std::vector<uint64_t>& ids() const { return ids_; }
  // The numbers that were assigned; empty when the caller gave the ids.
  std::vector<uint64_t>&& assigned() { return std::move(assigned_); }

 private:
  void ClaimStrings(const std::vector<std::string>& texts, const std::vector<Location>& locations) {
    ids_.reserve(texts.size());
    for (size_t row = 0; row < texts.size(); ++row) {
      if (!ClaimString(texts[row], locations[row])) ThrowDuplicate(row, Quoted(texts[row]));
    }
  }
  bool ClaimString(const std::string& text, Location location) {
    if (new_strings_.capacity() == new_strings_.size()) new_strings_.reserve(new_strings_.size() * 2 + 64);
    const auto [id, is_new] = index_.string_ids_.Intern(text);
    if (is_new) new_strings_.push_back(id);
    return Claim(id, location);
  }
  // REQUIRES: ids_ has room.
  bool Claim(uint64_t id, Location location) {
    if (ids_.size() % kRowsPerCheck == 0) Poll(cancel_);
    if (!index_.ids_.Insert(id, location)) {
      if (!replaces_) return false;
      const Location present = *index_.ids_.Find(id);
      // A location that nobody sees yet was given to an earlier row of this batch.
      const SegmentView* view = index_.snapshot_->FindView(present.segment);
      if (view == nullptr || !view->visibility().Contains(present.slot)) return false;
      index_.ids_.Move(id, present, location);
    }
    ids_.push_back(id);
    return true;
  }
  void ClaimNumbers(const std::vector<uint64_t>& ids, const std::vector<Location>& locations) {
    ids_.reserve(ids.size());
    for (size_t row = 0; row < ids.size(); ++row) {
      if (!Claim(ids[row], locations[row])) ThrowDuplicate(row, std::to_string(ids[row]));
      if (ids[row] >= index_.next_id_) index_.next_id_ = ids[row] == kNoIdLeft ? kNoIdLeft : ids[row] + 1;
    }
  }
  void Assign(const std::vector<Location>& locations) {
    ids_.reserve(locations.size());
    if (index_.options_.id_type == IdType::kString) {
      for (const Location location : locations) {
        while (!ClaimString(std::to_string(index_.next_id_++), location)) {
        }
        assigned_.push_back(index_.next_id_ - 1);
      }
      return;
    }
    const uint64_t last =
        index_.options_.id_type == IdType::kNumber ? kMaxNumberId : kNoIdLeft - 1;
    if (index_.next_id_ > last || locations.size() > last - index_.next_id_ + 1) {
      throw Error(ErrorCode::kInvalidId, "no automatic ids are left above the largest id of the index; pass ids");
    }
    for (const Location location : locations) {
      if (Claim(index_.next_id_++, location)) continue;
      throw Error(ErrorCode::kCorrupt, "id " + std::to_string(index_.next_id_ - 1) +
                                           " is in the index, which says that it has none from there on");
    }
    assigned_ = ids_;
  }
  [[noreturn]] void ThrowDuplicate(size_t row, const std::string& id) const {
    throw Error(ErrorCode::kDuplicateId,
                "row " + std::to_string(row) + ": id " + id +
                    (replaces_ ? " is earlier in this batch, too"
                               : " is already in the index or earlier in this batch"));
  }
  void TakeBack() {
    index_.ids_.TakeBack(ids_);
    for (const uint64_t id : new_strings_) index_.string_ids_.Release(id);
    index_.next_id_ = next_id_;
  }

  Index& index_;
  const CancelToken& cancel_;
  const bool replaces_;
  const uint64_t next_id_;
  std::vector<uint64_t> ids_;
  std::vector<uint64_t> new_strings_;
  std::vector<uint64_t> assigned_;
  bool is_kept_ = false;
};

Index::Index(const IndexOptions& options)
    : options_(options),
      loops_{&LoopsFor(options.metric, Element::kFloat, SelectedInstructionSet()),
             &LoopsFor(options.metric, Element::kCode, SelectedInstructionSet())},
      growing_(static_cast<size_t>(options.growing_segments)),
      snapshot_(std::make_shared<Snapshot>()),
      searcher_(options_, options_.id_type == IdType::kString ? &string_ids_ : nullptr) {}

std::vector<uint64_t> Index::Add(Stage& stage, const CancelToken& cancel) {
  return AddRows(stage, false, cancel);
}

std::vector<uint64_t> Index::Upsert(Stage& stage, const CancelToken& cancel) {
  return AddRows(stage, true, cancel);
}

std::vector<uint64_t> Index::AddRows(Stage& stage, bool replaces, const CancelToken& cancel) {
  if (stage.row_count() == 0) return {};
  const std::vector<float> inverse_norms = CheckRows(stage, cancel);
  Plan plan = MakePlan(stage, inverse_norms, cancel);
  std::optional<IdClaim> claim;
  try {
    for (const auto& runs : plan.lanes) {
      for (const Run& run : runs) run.target->Reserve(static_cast<uint32_t>(run.end - run.begin), run.misfit_count);
    }
    claim.emplace(*this, stage, plan.locations, replaces, cancel);
    InsertRows(plan, stage, inverse_norms, claim->ids(), cancel);
    PublishRows(plan, *claim);
  } catch (...) {
    Abandon(plan);
    throw;
  }
  claim->Keep();
  ReleaseRetiredStrings();
  return claim->assigned();
}

size_t Index::Remove(const Stage& stage, const CancelToken& cancel) {
  const bool has_strings = options_.id_type == IdType::kString;
  SnapshotEditor edits(*snapshot_);
  std::vector<uint64_t> removed;
  for (size_t row = 0; row < stage.id_count(); ++row) {
    if (row % kRowsPerCheck == 0) Poll(cancel);
    const std::optional<uint64_t> id =
        has_strings ? string_ids_.Find(stage.string_ids[row]) : std::optional(stage.ids[row]);
    const std::optional<Location> location = id ? ids_.Find(*id) : std::nullopt;
    if (location && edits.Kill(*location)) removed.push_back(*id);
  }
  if (removed.empty()) return 0;
  cancel.Check();
  Publish(edits, has_strings ? removed : std::vector<uint64_t>());
  ++change_count_;
  for (size_t i = 0; i < removed.size(); ++i) {
    if (i % kRowsPerCheck == 0) ThreadPool::Shared().YieldToInteractive();
    ids_.Erase(removed[i]);
    if (has_strings) string_ids_.Forget(removed[i]);
  }
  ReleaseRetiredStrings();
  return removed.size();
}

// Checks every row and returns 1 / |row| of each under cosine.
std::vector<float> Index::CheckRows(const Stage& stage, const CancelToken& cancel) const {
  const bool is_cosine = options_.metric == Metric::kCosine;
  std::vector<float> inverse_norms(is_cosine ? stage.row_count() : 0);
  std::atomic<size_t> first_bad{stage.row_count()};
  ForRowBlocks(0, stage.row_count(), options_.threads, cancel, [&](size_t begin, size_t end) {
    for (size_t row = begin; row < end; ++row) {
      bool is_bad = FirstInvalidComponent(stage.row(row), options_.dimension) < options_.dimension;
      if (!is_bad && is_cosine) {
        inverse_norms[row] = InverseNorm(stage.row(row), options_.dimension);
        is_bad = inverse_norms[row] == 0;
      }
      if (!is_bad) continue;
      size_t known = first_bad.load();
      while (row < known && !first_bad.compare_exchange_weak(known, row)) {
      }
      return;
    }
  });
  const size_t row = first_bad;
  if (row == stage.row_count()) return inverse_norms;
  const size_t position = FirstInvalidComponent(stage.row(row), options_.dimension);
  if (position == options_.dimension) {
    throw Error(ErrorCode::kInvalidVector,
                "row " + std::to_string(row) + " has length zero or below 1e-15; metric 'cosine' needs a direction");
  }
  throw Error(ErrorCode::kInvalidVector, "row " + std::to_string(row) + ", position " + std::to_string(position) +
                                             " is " + DescribeValue(stage.row(row)[position]) +
                                             "; expected a finite number of magnitude up to 1e17");
}

// Rows are inserted in a seeded random order: they usually arrive sorted by document or topic, which makes a bad graph
// (shared notes: 1.5 times the distances per query), and would give each segment topics of its own.
//
// A segment that keeps no vectors is done with, full or not, once its codes would not hold too many of the rows.
Index::Plan Index::MakePlan(const Stage& stage, const std::vector<float>& inverse_norms,
                            const CancelToken& cancel) const {
  const size_t row_count = stage.row_count();
  Plan plan;
  plan.order = RandomPermutation(row_count, options_.seed ^ Mix(add_count_));
  plan.locations.resize(row_count);
  const size_t lane_count = std::clamp<size_t>(row_count / kMinRowsPerLane, 1, growing_.size());
  plan.lanes.resize(lane_count);
  const SegmentShape shape = ShapeOf(SegmentCapacity());
  const auto count_misfits = [&](const GrowingSegment& target, size_t begin, size_t end) {
    std::atomic<uint32_t> count{0};
    ForRowBlocks(begin, end, options_.threads, cancel, [&](size_t block_begin, size_t block_end) {
      uint32_t block_count = 0;
      for (size_t i = block_begin; i < block_end; ++i) {
        const uint32_t row = plan.order[i];
        block_count += target.IsMisfit(stage.row(row), inverse_norms.empty() ? 1.0f : inverse_norms[row]);
      }
      count.fetch_add(block_count, std::memory_order_relaxed);
    });
    return count.load();
  };
  for (size_t lane = 0; lane < lane_count; ++lane) {
    std::shared_ptr<GrowingSegment> target = growing_[lane];
    size_t begin = row_count * lane / lane_count;
    const size_t lane_end = row_count * (lane + 1) / lane_count;
    while (begin < lane_end) {
      uint32_t misfit_count = 0;
      if (target && target->free_slots() > 0 && !options_.keep_vectors) {
        const size_t end = std::min<size_t>(lane_end, begin + target->free_slots());
        misfit_count = count_misfits(*target, begin, end);
        if (!target->Takes(static_cast<uint32_t>(end - begin), misfit_count)) {
          plan.lanes[lane].push_back({std::move(target), begin, begin, 0, true});
          target = nullptr;
          misfit_count = 0;
        }
      }
      if (target && target->free_slots() == 0) {
        // Filled by an add that failed: nothing has sealed it.
        plan.lanes[lane].push_back({std::move(target), begin, begin, 0, true});
        target = nullptr;
      }
      if (!target) {
        const uint32_t number = next_segment_number_ + plan.new_segment_count++;
        target = std::make_shared<GrowingSegment>(std::make_shared<Segment>(shape, loops_, number, options_.seed),
                                                  BuildParameters{options_.ef_construction});
      }
      const size_t end = std::min<size_t>(lane_end, begin + target->free_slots());
      const uint32_t first_slot = target->segment()->slot_count();
      for (size_t i = begin; i < end; ++i) {
        plan.locations[plan.order[i]] = {target->segment()->number(), first_slot + static_cast<uint32_t>(i - begin)};
      }
      plan.lanes[lane].push_back({std::move(target), begin, end, misfit_count});
      target = nullptr;
      begin = end;
    }
  }
  return plan;
}

SegmentShape Index::ShapeOf(uint32_t capacity) const {
  return {options_.dimension, options_.metric, options_.M, capacity, options_.quantization != Quantization::kNone,
          options_.keep_vectors};
}

uint32_t Index::SegmentCapacity() const {
  const uint64_t row_bytes = options_.dimension * sizeof(float);
  return static_cast<uint32_t>(
      std::min<uint64_t>({options_.segment_capacity, kMaxSegmentBytes / row_bytes, kMaxSlots}));
}

void Index::InsertRows(Plan& plan, Stage& stage, const std::vector<float>& inverse_norms,
                       const std::vector<uint64_t>& ids, const CancelToken& cancel) {
  const std::function<void()> poll = PollOf(cancel);
  const int threads_per_lane = std::max(1, options_.threads / static_cast<int>(plan.lanes.size()));
  ThreadPool::Shared().ParallelFor(plan.lanes.size(), options_.threads, ThreadPool::Priority::kBulk, [&](size_t lane) {
    for (Run& run : plan.lanes[lane]) {
      const auto row_at = [&](uint32_t i) {
        const uint32_t row = plan.order[run.begin + i];
        return GrowingSegment::NewRow{stage.row(row), inverse_norms.empty() ? 1.0f : inverse_norms[row], ids[row]};
      };
      const bool is_new = run.target->is_new();
      run.target->AppendAll(static_cast<uint32_t>(run.end - run.begin), threads_per_lane, poll, row_at);
      // Linked only now that all are there: the first link fits the codes to them.
      uint64_t unreported_count = run.end - run.begin;
      run.target->Link(threads_per_lane, poll, [&](uint32_t linked_count) {
        const uint64_t reported = std::min<uint64_t>(linked_count, unreported_count);
        unreported_count -= reported;
        stage.NoteInserted(reported);
      });
      if (is_new && run.target->segment()->has_graph()) {
        const std::vector<uint32_t> order = run.target->Renumber(threads_per_lane, poll, row_at);
        for (uint32_t slot = 0; slot < order.size(); ++slot) {
          const uint64_t id = ids[plan.order[run.begin + order[slot]]];
          ids_.MoveUnseen(id, {run.target->segment()->number(), slot});
        }
      }
      if (run.SealsTarget()) {
        run.target->AttachIslands(poll);
        run.sealed_graph = run.target->NarrowedGraph(poll);
      }
      stage.NoteInserted(unreported_count);
    }
  });
}

void Index::PublishRows(Plan& plan, const IdClaim& claim) {
  SnapshotEditor edits(*snapshot_);
  for (const auto& runs : plan.lanes) {
    for (const Run& run : runs) ShowGrown(*run.target, run.sealed_graph, edits);
  }
  if (claim.replaces()) {
    for (const uint64_t id : claim.ids()) {
      if (const std::optional<Location> former = ids_.FindFormer(id)) edits.Kill(*former);
    }
  }
  Publish(edits);
  for (size_t lane = 0; lane < plan.lanes.size(); ++lane) {
    for (Run& run : plan.lanes[lane]) {
      run.target->Publish();
      const bool is_done = run.SealsTarget();
      if (is_done) run.target->Seal(std::move(run.sealed_graph));
      growing_[lane] = is_done ? nullptr : run.target;
    }
  }
  next_segment_number_ += plan.new_segment_count;
  ++add_count_;
  ++change_count_;
}

void Index::ShowGrown(const GrowingSegment& growing, std::shared_ptr<const Graph> sealed_graph,
                      SnapshotEditor& edits) {
  const std::shared_ptr<Segment>& segment = growing.segment();
  edits.Show(segment, segment->slot_count(), std::move(sealed_graph));
  for (const auto& range : growing.dead_ranges()) {
    for (uint32_t slot = range.begin; slot < range.end; ++slot) edits.Kill({segment->number(), slot});
  }
}

// Segments made for the failed add are dropped with it; what it linked in older ones stays as dead slots, which the
// next Publish shows to the snapshots. Needs no memory: there may be none left.
void Index::Abandon(const Plan& plan) noexcept {
  for (const auto& runs : plan.lanes) {
    for (const Run& run : runs) run.target->Abandon();
  }
}

void Index::Publish(SnapshotEditor& edits, std::vector<uint64_t> retired_strings) {
  std::shared_ptr<const Snapshot> next = edits.Finish();
  if (options_.id_type == IdType::kString) retired_strings_.Add(snapshot_, std::move(retired_strings));
  std::lock_guard lock(snapshot_mutex_);
  snapshot_.swap(next);
}

// The texts of ids that were removed go with the last snapshot that shows them; it is the writer who looks
// after them, as part of its next change.
void Index::ReleaseRetiredStrings() {
  retired_strings_.Collect([&](uint64_t number) { string_ids_.Release(number); });
}

std::shared_ptr<const Snapshot> Index::snapshot() const {
  std::lock_guard lock(snapshot_mutex_);
  return snapshot_;
}

SearchResults Index::Search(const float* queries, size_t query_count, const SearchParameters& parameters,
                            const CancelToken& cancel) const {
  const auto current = snapshot();
  SearchResults results = searcher_.Search(*current, queries, query_count, parameters, cancel);
  if (options_.id_type == IdType::kString) FillTexts(results, cancel);
  return results;
}

void Index::FillTexts(SearchResults& results, const CancelToken& cancel) const {
  // Many queries find the same vectors, and texts may be long.
  std::unordered_map<uint64_t, uint32_t> places;
  results.text_places.resize(results.ids.size());
  for (size_t query = 0; query < results.counts.size(); ++query) {
    cancel.Check();
    const size_t first = query * results.k;
    for (size_t i = first; i < first + results.counts[query]; ++i) {
      const auto [place, is_new] = places.try_emplace(results.ids[i], static_cast<uint32_t>(results.texts.size()));
      if (is_new) results.texts.push_back(string_ids_.Text(results.ids[i]));
      results.text_places[i] = place->second;
    }
  }
}

std::shared_ptr<const Calibration> Index::calibration() const {
  std::lock_guard lock(calibration_mutex_);
  return calibration_;
}

void Index::AdoptCalibration(const Index& other) {
  auto adopted = other.calibration();
  const SearchShape now = SearchShapeOf(*snapshot());
  std::lock_guard lock(calibration_mutex_);
  if (!calibration_ || (adopted && !calibration_->IsFresh(now))) calibration_.swap(adopted);
}

Index::CalibrationState Index::CalibrationStateOf(const Snapshot& measurable) const {
  const SearchShape shape = SearchShapeOf(measurable);
  if (shape.beam_factor == 0) return CalibrationState::kFresh;
  const auto known = calibration();
  if (!known || known->IsOutdated(shape)) return CalibrationState::kMissing;
  return known->IsFresh(shape) ? CalibrationState::kFresh : CalibrationState::kStale;
}

void Index::Calibrate(const CancelToken& cancel) {
  const auto measurable = snapshot();
  if (CalibrationStateOf(*measurable) == CalibrationState::kFresh) return;
  auto measured = std::make_shared<const Calibration>(segvec::Calibrate(searcher_, options_, *measurable, cancel));
  const SearchShape now = SearchShapeOf(*snapshot());
  std::lock_guard lock(calibration_mutex_);
  // Another one may have begun later and ended sooner.
  if (calibration_ && calibration_->IsFresh(now) && !measured->IsFresh(now)) return;
  calibration_.swap(measured);
}

uint32_t Index::EfFor(size_t k, double recall) const {
  const SearchShape now = SearchShapeOf(*snapshot());
  const auto known = calibration();
  return known && !known->IsOutdated(now) ? known->EfFor(k, recall, now) : CautiousEf(k, recall);
}

// As IdPlaces describes it.
std::optional<Index::Place> Index::Locate(uint64_t id) const {
  RestoreIds(CancelToken());
  for (;;) {
    const uint64_t settled_count = ids_.settled_count();
    auto current = snapshot();
    for (const std::optional<Location>& location : {ids_.Find(id), ids_.FindFormer(id)}) {
      if (!location) continue;
      const SegmentView* view = current->FindView(location->segment);
      // The place of an add that failed may by now be another one's.
      if (view == nullptr || !view->visibility().Contains(location->slot) ||
          view->segment->id(location->slot) != id) {
        continue;
      }
      const Segment* segment = view->segment.get();
      return Place{std::move(current), segment, location->slot};
    }
    if (ids_.settled_count() == settled_count) return std::nullopt;
  }
}

bool Index::Has(uint64_t id) const { return Locate(id).has_value(); }

std::optional<std::vector<float>> Index::Get(uint64_t id) const {
  const std::optional<Place> place = Locate(id);
  if (!place) return std::nullopt;
  std::vector<float> vector(options_.dimension);
  place->segment->CopyVector(place->slot, vector.data());
  return vector;
}

size_t Index::memory_bytes() const {
  size_t bytes = ids_.memory_bytes() + string_ids_.memory_bytes() + searcher_.memory_bytes();
  const auto current = snapshot();  // a temporary would end before the loop does
  for (const SegmentView& view : current->views) {
    bytes += view.memory_bytes();
  }
  return bytes;
}

bool Index::WantsCompaction() const {
  return !PlanWorthwhileCompaction(*snapshot(), SegmentCapacity(), options_.keep_vectors).empty();
}

uint64_t Index::Fingerprint() const {
  uint64_t hash = 0;
  const auto current = snapshot();
  for (const SegmentView& view : current->views) {
    hash = Mix(hash ^ view.segment->Fingerprint());
    if (!view.dead) continue;
    for (uint32_t slot = 0; slot < view.slot_count; ++slot) {
      if (view.dead->Test(slot)) hash = Mix(hash ^ slot);
    }
  }
  return hash;
}

}  // namespace segvec
