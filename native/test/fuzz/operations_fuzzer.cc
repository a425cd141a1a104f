// libFuzzer over sequences of calls (SEGVEC_BUILD_FUZZERS, clang only): each byte is an operation on an index
// in a directory, and what it answers is compared with a model of it that measures everything.
//   operations_fuzzer -max_len=200 corpus/
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>

#include "index/index_bundle.h"
#include "index/verify_directory.h"
#include "reference/index_model.h"
#include "storage/memory_files.h"
#include "support/directory_of.h"

using namespace segvec;           // NOLINT: a program of its own
using namespace segvec::testing;  // NOLINT

namespace {

constexpr size_t kDimension = 3;
constexpr uint64_t kMostIds = 64;
const char kPath[] = "index";

void Expect(bool is_so) {
  if (!is_so) std::abort();
}

// Hands out the input byte by byte; zeros behind its end.
class Script {
 public:
  explicit Script(std::span<const uint8_t> bytes) : bytes_(bytes) {}
  bool is_at_end() const { return position_ >= bytes_.size(); }
  uint8_t Next() { return is_at_end() ? 0 : bytes_[position_++]; }

 private:
  std::span<const uint8_t> bytes_;
  size_t position_ = 0;
};

class Sequence {
 public:
  explicit Sequence(std::span<const uint8_t> bytes)
      : script_(bytes), model_(Metric::kL2, kDimension), files_(kPath) {
    IndexOptions options = OptionsFor(kDimension, Metric::kL2);
    options.M = 4;
    options.ef_construction = 10;
    options.compacts_in_background = false;
    const uint32_t capacities[] = {1, 7, 1u << 20};
    options.segment_capacity = capacities[script_.Next() % 3];
    open_ = Open(files_, kPath, GivenOptions::Of(options));
  }

  void Run() {
    while (!script_.is_at_end()) Step();
    Reopen();
    Compare();
  }

 private:
  void Step() {
    switch (script_.Next() % 9) {
      case 0:
      case 1:
        return Put();
      case 2:
        return Replace();
      case 3:
        return Take();
      case 4:
        Compact(*open_.index);
        return;
      case 5:
        return Commit(open_);
      case 6:
        return Reopen();
      case 7:
        return Carry();
      default:
        return Compare();
    }
  }

  std::vector<float> NextVector() {
    std::vector<float> vector;
    for (size_t d = 0; d < kDimension; ++d) vector.push_back(static_cast<float>(script_.Next() % 16));
    return vector;
  }

  void Put() {
    const uint64_t id = script_.Next() % kMostIds;
    const std::vector<float> vector = NextVector();
    const bool is_taken = model_.Get(id).has_value();
    bool was_refused = false;
    try {
      Add(*open_.index, Vectors{kDimension, vector}, Ids{id});
    } catch (const Error& error) {
      was_refused = error.code() == ErrorCode::kDuplicateId;
      Expect(was_refused);
    }
    Expect(was_refused == is_taken);
    if (!is_taken) model_.Add(id, vector);
  }

  void Replace() {
    const uint64_t id = script_.Next() % kMostIds;
    const std::vector<float> vector = NextVector();
    Upsert(*open_.index, Vectors{kDimension, vector}, Ids{id});
    model_.Add(id, vector);
  }

  void Take() {
    const uint64_t id = script_.Next() % kMostIds;
    Expect((Remove(*open_.index, Ids{id}) == 1) == model_.Remove(id));
  }

  // What is closed after a commit is there again, and sound.
  void Reopen() {
    Commit(open_);
    open_ = {};
    VerifyProgress progress;
    const std::function<void()> poll = [] {};
    Expect(VerifyDirectory(files_, kPath, {2, 3, 10, 1}, 1, progress, poll, CancelToken()).is_sound());
    open_ = Open(files_, kPath);
    ExpectAll(*open_.index);
  }

  void Carry() {
    const Bundle bundle = MakeBundle(open_.index->options(), CaptureAll(*open_.index), CancelToken());
    std::vector<std::byte> bytes(static_cast<size_t>(bundle.size()));
    bundle.Read(0, bytes);
    ExpectAll(*OpenBundle({bytes, nullptr}, {}, {}, CancelToken()));
  }

  void ExpectAll(const Index& index) const {
    Expect(index.vector_count() == model_.size());
    for (uint64_t id = 0; id < kMostIds; ++id) Expect(index.Get(id) == model_.Get(id));
  }

  void Compare() {
    ExpectAll(*open_.index);
    const std::vector<float> query = NextVector();
    const size_t k = 1 + script_.Next() % 20;
    Expect(AreEqual(ExactSearch(*open_.index, query.data(), k), model_.Nearest(query.data(), k)));
  }

  Script script_;
  reference::IndexModel model_;
  MemoryFiles files_;
  OpenIndex open_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Sequence({data, size}).Run();
  return 0;
}
