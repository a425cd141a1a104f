#include "index/exact_search.h"

#include <algorithm>
#include <deque>
#include <mutex>
#include <vector>

#include "base/thread_pool.h"
#include "distance/kernels.h"
#include "index/query.h"

namespace segvec {
namespace {

// What one thread does before it looks whether other work waits: the distances to so many floats, but of no fewer rows than are
// worth a task.
constexpr size_t kFloatsPerTask = size_t{1} << 24;
constexpr size_t kLeastRowsPerTask = 1024;
constexpr uint32_t kSlotsPerCancelCheck = 4096;

// Queries that are scanned for together: fewer where they find so many hits that these would push the rows out of the cache.
constexpr size_t kQueriesPerScan = 16;
constexpr size_t kMostScanHits = size_t{1} << 16;

// Tasks for each thread between two waits for all of them, after which the hits so far become results and their room is free again.
constexpr size_t kTasksPerWait = 16;

// Slots of a segment that are scanned in one go.
struct SlotRange {
  const SegmentView* view;
  uint32_t begin, end;
};

// All slots of a snapshot in tasks of about `rows_per_task`, which may span segments.
std::vector<std::vector<SlotRange>> ScanTasks(const Snapshot& snapshot, size_t rows_per_task) {
  std::vector<std::vector<SlotRange>> tasks;
  size_t room = 0;
  for (const SegmentView& view : snapshot.views) {
    for (uint32_t begin = 0; begin < view.slot_count && view.live_count() > 0;) {
      if (room == 0) {
        tasks.emplace_back();
        room = rows_per_task;
      }
      const auto count = static_cast<uint32_t>(std::min<size_t>({room, kSlotsPerCancelCheck, view.slot_count - begin}));
      tasks.back().push_back({&view, begin, begin + count});
      begin += count;
      room -= count;
    }
  }
  return tasks;
}

// Queries that are scanned for together.
struct ScanGroup {
  struct alignas(64) Block {
    float values[kBlockFloats];
  };

  ScanGroup(size_t first_query, size_t count, size_t blocks_per_query)
      : first(first_query), blocks(count * blocks_per_query), nearest(count) {}

  const size_t first;
  std::vector<Block> blocks;  // the queries as padded rows
  std::vector<FloatQuery> queries;
  std::mutex mutex;
  std::vector<Nearest> nearest;  // of the ranges that have been scanned
};

}  // namespace

void SearchExactly(const IndexOptions& options, const HitOrder& order, const Snapshot& snapshot, const float* queries,
                   size_t query_count, bool may_fan_out, const CancelToken& cancel, SearchResults& results) {
  const size_t blocks_per_query = PaddedDimension(options.dimension) / kBlockFloats;
  const size_t most_per_group = kMostScanHits / std::max<size_t>(results.k, 1);
  const size_t per_group = std::max<size_t>(std::min({most_per_group, kQueriesPerScan, query_count}), 1);
  const size_t rows_per_task = kFloatsPerTask / (per_group * blocks_per_query * kBlockFloats);
  const std::vector<std::vector<SlotRange>> tasks = ScanTasks(snapshot, std::max(rows_per_task, kLeastRowsPerTask));
  const auto scan = [&](ScanGroup& group, const std::vector<SlotRange>& ranges) {
    std::vector<Nearest> nearest(group.queries.size());
    for (Nearest& of_query : nearest) of_query.Begin(results.k, order);
    for (const SlotRange& range : ranges) {
      cancel.Check();
      range.view->segment->Scan(group.queries, range.begin, range.end, range.view->visibility(), nearest);
    }
    std::lock_guard lock(group.mutex);
    for (size_t i = 0; i < nearest.size(); ++i) group.nearest[i].AddAll(nearest[i]);
  };
  const size_t tasks_per_wait = kTasksPerWait * static_cast<size_t>(std::max(options.threads, 1));
  const size_t per_wait = per_group * std::max<size_t>(tasks_per_wait / std::max<size_t>(tasks.size(), 1), 1);
  for (size_t begin = 0; begin < query_count; begin += per_wait) {
    cancel.Check();
    const size_t end = std::min(query_count, begin + per_wait);
    std::deque<ScanGroup> groups;
    for (size_t first = begin; first < end; first += per_group) {
      ScanGroup& group = groups.emplace_back(first, std::min(per_group, end - first), blocks_per_query);
      for (size_t i = 0; i < group.nearest.size(); ++i) {
        const float* query = queries + (first + i) * options.dimension;
        group.queries.push_back(PrepareQuery(options, query, first + i, group.blocks[i * blocks_per_query].values));
        group.nearest[i].Begin(results.k, order);
      }
    }
    const auto scan_part = [&](size_t i) { scan(groups[i / tasks.size()], tasks[i % tasks.size()]); };
    const size_t part_count = groups.size() * tasks.size();
    ThreadPool& pool = ThreadPool::Shared();
    if (query_count > 1) {
      pool.ParallelFor(part_count, options.threads, ThreadPool::Priority::kInteractive, scan_part);
    } else if (may_fan_out) {
      pool.ParallelForIfIdle(part_count, options.threads, scan_part);
    } else {
      for (size_t i = 0; i < part_count; ++i) scan_part(i);
    }
    for (ScanGroup& group : groups) {
      for (size_t i = 0; i < group.nearest.size(); ++i) results.Set(group.first + i, group.nearest[i].Finish());
    }
  }
}

}  // namespace segvec
