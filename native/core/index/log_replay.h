// Makes the changes again that the log holds beyond a generation.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/cancel_token.h"
#include "index/index.h"
#include "storage/log_chain.h"

namespace segvec {

// Throws kCorrupt for a change that an index with these options cannot have made. For ReadLogChain().
void CheckChange(LogFileReader::Record& record, const IndexOptions& options, const CancelToken& cancel);

// REQUIRES: `index` is the generation of the manifest, and the chain was read with CheckChange(). A change that had no effect
// then (an id that was there already) has none now. Errors: kAborted, kOutOfMemory, kIo; the index holds the changes before
// it then. `replayed_count` grows by the rows, and the ids removed, of each change.
void ReplayLog(const LogChain& chain, const Store& store, const Manifest& manifest, Index& index,
               std::atomic<uint64_t>& replayed_count, const CancelToken& cancel);

}  // namespace segvec
