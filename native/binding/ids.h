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

// An empty column of ids in the shape above.
Napi::Value NewColumn(Napi::Env env, IdType type, size_t length);
// Writes the ids of hits as JavaScript sees them, padded with an id that cannot be mistaken for one. Throws INVALID_ARGUMENT for a
// column of another type, or of fewer places than the results have.
void WriteHitIds(Napi::Value column, IdType type, const SearchResults& results);

// Ids that a snapshot shows, as JavaScript sees them. REQUIRES: the caller holds the snapshot.
Napi::Value MakeIds(Napi::Env env, const Index& index, const std::vector<uint64_t>& ids);

}  // namespace segvec::binding
