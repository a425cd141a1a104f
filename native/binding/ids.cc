#include "ids.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.h"

namespace segvec::binding {
namespace {

bool IsNumberId(double value) {
  return value >= 0 && value <= static_cast<double>(kMaxNumberId) && std::floor(value) == value;
}

[[noreturn]] void ThrowWrongType(const char* expected) {
  throw Error(ErrorCode::kInvalidArgument, std::string("ids have the wrong type; expected ") + expected);
}

bool IsTypedArrayOf(Napi::Value value, napi_typedarray_type type) {
  return value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == type;
}

}  // namespace

void AppendIds(Napi::Value value, IdType type, Stage& stage) {
  switch (type) {
    case IdType::kNumber: {
      if (!IsTypedArrayOf(value, napi_float64_array)) ThrowWrongType("a Float64Array");
      const auto ids = value.As<Napi::Float64Array>();
      for (size_t i = 0; i < ids.ElementLength(); ++i) {
        const double id = ids.Data()[i];
        if (!IsNumberId(id)) {
          throw Error(ErrorCode::kInvalidId, "id " + std::to_string(id) + "; expected a safe integer >= 0");
        }
        stage.ids.push_back(static_cast<uint64_t>(id));
      }
      return;
    }
    case IdType::kBigint: {
      if (!IsTypedArrayOf(value, napi_biguint64_array)) ThrowWrongType("a BigUint64Array");
      const auto ids = value.As<Napi::BigUint64Array>();
      stage.ids.insert(stage.ids.end(), ids.Data(), ids.Data() + ids.ElementLength());
      return;
    }
    case IdType::kString: {
      if (!value.IsArray()) ThrowWrongType("an array of strings");
      const auto ids = value.As<Napi::Array>();
      const uint32_t count = ids.Length();
      for (uint32_t i = 0; i < count; ++i) {
        const Napi::Value id = ids.Get(i);
        if (!id.IsString()) ThrowWrongType("an array of strings");
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

Napi::Value MakeHitIds(Napi::Env env, IdType type, const SearchResults& results) {
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
      auto array = Napi::Float64Array::New(env, total);
      double* out = array.Data();
      fill([&](size_t i) { out[i] = static_cast<double>(results.ids[i]); }, [&](size_t i) { out[i] = -1; });
      return array;
    }
    case IdType::kBigint: {
      auto array = Napi::BigUint64Array::New(env, total);
      uint64_t* out = array.Data();
      fill([&](size_t i) { out[i] = results.ids[i]; }, [&](size_t i) { out[i] = ~uint64_t{0}; });
      return array;
    }
    case IdType::kString: {
      auto array = Napi::Array::New(env, total);
      fill([&](size_t i) { array.Set(static_cast<uint32_t>(i), Napi::String::New(env, results.texts[i])); },
           [&](size_t i) { array.Set(static_cast<uint32_t>(i), Napi::String::New(env, "")); });
      return array;
    }
  }
  return env.Undefined();
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
