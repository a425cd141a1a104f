// An index in a directory, in the shape that tests use it.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "index/index_directory.h"
#include "support/index_of.h"

namespace segvec::testing {

struct OpenIndex {
  std::unique_ptr<IndexDirectory> directory;
  std::shared_ptr<Index> index;
};

inline OpenIndex Open(Env& env, const std::string& path, const GivenOptions& given = {},
                      const OpenParameters& parameters = {}) {
  ThreadPool::Shared().EnsureThreads(parameters.threads);
  OpenIndex open;
  open.directory = std::make_unique<IndexDirectory>(env, path, given, parameters, CancelToken());
  open.index = open.directory->TakeIndex();
  return open;
}

inline OpenIndex OpenReader(Env& env, const std::string& path, bool is_mapped = false) {
  OpenParameters parameters;
  parameters.is_read_only = true;
  parameters.is_mapped = is_mapped;
  return Open(env, path, {}, parameters);
}

inline IndexImage Capture(OpenIndex& open) {
  return open.directory->Capture(*open.index, CancelToken());
}

inline void Commit(OpenIndex& open) {
  open.directory->Commit(Capture(open), CancelToken());
  open.directory->RemoveOutdated();
}

inline IndexImage CaptureAll(Index& index) {
  return index.Capture([](const IndexImage::Part&) { return false; }, CancelToken());
}

}  // namespace segvec::testing
