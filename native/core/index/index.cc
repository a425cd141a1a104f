#include "index/index.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <utility>

#include "base/error.h"
#include "base/random.h"
#include "base/thread_pool.h"
#include "index/vector_check.h"

namespace segvec {
namespace {

constexpr size_t kRowsPerCheck = 1024;

// Fewer rows than this are not worth a segment of their own.
constexpr size_t kMinRowsPerLane = 128;

// A segment's rows stay below this, however large the capacity asked for: address space is reserved for all of them.
constexpr uint64_t kMaxSegmentBytes = uint64_t{8} << 30;

// Where next_id_ stops: this id can be given by the caller, but none above it assigned.
constexpr uint64_t kNoIdLeft = ~uint64_t{0};

// A string id for a message, cut where it is long, between two characters.
std::string Quoted(const std::string& text) {
  constexpr size_t kMostBytes = 64;
  if (text.size() <= kMostBytes) return "'" + text + "'";
  size_t end = kMostBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return "'" + text.substr(0, end) + "…' (" + std::to_string(text.size()) + " bytes)";
}

uint32_t SegmentCapacity(const IndexOptions& options) {
  const uint64_t row_bytes = options.dimension * sizeof(float);
  return static_cast<uint32_t>(std::min<uint64_t>({options.segment_capacity, kMaxSegmentBytes / row_bytes, kMaxSlots}));
}

}  // namespace

// The ids of one add, entered in the map before its rows are inserted; taken back unless Keep() is called.
class Index::IdClaim {
 public:
  IdClaim(Index& index, const Stage& stage, const std::vector<Location>& locations)
      : index_(index), next_id_(index.next_id_) {
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

  void Keep() { is_kept_ = true; }
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
    if (!index_.id_map_.Insert(id, location)) return false;
    ids_.push_back(id);
    return true;
  }
  void ClaimNumbers(const std::vector<uint64_t>& ids, const std::vector<Location>& locations) {
    ids_.reserve(ids.size());
    for (size_t row = 0; row < ids.size(); ++row) {
      if (!index_.id_map_.Insert(ids[row], locations[row])) ThrowDuplicate(row, std::to_string(ids[row]));
      ids_.push_back(ids[row]);
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
      const uint64_t id = index_.next_id_++;
      index_.id_map_.Insert(id, location);
      ids_.push_back(id);
    }
    assigned_ = ids_;
  }
  [[noreturn]] static void ThrowDuplicate(size_t row, const std::string& id) {
    throw Error(ErrorCode::kDuplicateId, "row " + std::to_string(row) + ": id " + id +
                                             " is already in the index or earlier in this batch");
  }
  void TakeBack() {
    for (const uint64_t id : ids_) index_.id_map_.Erase(id);
    for (auto at = new_strings_.rbegin(); at != new_strings_.rend(); ++at) index_.string_ids_.Release(*at);
    index_.next_id_ = next_id_;
  }

  Index& index_;
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
  if (stage.row_count() == 0) return {};
  const std::vector<float> inverse_norms = CheckRows(stage, cancel);
  const Plan plan = MakePlan(stage.row_count());
  for (const auto& runs : plan.lanes) {
    for (const Run& run : runs) run.target->Reserve(static_cast<uint32_t>(run.end - run.begin));
  }
  IdClaim claim(*this, stage, plan.locations);
  try {
    InsertRows(plan, stage, inverse_norms, claim.ids(), cancel);
    Publish(plan);
  } catch (...) {
    Abandon(plan);
    throw;
  }
  claim.Keep();
  return claim.assigned();
}

// Checks every row and returns 1 / |row| of each under cosine.
std::vector<float> Index::CheckRows(const Stage& stage, const CancelToken& cancel) const {
  const bool is_cosine = options_.metric == Metric::kCosine;
  std::vector<float> inverse_norms(is_cosine ? stage.row_count() : 0);
  std::atomic<size_t> first_bad{stage.row_count()};
  const size_t task_count = (stage.row_count() + kRowsPerCheck - 1) / kRowsPerCheck;
  ThreadPool::Shared().ParallelFor(task_count, options_.threads, ThreadPool::Priority::kBulk, [&](size_t task) {
    cancel.Check();
    const size_t end = std::min(stage.row_count(), (task + 1) * kRowsPerCheck);
    for (size_t row = task * kRowsPerCheck; row < end; ++row) {
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
Index::Plan Index::MakePlan(size_t row_count) const {
  Plan plan;
  plan.order = RandomPermutation(row_count, options_.seed ^ Mix(add_count_));
  plan.locations.resize(row_count);
  const size_t lane_count = std::clamp<size_t>(row_count / kMinRowsPerLane, 1, growing_.size());
  plan.lanes.resize(lane_count);
  const SegmentShape shape{options_.dimension, options_.metric, options_.M, SegmentCapacity(options_),
                           options_.quantization != Quantization::kNone};
  for (size_t lane = 0; lane < lane_count; ++lane) {
    std::shared_ptr<GrowingSegment> target = growing_[lane];
    size_t begin = row_count * lane / lane_count;
    const size_t lane_end = row_count * (lane + 1) / lane_count;
    while (begin < lane_end) {
      if (!target || target->free_slots() == 0) {
        const uint32_t number = next_segment_number_ + plan.new_segment_count++;
        target = std::make_shared<GrowingSegment>(std::make_shared<Segment>(shape, loops_, number, options_.seed),
                                                  BuildParameters{options_.ef_construction});
      }
      const size_t end = std::min<size_t>(lane_end, begin + target->free_slots());
      const uint32_t first_slot = target->segment()->slot_count();
      for (size_t i = begin; i < end; ++i) {
        plan.locations[plan.order[i]] = {target->segment()->number(), first_slot + static_cast<uint32_t>(i - begin)};
      }
      plan.lanes[lane].push_back({std::move(target), begin, end});
      target = nullptr;
      begin = end;
    }
  }
  return plan;
}

void Index::InsertRows(const Plan& plan, Stage& stage, const std::vector<float>& inverse_norms,
                       const std::vector<uint64_t>& ids, const CancelToken& cancel) const {
  ThreadPool& pool = ThreadPool::Shared();
  const std::function<void()> poll = [&] {
    cancel.Check();
    pool.YieldToInteractive();
  };
  const int threads_per_lane = std::max(1, options_.threads / static_cast<int>(plan.lanes.size()));
  pool.ParallelFor(plan.lanes.size(), options_.threads, ThreadPool::Priority::kBulk, [&](size_t lane) {
    for (const Run& run : plan.lanes[lane]) {
      for (size_t i = run.begin; i < run.end; ++i) {
        const uint32_t row = plan.order[i];
        run.target->Append(stage.row(row), inverse_norms.empty() ? 1.0f : inverse_norms[row], ids[row]);
        if (i % kRowsPerCheck == 0) poll();
      }
      // Linked only now that all are there: the first link fits the codes to them.
      uint64_t unreported_count = run.end - run.begin;
      run.target->Link(threads_per_lane, poll, [&](uint32_t linked_count) {
        const uint64_t reported = std::min<uint64_t>(linked_count, unreported_count);
        unreported_count -= reported;
        stage.inserted_count.fetch_add(reported, std::memory_order_relaxed);
      });
      stage.inserted_count.fetch_add(unreported_count, std::memory_order_relaxed);
    }
  });
}

void Index::Publish(const Plan& plan) {
  std::vector<SegmentView> views = snapshot_->views;
  for (const auto& runs : plan.lanes) {
    for (const Run& run : runs) {
      const std::shared_ptr<Segment>& segment = run.target->segment();
      const SegmentView* old_view = snapshot_->FindView(segment->number());
      if (old_view == nullptr) views.push_back({segment, 0, nullptr});
      SegmentView& view =
          old_view == nullptr ? views.back() : views[static_cast<size_t>(old_view - snapshot_->views.data())];
      view.slot_count = segment->slot_count();
      if (run.target->dead_ranges().empty()) continue;
      auto dead = std::make_shared<Bitset>(view.dead ? *view.dead : Bitset(view.slot_count));
      for (const auto& range : run.target->dead_ranges()) {
        for (uint32_t slot = range.begin; slot < range.end; ++slot) dead->Set(slot);
      }
      view.dead = std::move(dead);
    }
  }
  PublishViews(std::move(views));
  for (size_t lane = 0; lane < plan.lanes.size(); ++lane) {
    for (const Run& run : plan.lanes[lane]) {
      run.target->Publish();
      const bool is_full = run.target->free_slots() == 0;
      if (is_full) run.target->Seal();
      growing_[lane] = is_full ? nullptr : run.target;
    }
  }
  next_segment_number_ += plan.new_segment_count;
  ++add_count_;
}

// Segments made for the failed add are dropped with it; what it appended to older ones stays as dead slots, which the
// next Publish shows to the snapshots. Needs no memory: there may be none left.
void Index::Abandon(const Plan& plan) noexcept {
  for (const auto& runs : plan.lanes) {
    for (const Run& run : runs) run.target->Abandon();
  }
}

void Index::PublishViews(std::vector<SegmentView> views) {
  auto snapshot = std::make_shared<Snapshot>();
  std::sort(views.begin(), views.end(), [](const SegmentView& a, const SegmentView& b) {
    return a.segment->number() < b.segment->number();
  });
  snapshot->views = std::move(views);
  for (const SegmentView& view : snapshot->views) snapshot->vector_count += view.live_count();
  std::shared_ptr<const Snapshot> published = std::move(snapshot);
  std::lock_guard lock(snapshot_mutex_);
  snapshot_.swap(published);
}

std::shared_ptr<const Snapshot> Index::snapshot() const {
  std::lock_guard lock(snapshot_mutex_);
  return snapshot_;
}

SearchResults Index::Search(const float* queries, size_t query_count, const SearchParameters& parameters,
                            const CancelToken& cancel) const {
  return searcher_.Search(*snapshot(), queries, query_count, parameters, cancel);
}

bool Index::Has(uint64_t id) const {
  const std::optional<Location> location = id_map_.Find(id);
  if (!location) return false;
  const auto current = snapshot();
  const SegmentView* view = current->FindView(location->segment);
  // The place of an add that failed may by now be another one's.
  return view != nullptr && view->visibility().Contains(location->slot) && view->segment->id(location->slot) == id;
}

std::optional<std::vector<float>> Index::Get(uint64_t id) const {
  const std::optional<Location> location = id_map_.Find(id);
  if (!location) return std::nullopt;
  const auto current = snapshot();
  const SegmentView* view = current->FindView(location->segment);
  if (view == nullptr || !view->visibility().Contains(location->slot)) return std::nullopt;
  if (view->segment->id(location->slot) != id) return std::nullopt;  // as in Has
  const float* row = view->segment->row(location->slot);
  return std::vector<float>(row, row + options_.dimension);
}

size_t Index::memory_bytes() const {
  size_t bytes = id_map_.memory_bytes() + string_ids_.memory_bytes() + searcher_.memory_bytes();
  const auto current = snapshot();  // a temporary would end before the loop does
  for (const SegmentView& view : current->views) {
    bytes += view.segment->memory_bytes() + (view.dead ? view.dead->memory_bytes() : 0);
  }
  return bytes;
}

uint64_t Index::Fingerprint() const {
  uint64_t hash = 0;
  const auto current = snapshot();
  for (const SegmentView& view : current->views) hash = Mix(hash ^ view.segment->Fingerprint());
  return hash;
}

}  // namespace segvec
