#include "ids.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/error.h"
#include "elements.h"

namespace segvec::binding {
namespace {

bool IsNumberId(double value) {
  return value >= 0 && value <= static_cast<double>(kMaxNumberId) && std::floor(value) == value;
}

[[noreturn]] void ThrowWrongType(const char* expected) {
  throw Error(ErrorCode::kInvalidArgument, std::string("ids have the wrong type; expected ") + expected);
}

// The column of a type of ids. Throws for anything else, and for one that has not `least_size` places.
template <class T>
std::span<T> ColumnOf(Napi::Value value, const char* expected, size_t least_size = 0) {
  const auto column = ElementsOf<T>(value);
  if (!column) ThrowWrongType(expected);
  if (column->size() < least_size) throw Error(ErrorCode::kInvalidArgument, "the column of ids is too short");
  return *column;
}

constexpr const char* kNumbers = "a Float64Array";
constexpr const char* kBigints = "a BigUint64Array";
constexpr const char* kStrings = "an array of strings";

}  // namespace

void AppendIds(Napi::Value value, IdType type, Stage& stage) {
  switch (type) {
    case IdType::kNumber: {
      for (const double id : ColumnOf<double>(value, kNumbers)) {
        if (!IsNumberId(id)) {
          throw Error(ErrorCode::kInvalidId, "id " + std::to_string(id) + "; expected a safe integer >= 0");
        }
        stage.ids.push_back(static_cast<uint64_t>(id));
      }
      return;
    }
    case IdType::kBigint: {
      const auto ids = ColumnOf<uint64_t>(value, kBigints);
      stage.ids.insert(stage.ids.end(), ids.begin(), ids.end());
      return;
    }
    case IdType::kString: {
      if (!value.IsArray()) ThrowWrongType(kStrings);
      const auto ids = value.As<Napi::Array>();
      const uint32_t count = ids.Length();
      for (uint32_t i = 0; i < count; ++i) {
        const Napi::Value id = ids.Get(i);
        if (!id.IsString()) ThrowWrongType(kStrings);
        stage.string_ids.push_back(id.As<Napi::String>().Utf8Value());
      }
      return;
    }
  }
}

std::optional<uint64_t> LookUpId(Napi::Value value, const Index& index) {
  switch (index.options().id_type) {
    case IdType::kNumber: {
      if (!value.IsNumber()) ThrowWrongType("a number");
      const double id = value.As<Napi::Number>().DoubleValue();
      return IsNumberId(id) ? std::optional(static_cast<uint64_t>(id)) : std::nullopt;
    }
    case IdType::kBigint: {
      if (!value.IsBigInt()) ThrowWrongType("a bigint");
      bool is_lossless = false;
      const uint64_t id = value.As<Napi::BigInt>().Uint64Value(&is_lossless);
      return is_lossless ? std::optional(id) : std::nullopt;
    }
    case IdType::kString: {
      if (!value.IsString()) ThrowWrongType("a string");
      return index.string_ids().Find(value.As<Napi::String>().Utf8Value());
    }
  }
  return std::nullopt;
}

Napi::Value NewColumn(Napi::Env env, IdType type, size_t length) {
  switch (type) {
    case IdType::kNumber: return Napi::Float64Array::New(env, length);
    case IdType::kBigint: return Napi::BigUint64Array::New(env, length);
    case IdType::kString: return Napi::Array::New(env, length);
  }
  return env.Undefined();
}

void WriteHitIds(Napi::Value column, IdType type, const SearchResults& results) {
  const auto fill = [&](auto set_id, auto set_padding) {
    for (size_t row = 0; row < results.counts.size(); ++row) {
      const size_t begin = row * results.k, found_end = begin + results.counts[row];
      for (size_t i = begin; i < found_end; ++i) set_id(i);
      for (size_t i = found_end; i < begin + results.k; ++i) set_padding(i);
    }
  };
  const size_t total = results.ids.size();
  switch (type) {
    case IdType::kNumber: {
      const auto out = ColumnOf<double>(column, kNumbers, total);
      return fill([&](size_t i) { out[i] = static_cast<double>(results.ids[i]); }, [&](size_t i) { out[i] = -1; });
    }
    case IdType::kBigint: {
      const auto out = ColumnOf<uint64_t>(column, kBigints, total);
      return fill([&](size_t i) { out[i] = results.ids[i]; }, [&](size_t i) { out[i] = ~uint64_t{0}; });
    }
    case IdType::kString: {
      if (!column.IsArray()) ThrowWrongType(kStrings);
      auto out = column.As<Napi::Array>();
      const Napi::Env env = column.Env();
      std::vector<napi_value> strings(results.texts.size());
      std::transform(results.texts.begin(), results.texts.end(), strings.begin(),
                     [&](const std::string& text) { return Napi::String::New(env, text); });
      const Napi::String nothing = Napi::String::New(env, "");
      return fill([&](size_t i) { out.Set(static_cast<uint32_t>(i), strings[results.text_places[i]]); },
                  [&](size_t i) { out.Set(static_cast<uint32_t>(i), nothing); });
    }
  }
}

Napi::Value MakeIds(Napi::Env env, const Index& index, const std::vector<uint64_t>& ids) {
  if (index.options().id_type != IdType::kString) return MakeAssignedIds(env, index.options().id_type, ids);
  auto array = Napi::Array::New(env, ids.size());
  for (size_t i = 0; i < ids.size(); ++i) {
    array.Set(static_cast<uint32_t>(i), Napi::String::New(env, index.string_ids().Text(ids[i])));
  }
  return array;
}

Napi::Value MakeAssignedIds(Napi::Env env, IdType type, const std::vector<uint64_t>& ids) {
  if (type == IdType::kBigint) {
    auto array = Napi::BigUint64Array::New(env, ids.size());
    std::copy(ids.begin(), ids.end(), array.Data());
    return array;
  }
  auto array = Napi::Float64Array::New(env, ids.size());
  std::transform(ids.begin(), ids.end(), array.Data(), [](uint64_t id) { return static_cast<double>(id); });
  return array;
}

}  // namespace segvec::binding
