// The options of an index as its manifest has them.
#pragma once

#include "index/options.h"
#include "storage/manifest.h"

namespace segvec {

ManifestOptions StoredOptions(const IndexOptions& options);

// REQUIRES: the manifest has been checked.
IndexOptions OptionsOf(const ManifestOptions& stored, int threads);

}  // namespace segvec
