// Writes the golden files of the present format into the folder that is its argument. Run once for each
// format, before it is released; never again after that.
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "index/index_bundle.h"
#include "storage/env.h"
#include "support/golden.h"
#include "support/golden_index.h"

using namespace segvec;           // NOLINT: a program of its own
using namespace segvec::testing;  // NOLINT

namespace {

template <class Write>
void Make(const std::string& path, const Write& write) {
  const auto file = Env::Real().Create(path);
  const FileStamp stamp = write(*file);
  file->Close();
  std::printf("%s: %llu bytes\n", path.c_str(), static_cast<unsigned long long>(stamp.size));
}

void MakeBundleFile(const std::string& path) {
  ThreadPool::Shared().EnsureThreads(1);
  const std::unique_ptr<Index> index = golden::SomeIndex();
  const IndexImage image = index->Capture([](const IndexImage::Part&) { return false; }, CancelToken());
  const Bundle bundle = MakeBundle(index->options(), image, CancelToken());
  std::vector<std::byte> bytes(static_cast<size_t>(bundle.size()));
  bundle.Read(0, bytes);
  const auto file = Env::Real().Create(path);
  file->Append(bytes);
  file->Close();
  std::printf("%s: %zu bytes\n", path.c_str(), bytes.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string folder = std::string(argv[1]) + "/";
  for (const golden::SegmentFile& segment : golden::kSegments) {
    Make(folder + segment.name, [&](WritableFile& file) {
      return WriteSegment(*SealedSegment(golden::Rows(), segment.spec), golden::kIdentity, file);
    });
  }
  Make(folder + "some.tombstones", [](WritableFile& file) {
    return WriteTombstones(golden::Dead(), 1, golden::kCount, golden::kIdentity, file);
  });
  Make(folder + "some.ids",
       [](WritableFile& file) { return WriteStringIds(golden::Strings(), golden::kIdentity, file); });
  Make(folder + "some.manifest",
       [](WritableFile& file) { return WriteManifest(golden::TheManifest(), file); });
  Make(folder + "measured.manifest",
       [](WritableFile& file) { return WriteManifest(golden::MeasuredManifest(), file); });
  golden::WriteLog(Env::Real().Create(folder + "some.log"));
  MakeBundleFile(folder + "index.bundle");
  return 0;
}
