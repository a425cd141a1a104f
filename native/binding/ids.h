// Ids between JavaScript and the core, in the shape of the index's id type:
// numbers as Float64Array, bigints as BigUint64Array, strings as an array of strings.
#pragma once

#include <napi.h>

#include <cstdint>
#include <vector>

#include "index/index.h"

namespace segvec::binding {

// Appends the ids in `value` to the stage. Throws INVALID_ID / INVALID_ARGUMENT.
void AppendIds(Napi::Value value, IdType type, Stage& stage);

// The 64-bit id behind one JavaScript id; nullopt for a string the index has never seen, or an id out of range.
std::optional<uint64_t> LookUpId(Napi::Value value, const Index& index);

// Assigned ids: a BigUint64Array for bigints, a Float64Array for numbers and for the decimals of strings.
Napi::Value MakeAssignedIds(Napi::Env env, IdType type, const std::vector<uint64_t>& ids);

// `count` ids as JavaScript sees them, padded to `padded_count` with an id that cannot be mistaken for a hit.
// Rows of `stride` ids with counts[row] real ones each.
Napi::Value MakeIds(Napi::Env env, const Index& index, const uint64_t* ids, size_t stride, const uint32_t* counts,
                    size_t row_count);

}  // namespace segvec::binding
