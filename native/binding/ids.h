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

// The ids of hits as JavaScript sees them, padded with an id that cannot be mistaken for one.
Napi::Value MakeHitIds(Napi::Env env, IdType type, const SearchResults& results);

// Ids that a snapshot shows, as JavaScript sees them. REQUIRES: the caller holds the snapshot.
Napi::Value MakeIds(Napi::Env env, const Index& index, const std::vector<uint64_t>& ids);

}  // namespace segvec::binding
