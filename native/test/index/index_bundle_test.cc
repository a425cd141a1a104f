#include "index/index_bundle.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "storage/tombstone_file.h"
#include "support/directory_of.h"
#include "support/errors.h"
#include "support/file_repair.h"
#include "support/golden_index.h"
#include "support/names.h"
#include "support/prove.h"
#include "support/sanitizers.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

constexpr size_t kDimension = 4;

Bytes BytesOf(const Bundle& bundle) {
  Bytes bytes(bundle.size());
  // In pieces of odd sizes, as slices begin anywhere.
  for (size_t begin = 0; begin < bytes.size(); begin += 1021) {
    bundle.Read(begin, std::span(bytes).subspan(begin, std::min<size_t>(1021, bytes.size() - begin)));
  }
  return bytes;
}

Bytes BundleOf(Index& index) {
  return BytesOf(MakeBundle(index.options(), CaptureAll(index), CancelToken()));
}

std::shared_ptr<Index> OpenBytes(const Bytes& bytes, const GivenOptions& given = {}) {
  ThreadPool::Shared().EnsureThreads(1);
  return OpenBundle({bytes, nullptr}, given, {}, CancelToken());
}

std::shared_ptr<Index> SmallIndex(IdType id_type) {
  IndexOptions options = OptionsFor(kDimension, Metric::kL2);
  options.id_type = id_type;
  options.segment_capacity = 20;
  auto index = MakeIndex(options);
  const Vectors rows = RandomVectors(30, kDimension, 3);
  if (id_type == IdType::kString) {
    Texts texts;
    for (size_t i = 0; i < rows.count(); ++i) texts.push_back("t" + std::to_string(i));
    Add(*index, rows, texts);
    Remove(*index, Texts{"t3", "t7"});
  } else {
    Add(*index, rows);
    Remove(*index, Ids{3, 7});
  }
  return index;
}

TEST_CASE("IndexBundle: an index comes back as it was, and goes on as it would have") {
  for (const Metric metric : kMetrics) {
    for (const bool keeps_vectors : {true, false}) {
      IndexOptions options = OptionsFor(kDimension, metric);
      options.keep_vectors = keeps_vectors;
      options.segment_capacity = 1500;
      const auto index = MakeIndex(options);
      const Vectors rows = RandomVectors(Sized(3000, 1700), kDimension, 3);
      Add(*index, rows);
      Remove(*index, Ids{0, 5, 1600});
      const Bytes bytes = BundleOf(*index);
      const auto copy = OpenBytes(bytes);
      CHECK(copy->Fingerprint() == index->Fingerprint());
      CHECK(copy->vector_count() == rows.count() - 3);
      CHECK(Add(*copy, rows.Slice(0, 50)) == Add(*index, rows.Slice(0, 50)));
      CHECK(copy->Fingerprint() == index->Fingerprint());
    }
  }
  const auto index = SmallIndex(IdType::kString);
  const auto copy = OpenBytes(BundleOf(*index));
  CHECK(copy->Fingerprint() == index->Fingerprint());
  CHECK(copy->string_ids().Find("t4").has_value());
  CHECK(OpenBytes(BundleOf(*MakeIndex(OptionsFor(kDimension, Metric::kIp))))->vector_count() == 0);
}

TEST_CASE("IndexBundle: options that contradict it are refused") {
  const Bytes bytes = BundleOf(*SmallIndex(IdType::kNumber));
  GivenOptions given;
  given.dimension = kDimension + 1;
  CHECK(ErrorTextOf([&] { OpenBytes(bytes, given); }) ==
        "INVALID_ARGUMENT: option dimension is 5; expected 4, which the index was made with");
}

TEST_CASE("IndexBundle: every bit flipped, every length cut, bytes behind the end") {
  size_t bit_count = 0, cut_count = 0;
  for (const IdType id_type : {IdType::kNumber, IdType::kString}) {
    const Bytes sound = BundleOf(*SmallIndex(id_type));
    REQUIRE(ErrorTextOf([&] { OpenBytes(sound); }) == "none");
    Bytes bytes = sound;
    const auto IsTyped = [](const std::string& error) {
      return StartsWith(error, "CORRUPT: buffer") ||
             StartsWith(error, "CORRUPT: a file of the index is missing");
    };
    for (size_t bit = 0; bit < bytes.size() * 8; bit += StepFor(Sized(31, 61, 997))) {
      bytes[bit / 8] ^= std::byte{1} << bit % 8;
      const std::string error = ErrorTextOf([&] { OpenBytes(bytes); });
      if (!IsTyped(error)) FAIL_CHECK("bit " << bit % 8 << " of byte " << bit / 8 << ": " << error);
      bytes[bit / 8] = sound[bit / 8];
      ++bit_count;
    }
    for (size_t size = 0; size < sound.size(); size += StepFor(Sized(3, 5, 50))) {
      const std::string error = ErrorTextOf(
          [&] { OpenBytes(Bytes(sound.begin(), sound.begin() + static_cast<std::ptrdiff_t>(size))); });
      ++cut_count;
      if (!IsTyped(error)) FAIL_CHECK("cut to " << size << " bytes: " << error);
    }
    for (size_t i = 0; i < 200; ++i) {
      bytes.push_back(std::byte{0});
      CHECK(IsTyped(ErrorTextOf([&] { OpenBytes(bytes); })));
    }
  }
  MESSAGE(bit_count << " bits of a bundle flipped");
  MESSAGE(cut_count << " lengths of a bundle cut");
}

// A bundle of files of one's own choice, with checksums that fit.
Bytes BundleOf(const std::vector<std::pair<std::string, Bytes>>& contents) {
  MemoryFiles files("made up");
  for (const auto& [name, bytes] : contents) {
    files.Create(files.PathOf(name))->Append(bytes);
  }
  return BytesOf(Bundle(files, {}));
}

TEST_CASE("IndexBundle: lists that no writer makes") {
  MemoryFiles files("a");
  const auto index = SmallIndex(IdType::kNumber);
  IndexDirectory::Save(files, "a", index->options(), CaptureAll(*index), CancelToken());
  std::vector<std::pair<std::string, Bytes>> sound;
  for (const auto& [path, file] : files.files()) {
    Bytes bytes(file->size);
    files.Open(path)->Read(0, bytes);
    sound.emplace_back(path.substr(2), bytes);
  }
  CHECK(ErrorTextOf([&] { OpenBytes(BundleOf(sound)); }) == "none");
  const auto error_with = [&](const std::string& name, const Bytes& bytes) {
    auto contents = sound;
    contents.emplace_back(name, bytes);
    return ErrorTextOf([&] { OpenBytes(BundleOf(contents)); });
  };
  CHECK(error_with("segment-9-9", sound.back().second) ==
        "CORRUPT: buffer/segment-9-9 does not belong to the index in the buffer");
  CHECK(error_with("MANIFEST-7", {}).find("2 manifests; expected 1") != std::string::npos);
  for (const char* name : {"", "notes.txt", "../segment-1-1", "LOCK", "MANIFEST-9.tmp", "log-1-1"}) {
    CAPTURE(name);
    CHECK(error_with(name, {}).find("not the size and the name of a file") != std::string::npos);
  }
  auto without = sound;
  without.erase(without.begin());
  CHECK(ErrorTextOf([&] { OpenBytes(BundleOf(without)); }).find("0 manifests; expected 1") !=
        std::string::npos);
  without = sound;
  without.pop_back();
  CHECK(ErrorTextOf([&] { OpenBytes(BundleOf(without)); }).find("a file of the index is missing") !=
        std::string::npos);
  CHECK(ErrorCodeOf([&] { OpenBytes(sound[0].second); }) == "CORRUPT");  // a manifest, but no bundle

  // Sizes that would overflow, and bytes between files.
  Bytes bytes = BundleOf(sound);
  const size_t list = testing::BytesOf(bytes, SectionType::kBundledFiles);
  const auto head_size = GetAt<uint64_t>(bytes, kFileSizeAt);
  const auto with_size = [&](uint64_t size) {
    Bytes head(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(head_size));
    PutAt(head, list, size);
    RepairChecksums(head);
    Bytes changed = bytes;
    std::ranges::copy(head, changed.begin());
    return ErrorTextOf([&] { OpenBytes(changed); });
  };
  CHECK(with_size(sound[0].second.size()) == "none");
  for (const uint64_t size :
       {uint64_t{0}, ~uint64_t{0}, ~uint64_t{0} - 63, uint64_t{1} << 63, uint64_t{1} << 32}) {
    CAPTURE(size);
    CHECK(StartsWith(with_size(size), "CORRUPT: buffer, offset "));
  }
  bytes[head_size] = std::byte{1};
  CHECK(ErrorTextOf([&] { OpenBytes(bytes); }).find("bytes are not zero") != std::string::npos);
}

TEST_CASE("IndexBundle: a whole index of format 1 opens") {
  const auto file = Env::Real().Open(SEGVEC_GOLDEN_FOLDER "/format-1/index.bundle");
  Bytes bytes(file->size());
  file->Read(0, bytes);
  const auto index = OpenBytes(bytes);
  CHECK(index->vector_count() == golden::kCount - 2);
  for (size_t i = 0; i < golden::kCount; ++i) {
    const auto number = index->string_ids().Find(golden::TextAt(i));
    REQUIRE(number.has_value() == (i != 3 && i != 4));
    if (number) CHECK(index->Get(*number) == golden::Rows().RowCopy(i));
  }
}

TEST_CASE("IndexBundle: being stopped") {
  const auto index = SmallIndex(IdType::kNumber);
  const Bytes bytes = BundleOf(*index);
  CancelToken cancel;
  const IndexImage image = CaptureAll(*index);
  cancel.Cancel();
  CHECK(ErrorCodeOf([&] { MakeBundle(index->options(), image, cancel); }) == "ABORTED");
  CHECK(ErrorCodeOf([&] { OpenBundle({bytes, nullptr}, {}, {}, cancel); }) == "ABORTED");
}

}  // namespace
}  // namespace segvec
