#include "index/stored_options.h"

namespace segvec {

ManifestOptions StoredOptions(const IndexOptions& options) {
  ManifestOptions stored;
  stored.dimension = static_cast<uint32_t>(options.dimension);
  stored.metric = options.metric;
  stored.id_type = static_cast<uint32_t>(options.id_type);
  stored.quantization = static_cast<uint32_t>(options.quantization);
  stored.keeps_vectors = options.keep_vectors;
  stored.M = options.M;
  stored.ef_construction = options.ef_construction;
  stored.segment_capacity = options.segment_capacity;
  stored.growing_segments = static_cast<uint32_t>(options.growing_segments);
  stored.seed = options.seed;
  return stored;
}

IndexOptions OptionsOf(const ManifestOptions& stored, int threads) {
  IndexOptions options;
  options.dimension = stored.dimension;
  options.metric = stored.metric;
  options.id_type = static_cast<IdType>(stored.id_type);
  options.quantization = static_cast<Quantization>(stored.quantization);
  options.keep_vectors = stored.keeps_vectors;
  options.M = stored.M;
  options.ef_construction = stored.ef_construction;
  options.segment_capacity = stored.segment_capacity;
  options.growing_segments = static_cast<int>(stored.growing_segments);
  options.seed = stored.seed;
  options.threads = threads;
  return options;
}

}  // namespace segvec
