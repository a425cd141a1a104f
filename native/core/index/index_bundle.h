// A whole index as one piece of bytes, for object stores and messages: the files that IndexDirectory::Save
// would write, in a bundle.
#pragma once

#include <memory>

#include "base/cancel_token.h"
#include "index/index.h"
#include "index/index_directory.h"
#include "index/index_image.h"
#include "index/options.h"
#include "storage/bundle.h"

namespace segvec {

// Cost: as much memory as the bundle has bytes. Errors: kAborted, kOutOfMemory.
Bundle MakeBundle(const IndexOptions& options, const IndexImage& image, const CancelToken& cancel);

// The index that a bundle was made of, which goes on as that one would have; it does not refer to the bytes.
// Options that were given must be those of the index. Errors: those of IndexDirectory, but for kLocked.
std::shared_ptr<Index> OpenBundle(const MemoryFiles::Piece& bundle, const GivenOptions& given,
                                  const OpenParameters& parameters, const CancelToken& cancel);

}  // namespace segvec
