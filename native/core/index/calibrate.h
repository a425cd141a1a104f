// Measures which recall a search reaches with which beam, without queries from outside: vectors of the index
// serve as queries, each as if it were not stored.
//
// Determinism: depends on the snapshot and the seed, not on the number of threads, as long as no segment of
// the snapshot is
//              being added to meanwhile.
// Cost: about 500 exact scans, some queries to each pass over the rows, and their searches: at 50,000 vectors
// a fifth of
//       the time of the build, less for more of them.
#pragma once

#include "base/cancel_token.h"
#include "index/calibration.h"
#include "index/options.h"
#include "index/searcher.h"

namespace segvec {

// Runs on the threads of the pool as bulk work: searches go first. REQUIRES: a segment of the snapshot has a
// graph. Errors: kAborted, kOutOfMemory.
Calibration Calibrate(const Searcher& searcher, const IndexOptions& options, const Snapshot& snapshot,
                      const CancelToken& cancel);

}  // namespace segvec
