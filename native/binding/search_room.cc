#include "search_room.h"

#include <algorithm>
#include <string>

#include "base/error.h"
#include "elements.h"
#include "ids.h"

namespace segvec::binding {
namespace {

constexpr size_t kRequestLength = 3;

template <class T>
std::span<T> ElementsOfProperty(const Napi::Object& arrays, const char* name, size_t least_count) {
  const auto elements = ElementsOf<T>(arrays.Get(name));
  if (elements && elements->size() >= least_count) return *elements;
  throw Error(ErrorCode::kInvalidArgument, std::string(name) + " has the wrong type, or is too short");
}

}  // namespace

SearchRoom::SearchRoom(Napi::Value value, size_t dimension, IdType id_type) : id_type_(id_type) {
  if (!value.IsObject()) throw Error(ErrorCode::kInvalidArgument, "room must be an object");
  const auto arrays = value.As<Napi::Object>();
  request_ = ElementsOfProperty<uint32_t>(arrays, "request", kRequestLength);
  query_ = ElementsOfProperty<float>(arrays, "query", dimension);
  distances_ = ElementsOfProperty<float>(arrays, "distances", 1);
  if (id_type == IdType::kNumber) number_ids_ = ElementsOfProperty<double>(arrays, "ids", distances_.size());
  if (id_type == IdType::kBigint) bigint_ids_ = ElementsOfProperty<uint64_t>(arrays, "ids", distances_.size());
  arrays_ = Napi::Persistent(arrays);
}

SearchParameters SearchRoom::parameters() const {
  return {std::min<size_t>(request_[0], distances_.size()), std::clamp<uint32_t>(request_[1], 1, kMaxSlots),
          request_[2] != 0};
}

void SearchRoom::Write(const SearchResults& results) {
  const size_t count = results.counts[0];
  std::copy_n(results.distances.begin(), count, distances_.begin());
  switch (id_type_) {
    case IdType::kNumber: std::copy_n(results.ids.begin(), count, number_ids_.begin()); return;
    case IdType::kBigint: std::copy_n(results.ids.begin(), count, bigint_ids_.begin()); return;
    case IdType::kString: WriteHitIds(arrays_.Value().Get("ids"), id_type_, results); return;
  }
}

}  // namespace segvec::binding
