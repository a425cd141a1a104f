#include "index/verify_directory.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <thread>
#include <utility>

#include "index/index.h"
#include "index/log_replay.h"
#include "index/stored_options.h"
#include "storage/log_chain.h"
#include "storage/segment_file.h"
#include "storage/store.h"
#include "storage/tombstone_file.h"

namespace segvec {
namespace {

constexpr int kMostLooks = 4;
constexpr std::chrono::milliseconds kBetweenLooks{10};

// Counts what is read, so that the share of a large file that is done can be told.
class CountedFile : public RandomAccessFile {
 public:
  CountedFile(const RandomAccessFile& file, const std::function<void(uint64_t)>& on_read)
      : file_(file), on_read_(on_read) {}
  uint64_t size() const override { return file_.size(); }
  void Read(uint64_t offset, std::span<std::byte> out) const override {
    file_.Read(offset, out);
    on_read_(out.size());
  }

 private:
  const RandomAccessFile& file_;
  const std::function<void(uint64_t)>& on_read_;
};

// "3 slots under an id that another one has"; empty when nothing is wrong.
std::string FaultOf(const SegmentReport& report) {
  const std::pair<uint32_t, const char*> faults[] = {
      {report.duplicate_id_count, "slots under an id that another one has"},
      {report.wrong_code_count, "slots whose codes are not those of their rows"}};
  std::string text;
  for (const auto& [count, what] : faults) {
    if (count > 0) text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + what;
  }
  return text;
}

class DirectoryVerifier {
 public:
  DirectoryVerifier(Env& env, DirectorySurvey survey, const VerifyOptions& options, int threads,
                    VerifyProgress& progress, const std::function<void()>& poll, const CancelToken& cancel)
      : env_(env),
        survey_(std::move(survey)),
        options_(options),
        threads_(threads),
        progress_(progress),
        poll_(poll),
        cancel_(cancel) {}

  DirectoryReport Run() {
    uint64_t total_bytes = 0;
    for (const auto& [name, file] : survey_.files) total_bytes += file->size();
    progress_.total_bytes = total_bytes;
    // The manifests have been read, once.
    for (const GenerationReport& generation : survey_.report.generations) {
      const auto manifest = survey_.files.find(Store::ManifestName(generation.generation));
      if (manifest != survey_.files.end()) progress_.checked_bytes += manifest->second->size();
    }
    for (GenerationReport& generation : survey_.report.generations) {
      if (generation.manifest) VerifyGeneration(generation);
    }
    progress_.checked_bytes = total_bytes;
    return std::move(survey_.report);
  }

 private:
  // A file as a manifest names it: another one may say something else of it, or of the segment that it is about.
  struct Named {
    std::string name;
    uint64_t size = 0, checksum = 0;
    uint32_t number = 0, slot_count = 0, dead_count = 0;
    friend auto operator<=>(const Named&, const Named&) = default;
  };
  static Named NameOf(const FileReference& file, const ManifestSegment& about) {
    return {file.name, file.stamp.size, file.stamp.checksum, about.number, about.slot_count, 0};
  }
  template <class Content>
  struct Found {
    std::shared_ptr<const Content> content;
    std::optional<Error> error;  // in place of it
  };
  template <class Content>
  using Contents = std::map<Named, Found<Content>>;

  void VerifyGeneration(GenerationReport& generation) {
    const Manifest& manifest = *generation.manifest;
    Forget(segments_, generation.generation);
    Forget(tombstones_, generation.generation);
    Forget(strings_, generation.generation);
    IndexImage image;
    image.next_id = manifest.next_id;
    image.add_count = manifest.add_count;
    image.next_segment_number = manifest.next_segment_number;
    for (const ManifestSegment& entry : manifest.segments) {
      std::shared_ptr<const Bitset> dead;
      std::shared_ptr<const StringIdTable> strings;
      const Uuid& uuid = manifest.identity.uuid;
      if (entry.tombstones) {
        Named named = NameOf(*entry.tombstones, entry);
        named.dead_count = entry.dead_count;
        dead = Look(tombstones_, named, generation, [&](const auto& file, const auto& path) {
          return ReadTombstones(file, path, entry, uuid);
        });
      }
      const std::shared_ptr<const Segment> segment = Look(segments_, NameOf(entry.file, entry), generation, [&](const auto& file, const auto& path) {
        const auto read = ReadSegment(file, path, {uuid, entry.file.stamp}, [this] { Poll(); });
        CheckSegmentBelongs(*read, manifest, entry);
        CheckGraph(*read, dead.get(), survey_.report.FileNamed(entry.file.name));
        return read;
      });
      if (segment) BlameIfForeign(*segment, manifest, entry, generation);
      if (static_cast<IdType>(manifest.options.id_type) == IdType::kString) {
        strings = LookAtStrings(manifest, entry, generation);
      }
      if (segment) image.parts.push_back({{segment, entry.slot_count, dead}, strings});
    }
    CheckLog(manifest, generation);
    // What a single file cannot show: ids that two segments hold, texts that are missing.
    if (!generation.error) PutTogether(manifest, std::move(image), generation);
  }

  std::shared_ptr<const StringIdTable> LookAtStrings(const Manifest& manifest, const ManifestSegment& entry,
                                                     GenerationReport& generation) {
    const FileReference* const reference = StringIdFileOf(manifest, entry);
    if (reference == nullptr) {
      Blame(generation, Error(ErrorCode::kCorrupt, PathOf(Store::ManifestName(generation.generation)) +
                                                       " names no string ids for " + entry.file.name));
      return nullptr;
    }
    return Look(strings_, NameOf(*reference, entry), generation, [&](const auto& file, const auto& path) {
      return std::make_shared<const StringIdTable>(
          ReadStringIds(file, path, {manifest.identity.uuid, reference->stamp}));
    });
  }

  // A segment that a newer generation has, too, was found to belong there.
  static void BlameIfForeign(const Segment& segment, const Manifest& manifest, const ManifestSegment& entry,
                             GenerationReport& generation) {
    try {
      CheckSegmentBelongs(segment, manifest, entry);
    } catch (const Error& error) {
      Blame(generation, error);
    }
  }

  // What was logged after the generation, up to the next one, behind which there may be changes that were not logged. A batch
  // that a writer has not written to its end yet may look damaged, and a commit may drop the log meanwhile: so damage has to
  // be there again some time later.
  void CheckLog(const Manifest& manifest, GenerationReport& generation) {
    const Store store(env_, survey_.report.path, Store::Access::kRead);
    uint64_t end_number = ~uint64_t{0};
    for (const GenerationReport& other : survey_.report.generations) {
      if (other.generation <= generation.generation || !other.manifest) continue;
      end_number = std::min<uint64_t>(end_number, other.manifest->first_log);
    }
    for (int attempt = 1;; ++attempt) {
      try {
        const IndexOptions options = OptionsOf(manifest.options, threads_);
        ReadLogChain(
            store, manifest, [&](LogFileReader::Record& record) { CheckChange(record, options, cancel_); }, false,
            end_number);
        return;
      } catch (const Error& error) {
        if (!IsAboutTheFile(error)) throw;
        const std::vector<uint64_t> generations = store.Generations();
        if (generations.empty() || generations.front() != survey_.report.generations.front().generation)
          return;
        if (attempt == kMostLooks) return BlameLog(generation, error);
      }
      Poll();
      std::this_thread::sleep_for(kBetweenLooks);
    }
  }

  void BlameLog(GenerationReport& generation, const Error& error) {
    Blame(generation, error);
    for (FileReport& file : survey_.report.files) {
      if (error.place() == nullptr || error.place()->path != PathOf(file.name)) continue;
      file.state = FileReport::State::kDamaged;
      file.error = error;
    }
  }

  void PutTogether(const Manifest& manifest, IndexImage&& image, GenerationReport& generation) {
    try {
      const Index index(OptionsOf(manifest.options, threads_), std::move(image), false, cancel_);
      index.RestoreIds(cancel_);
    } catch (const Error& error) {
      if (!IsAboutTheFile(error)) throw;
      generation.error = error;
    }
  }

  // Reads a file, once; nothing when it is damaged or missing, which the generation is blamed for.
  template <class Content, class Read>
  std::shared_ptr<const Content> Look(Contents<Content>& known, const Named& named, GenerationReport& generation,
                                      const Read& read) {
    const auto [at, is_new] = known.try_emplace(named);
    FileReport& report = survey_.report.FileNamed(named.name);
    const auto open = survey_.files.find(named.name);
    Found<Content>& found = at->second;
    if (is_new && open == survey_.files.end()) found.error = report.error;  // it could not be opened
    if (is_new && open != survey_.files.end()) {
      const uint64_t begin = progress_.checked_bytes;
      try {
        // Reading is one half of the work on a segment, walking its graph the other.
        const std::function<void(uint64_t)> on_read = [&](uint64_t bytes) {
          read_bytes_ += bytes;
          Report(begin, static_cast<double>(read_bytes_) / 2, report.bytes);
        };
        read_bytes_ = 0;
        found.content = read(CountedFile(*open->second, on_read), PathOf(named.name));
      } catch (const Error& error) {
        if (!IsAboutTheFile(error)) throw;
        report.state = FileReport::State::kDamaged;
        report.error = found.error = error;
      }
      progress_.checked_bytes = begin + report.bytes;
    }
    if (found.error) Blame(generation, *found.error);
    return found.content;
  }

  // Looks at what checksums cannot show; a fault is the file's, though a search would not notice.
  void CheckGraph(const Segment& segment, const Bitset* dead, FileReport& report) {
    const uint64_t begin = progress_.checked_bytes;
    report.segment = VerifySegment(segment, dead, options_, [&](double share) {
      Poll();
      const uint64_t half = report.bytes / 2;
      Report(begin, share * static_cast<double>(half), half);
    });
    if (!report.segment->is_sound())
      throw Error(ErrorCode::kCorrupt, PathOf(report.name) + ": " + FaultOf(*report.segment));
  }

  // Drops what an older generation does not share.
  template <class Content>
  void Forget(Contents<Content>& contents, uint64_t generation) {
    std::erase_if(contents, [&](const auto& content) {
      const auto& generations = survey_.report.FileNamed(content.first.name).generations;
      return std::ranges::find(generations, generation) == generations.end();
    });
  }

  static void Blame(GenerationReport& generation, const Error& error) {
    if (!generation.error) generation.error = error;
  }
  void Poll() const {
    cancel_.Check();
    poll_();
  }
  void Report(uint64_t begin, double bytes, uint64_t most) {
    progress_.checked_bytes = begin + std::min(most, static_cast<uint64_t>(bytes));
  }
  std::string PathOf(const std::string& name) const { return survey_.report.path + "/" + name; }

  Env& env_;
  DirectorySurvey survey_;
  const VerifyOptions options_;
  const int threads_;
  VerifyProgress& progress_;
  const std::function<void()>& poll_;
  const CancelToken& cancel_;
  uint64_t read_bytes_ = 0;  // of the file at hand
  Contents<Segment> segments_;
  Contents<Bitset> tombstones_;
  Contents<StringIdTable> strings_;
};

}  // namespace

DirectoryReport VerifyDirectory(Env& env, const std::string& path, const VerifyOptions& options, int threads,
                                VerifyProgress& progress, const std::function<void()>& poll,
                                const CancelToken& cancel) {
  return DirectoryVerifier(env, SurveyDirectory(env, path, cancel), options, threads, progress, poll, cancel)
      .Run();
}

}  // namespace segvec
