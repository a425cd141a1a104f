#include "index/log_replay.h"

#include <algorithm>
#include <atomic>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/poll.h"
#include "index/vector_check.h"

namespace segvec {
namespace {

constexpr size_t kValuesPerStep = 1 << 16;

// Whether the ids are of the kind that the index has; none are assigned ones.
bool FitIdType(const LogFileReader::Record& record, IdType type) {
  if (type == IdType::kString) return record.ids.empty();
  if (!record.texts.empty()) return false;
  return type != IdType::kNumber ||
         std::ranges::all_of(record.ids, [](uint64_t id) { return id <= kMaxNumberId; });
}

// Calls body(values) for the rows, some of them at a time.
template <class Body>
void ForRows(LogFileReader::Record& record, size_t dimension, const CancelToken& cancel, const Body& body) {
  const size_t value_count =
      record.type == LogRecordType::kRemove ? 0 : static_cast<size_t>(record.count) * dimension;
  const size_t step = std::max<size_t>(1, kValuesPerStep / dimension) * dimension;
  std::vector<float> values(std::min(step, value_count));
  for (size_t begin = 0; begin < value_count; begin += step) {
    Poll(cancel);
    const std::span<float> some = std::span(values).first(std::min(step, value_count - begin));
    record.ReadValues(some);
    body(some);
  }
}

// REQUIRES: the record is none of cancels.
void Replay(LogFileReader::Record& record, Index& index, std::atomic<uint64_t>& replayed_count, const CancelToken& cancel) {
  const bool is_remove = record.type == LogRecordType::kRemove;
  Stage stage(index.options().dimension, is_remove ? 0 : static_cast<size_t>(record.count));
  stage.counted_with = &replayed_count;
  stage.ids = std::move(record.ids);
  stage.string_ids = std::move(record.texts);
  ForRows(record, stage.dimension(), cancel,
          [&](std::span<const float> values) { stage.AppendRows(values.data(), values.size()); });
  if (is_remove) {
    index.Remove(stage, cancel);
  } else if (record.type == LogRecordType::kAdd) {
    index.Add(stage, cancel);
  } else {
    index.Upsert(stage, cancel);
  }
}

}  // namespace

void CheckChange(LogFileReader::Record& record, const IndexOptions& options, const CancelToken& cancel) {
  const auto fail = [&](const std::string& what) {
    throw Error(ErrorCode::kCorrupt, "the log, change " + std::to_string(record.sequence) + ": " + what);
  };
  if (!FitIdType(record, options.id_type)) fail("ids that the index's id type does not have");
  const size_t dimension = options.dimension;
  ForRows(record, dimension, cancel, [&](std::span<const float> values) {
    for (size_t at = 0; at < values.size(); at += dimension) {
      const float* row = values.data() + at;
      const bool is_valid = FirstInvalidComponent(row, dimension) == dimension &&
                            (options.metric != Metric::kCosine || InverseNorm(row, dimension) > 0);
      if (!is_valid) fail("a vector that cannot be stored");
    }
  });
}

void ReplayLog(const LogChain& chain, const Store& store, const Manifest& manifest, Index& index,
               std::atomic<uint64_t>& replayed_count, const CancelToken& cancel) {
  WalkLogChain(chain, store, manifest, [&](LogFileReader::Record& record) {
    cancel.Check();
    const uint64_t count_after = replayed_count + record.count;
    try {
      Replay(record, index, replayed_count, cancel);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kDuplicateId && error.code() != ErrorCode::kInvalidId) throw;
    }
    replayed_count = count_after;
    index.set_change_count(record.sequence);
  });
  index.set_change_count(chain.next_sequence - 1);
}

}  // namespace segvec
