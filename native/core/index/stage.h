// The input of one add, upsert or remove, copied out of JavaScript's reach before any of it is looked at.
//
// Shape: row-major, `dimension` floats per row, unpadded.
// Thread safety: filled by one thread, then read by the pool.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/growable_memory.h"

namespace segvec {

class Stage {
 public:
  Stage(size_t dimension, size_t expected_rows)
      : dimension_(dimension),
        expected_rows_(expected_rows),
        rows_(expected_rows <= SIZE_MAX / dimension ? dimension * expected_rows : SIZE_MAX) {}

  size_t dimension() const { return dimension_; }
  size_t row_count() const { return row_count_; }
  const float* row(size_t index) const { return rows_.data() + index * dimension_; }

  // REQUIRES: value_count is a multiple of the dimension. Throws kInvalidArgument past the expected rows.
  void AppendRows(const float* values, size_t value_count) {
    const size_t rows = value_count / dimension_;
    if (rows > expected_rows_ - row_count_) {
      throw Error(ErrorCode::kInvalidArgument, "more rows arrived than the " + std::to_string(expected_rows_) +
                                                   " that were announced");
    }
    rows_.Commit((row_count_ + rows) * dimension_);
    std::copy_n(values, value_count, rows_.data() + row_count_ * dimension_);
    row_count_ += rows;
  }

  // Ids of the rows in order: `ids` for numbers and bigints, `string_ids` for strings; both empty asks for automatic ones.
  std::vector<uint64_t> ids;
  std::vector<std::string> string_ids;
  // Rows inserted so far; read by whoever shows progress.
  std::atomic<uint64_t> inserted_count{0};
  std::atomic<uint64_t>* counted_with = nullptr;  // grows by as many, if it is set

  void NoteInserted(uint64_t count) {
    inserted_count.fetch_add(count, std::memory_order_relaxed);
    if (counted_with != nullptr) counted_with->fetch_add(count, std::memory_order_relaxed);
  }

  // Gives the rows' memory back; only inserted_count may be read after it.
  void FreeRows() {
    rows_ = GrowableArray<float>();
    ids = std::vector<uint64_t>();
    string_ids = std::vector<std::string>();
  }

  size_t id_count() const { return ids.size() + string_ids.size(); }
  bool is_complete() const { return row_count_ == expected_rows_; }
  size_t memory_bytes() const { return rows_.committed_bytes() + ids.capacity() * sizeof(uint64_t); }

 private:
  const size_t dimension_;
  const size_t expected_rows_;
  size_t row_count_ = 0;
  GrowableArray<float> rows_;
};

}  // namespace segvec
