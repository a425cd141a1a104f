#include "index/index_bundle.h"

#include <string>

#include "base/error.h"

namespace segvec {
namespace {

// What messages call the bytes.
const char kName[] = "buffer";

}  // namespace

Bundle MakeBundle(const IndexOptions& options, const IndexImage& image, const CancelToken& cancel) {
  MemoryFiles files(kName);
  IndexDirectory::Save(files, kName, options, image, cancel);
  return Bundle(files, {});
}

std::shared_ptr<Index> OpenBundle(const MemoryFiles::Piece& bundle, const GivenOptions& given,
                                  const OpenParameters& parameters, const CancelToken& cancel) {
  const std::unique_ptr<MemoryFiles> files = ReadBundle(bundle, kName);
  const auto all = files->files();
  IndexDirectory directory(*files, kName, given, parameters, cancel);
  // At the others nobody has looked: damage would go unnoticed there.
  for (const auto& [path, file] : all) {
    if (!file->was_opened) {
      throw Error(ErrorCode::kCorrupt, path + " does not belong to the index in the buffer",
                  DamagedPlace{path, 0, "file"});
    }
  }
  return directory.TakeIndex();
}

}  // namespace segvec
