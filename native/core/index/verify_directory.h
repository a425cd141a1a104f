// The full check of an index on disk: every file of every generation is read and checked against its
// checksums, every graph is walked, and each generation is put together as opening it would.
//
// Cost: reads every file once; the memory of opening the index, and of the generation before it where that
// has other segments.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "base/cancel_token.h"
#include "index/directory_report.h"
#include "storage/env.h"
#include "storage/verify.h"

namespace segvec {

// Bytes of files that have been dealt with, of all that will be. Thread safety: read by any thread.
struct VerifyProgress {
  std::atomic<uint64_t> checked_bytes{0}, total_bytes{0};
};

// Errors: kNotFound where nothing of an index is, kAborted, kOutOfMemory. What is wrong with a file is in the
// report. `poll` is called often, on the calling thread. REQUIRES: the pool has `threads` threads.
DirectoryReport VerifyDirectory(Env& env, const std::string& path, const VerifyOptions& options, int threads,
                                VerifyProgress& progress, const std::function<void()>& poll,
                                const CancelToken& cancel);

}  // namespace segvec
