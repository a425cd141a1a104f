// The elements of a typed array that came as an argument.
#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>

namespace segvec::binding {

template <class T>
constexpr napi_typedarray_type TypedArrayOf() {
  static_assert(std::is_same_v<T, float> || std::is_same_v<T, double> || std::is_same_v<T, uint32_t> ||
                std::is_same_v<T, uint64_t>);
  if constexpr (std::is_same_v<T, float>) return napi_float32_array;
  if constexpr (std::is_same_v<T, double>) return napi_float64_array;
  if constexpr (std::is_same_v<T, uint32_t>) return napi_uint32_array;
  return napi_biguint64_array;
}

// Nothing if `value` is no typed array of this element type. Valid until JavaScript runs again, which may detach it.
template <class T>
std::optional<std::span<T>> ElementsOf(Napi::Value value) {
  bool is_typed_array = false;
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  if (napi_is_typedarray(value.Env(), value, &is_typed_array) != napi_ok || !is_typed_array) return std::nullopt;
  if (napi_get_typedarray_info(value.Env(), value, &type, &length, &data, nullptr, nullptr) != napi_ok ||
      type != TypedArrayOf<T>()) {
    return std::nullopt;
  }
  return std::span<T>(static_cast<T*>(data), length);
}

}  // namespace segvec::binding
