// Where synchronous searches find what is asked, and leave what they have found: arrays that JavaScript keeps from call to call.
// Each look at an array is a call, and three arrays with every query took a fifth of what surrounds a search, so they are looked at once
// for many searches.
//
// Thread safety: JavaScript thread only.
#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "index/index.h"

namespace segvec::binding {

class SearchRoom {
 public:
  // { request: k, ef, and 1 for an exact search; query; ids and distances, as long as each other }. Throws INVALID_ARGUMENT for
  // arrays of other types, or too short ones. REQUIRES: nobody detaches their memory.
  SearchRoom(Napi::Value arrays, size_t dimension, IdType id_type);

  const float* query() const { return query_.data(); }
  // Of no more hits than there is room for.
  SearchParameters parameters() const;
  // REQUIRES: of one query, with these parameters.
  void Write(const SearchResults& results);

 private:
  IdType id_type_;
  Napi::ObjectReference arrays_;
  std::span<const uint32_t> request_;
  std::span<const float> query_;
  std::span<float> distances_;
  std::span<double> number_ids_;    // these two: of indexes with such ids
  std::span<uint64_t> bigint_ids_;
};

}  // namespace segvec::binding
