#include "index/index_directory.h"

#include <algorithm>
#include <functional>
#include <random>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/poll.h"
#include "index/log_replay.h"
#include "index/stored_options.h"
#include "storage/log_chain.h"
#include "storage/segment_file.h"
#include "storage/string_id_file.h"
#include "storage/tombstone_file.h"

namespace segvec {
namespace {

Uuid RandomUuid() {
  std::random_device device;
  Uuid uuid;
  for (std::byte& byte : uuid.bytes) byte = static_cast<std::byte>(device());
  // Version 4, variant 1 (RFC 9562).
  uuid.bytes[6] = (uuid.bytes[6] & std::byte{0x0F}) | std::byte{0x40};
  uuid.bytes[8] = (uuid.bytes[8] & std::byte{0x3F}) | std::byte{0x80};
  return uuid;
}

// A path that was mistyped leads nowhere: what a new index would lack is said before a directory is made for it.
Store::Access AccessOf(Env& env, const std::string& path, const GivenOptions& given, const OpenParameters& parameters) {
  if (parameters.is_read_only) return Store::Access::kRead;
  if (!env.Exists(path)) (void)given.ForNewIndex(parameters.threads);
  return Store::Access::kWrite;
}

}  // namespace

IndexDirectory::IndexDirectory(Env& env, const std::string& path, const GivenOptions& given,
                               const OpenParameters& parameters, const CancelToken& cancel)
    : parameters_(parameters),
      store_(env, path, AccessOf(env, path, given, parameters)) {
  LoadNewest(given, cancel);
  if (index_ && !is_read_only()) Replay(cancel);
  if (index_) {
    // Else what is logged from here on would be forgotten as soon as a newer generation that was passed over can be read again.
    const bool is_newest = std::ranges::none_of(dropped_, [&](const auto& dropped) { return dropped.generation > generation_; });
    if (parameters_.logs_changes && !is_newest) Commit(Capture(*index_, cancel), cancel);
    return;
  }
  if (is_read_only()) throw Error(ErrorCode::kNotFound, "there is no index in " + path);
  Create(given, cancel);
}

IndexDirectory::IndexDirectory(Env& env, const std::string& path, const IndexOptions& options)
    : store_(env, path, Store::Access::kWrite), options_(options), uuid_(RandomUuid()) {}

void IndexDirectory::Create(const GivenOptions& given, const CancelToken& cancel) {
  if (store_.HasParts()) {
    throw Error(ErrorCode::kCorrupt,
                store_.directory() + " holds segments but no manifest that says what they are");
  }
  options_ = given.ForNewIndex(parameters_.threads);
  options_.compacts_in_background = parameters_.compacts_in_background;
  uuid_ = RandomUuid();
  auto index = std::make_shared<Index>(options_);
  Commit(IndexImage(), cancel);
  RemoveOutdated();
  index_ = std::move(index);
  log_ = std::make_unique<ChangeLog>(store_, uuid_, LogChain(), LogChain::File());
}

void IndexDirectory::LoadNewest(const GivenOptions& given, const CancelToken& cancel) {
  ReadSoFar read;
  for (;;) {
    std::vector<DroppedGeneration> dropped;
    std::optional<Loaded> loaded;
    const std::vector<uint64_t> generations = store_.Generations();
    for (size_t i = 0; i < generations.size(); ++i) {
      try {
        loaded.emplace(Load(generations[i], given, read, cancel));
        break;
      } catch (const Error& error) {
        if (!IsDamage(error)) throw;
        // A writer may have published since, and removed what this reader was about to open.
        if (is_read_only() && store_.Generations() != generations) break;
        dropped.push_back({generations[i], error.what()});
        if (parameters_.recovers_previous && i + 1 < generations.size()) continue;
        std::string message = error.what();
        if (error.code() == ErrorCode::kNotFound) message = "a file of the index is missing: " + message;
        if (i == 0 && generations.size() > 1) {
          message += " (recover: 'previous' goes back to generation " + Describe(generations[1]) + ")";
        }
        throw Error(error.code() == ErrorCode::kNotFound ? ErrorCode::kCorrupt : error.code(), message, error);
      }
    }
    if (loaded) return Adopt(std::move(*loaded), std::move(dropped));
    if (generations.empty()) return;
  }
}

std::string IndexDirectory::Describe(uint64_t generation) const {
  const std::string number = std::to_string(generation);
  try {
    return number + ", which has " + std::to_string(store_.Read(generation).vector_count()) + " vectors";
  } catch (const Error&) {
    return number;  // whoever opens it is told what is wrong with it
  }
}

void IndexDirectory::Adopt(Loaded&& loaded, std::vector<DroppedGeneration>&& dropped) {
  store_.Adopt(loaded.manifest, dropped.empty());
  options_ = loaded.index->options();
  uuid_ = loaded.manifest.identity.uuid;
  index_ = std::move(loaded.index);
  std::lock_guard lock(mutex_);
  generation_ = loaded.manifest.identity.generation;
  dropped_.swap(dropped);
  stored_ = std::move(loaded.stored);
}

void IndexDirectory::Replay(const CancelToken& cancel) {
  const Manifest manifest = store_.Read(generation_);
  LogChain chain;
  try {
    chain = ReadLogChain(
        store_, manifest,
        [&](LogFileReader::Record& record) {
          CheckChange(record, options_, cancel);
          parameters_.progress->total_count += record.count;
        },
        parameters_.recovers_previous);
  } catch (const Error& error) {
    if (!IsDamage(error)) throw;
    throw Error(error.code(), std::string(error.what()) +
                                  " (recover: 'previous' opens the index without this change and those after it)",
                error);
  }
  // A writer that was killed may have left what no disk has yet. The changes to come build on all of it.
  Env& env = store_.env();
  for (const LogChain::File& file : chain.files) env.SyncFile(file.path);
  env.SyncDirectory(store_.directory());
  ReplayLog(chain, store_, manifest, *index_, parameters_.progress->loaded_count, cancel);
  if (!chain.damage.empty()) dropped_.push_back({generation_, chain.damage});
  log_ = std::make_unique<ChangeLog>(store_, uuid_, chain, LastFile(chain, store_, manifest, parameters_.recovers_previous));
}

IndexDirectory::Loaded IndexDirectory::Load(uint64_t generation, const GivenOptions& given, ReadSoFar& read,
                                            const CancelToken& cancel) const {
  Manifest manifest = store_.Read(generation);
  IndexOptions options = OptionsOf(manifest.options, parameters_.threads);
  options.compacts_in_background = parameters_.compacts_in_background;
  given.CheckAgainst(options);
  IndexImage image;
  image.next_id = manifest.next_id;
  image.add_count = manifest.add_count;
  image.next_segment_number = manifest.next_segment_number;
  image.change_count = manifest.change_count;
  if (manifest.recall) image.calibration = std::make_shared<const Calibration>(*manifest.recall);
  StoredSegments stored_segments;
  OpenProgress& progress = *parameters_.progress;
  progress.loaded_count = 0;
  progress.total_count = manifest.vector_count();
  for (const ManifestSegment& entry : manifest.segments) {
    cancel.Check();
    Stored stored = LoadSegment(manifest, entry, read, cancel);
    IndexImage::Part part{{stored.segment, entry.slot_count, stored.dead}, nullptr};
    if (options.id_type == IdType::kString) part.strings = LoadStrings(manifest, stored, entry, read);
    image.parts.push_back(std::move(part));
    if (!is_read_only()) stored.segment = nullptr;
    stored_segments.emplace(entry.number, std::move(stored));
    progress.loaded_count += entry.slot_count - entry.dead_count;
  }
  return {std::make_shared<Index>(options, std::move(image), !is_read_only(), cancel), std::move(manifest),
          std::move(stored_segments)};
}

namespace {

// What a file holds, if it has been read before, as `stamp` says; else what `load` makes of it, which is noted.
template <class Contents, class Load>
auto ReadOnce(Contents& contents, const FileReference& file, const Load& load) {
  const auto known = contents.find(file.name);
  if (known != contents.end() && known->second.first == file.stamp) return known->second.second;
  typename Contents::mapped_type::second_type loaded = load();
  contents[file.name] = {file.stamp, loaded};
  return loaded;
}

}  // namespace

IndexDirectory::Stored IndexDirectory::LoadSegment(const Manifest& manifest, const ManifestSegment& entry, ReadSoFar& read,
                                                   const CancelToken& cancel) const {
  Stored stored{entry.slot_count, false, entry.file, entry.tombstones, std::nullopt, nullptr, nullptr};
  Env& env = store_.env();
  const ExpectedFile expected{manifest.identity.uuid, entry.file.stamp};
  const std::string path = store_.PathOf(entry.file.name);
  // A reader that moves on keeps what has not changed.
  if (const auto known = stored_.find(entry.number);
      known != stored_.end() && known->second.file == entry.file) {
    stored.segment = known->second.segment;
  }
  const auto load = [&]() -> std::shared_ptr<const Segment> {
    if (parameters_.is_mapped) return MapSegment(env.Map(path), path, expected, parameters_.threads);
    return ReadSegment(*env.Open(path), path, expected, PollOf(cancel), parameters_.threads);
  };
  if (!stored.segment) stored.segment = is_read_only() ? ReadOnce(read.segments, entry.file, load) : load();
  CheckSegmentBelongs(*stored.segment, manifest, entry);
  stored.has_graph = stored.segment->has_graph();
  if (entry.tombstones) {
    const std::string name = store_.PathOf(entry.tombstones->name);
    stored.dead = ReadTombstones(*env.Open(name), name, entry, manifest.identity.uuid);
  }
  return stored;
}

std::shared_ptr<const StringIdTable> IndexDirectory::LoadStrings(const Manifest& manifest, Stored& stored,
                                                                 const ManifestSegment& entry, ReadSoFar& read) const {
  const FileReference* const found = StringIdFileOf(manifest, entry);
  if (found == nullptr) {
    throw Error(ErrorCode::kCorrupt, store_.PathOf(Store::ManifestName(manifest.identity.generation)) +
                                         " names no string ids for " + entry.file.name);
  }
  stored.strings = *found;
  const std::string path = store_.PathOf(found->name);
  const auto load = [&] {
    return std::make_shared<const StringIdTable>(
        ReadStringIds(*store_.env().Open(path), path, {manifest.identity.uuid, found->stamp}));
  };
  return is_read_only() ? ReadOnce(read.strings, *found, load) : load();
}

uint64_t IndexDirectory::generation() const {
  std::lock_guard lock(mutex_);
  return generation_;
}

std::vector<DroppedGeneration> IndexDirectory::dropped() const {
  std::lock_guard lock(mutex_);
  return dropped_;
}

// A segment that was stored may have grown, or have got a graph for the same slots.
bool IndexDirectory::IsStored(const IndexImage::Part& part) const {
  std::lock_guard lock(mutex_);
  const auto found = stored_.find(part.view.segment->number());
  return found != stored_.end() && found->second.slot_count == part.view.slot_count &&
         found->second.has_graph == (part.view.graph != nullptr);
}

IndexImage IndexDirectory::Capture(Index& index, const CancelToken& cancel) {
  IndexImage image = index.Capture(
      [this](const IndexImage::Part& part) { return IsStored(part); }, cancel);
  image.first_log = log_->Rotate(image.change_count);
  return image;
}

void IndexDirectory::Commit(const IndexImage& image, const CancelToken& cancel) {
  Store::Transaction transaction(store_);
  Manifest manifest;
  manifest.identity = {uuid_, transaction.generation()};
  manifest.options = StoredOptions(options_);
  manifest.next_id = image.next_id;
  manifest.add_count = image.add_count;
  manifest.next_segment_number = image.next_segment_number;
  if (image.calibration) manifest.recall = image.calibration->measured();
  if (log_) {  // else it is the first generation of an index, whose changes count from there
    manifest.change_count = image.change_count;
    manifest.first_log = image.first_log;
  }
  StoredSegments stored_segments;
  for (const IndexImage::Part& part : image.parts) {
    const SegmentView& view = part.view;
    const uint32_t number = view.segment->number();
    Stored stored;
    if (IsStored(part)) {
      stored = stored_.at(number);  // only this thread changes the map
    } else {
      stored.slot_count = view.slot_count;
      stored.has_graph = part.view.graph != nullptr;
      stored.file = transaction.Write("segment", number, [&](WritableFile& file) {
        return WriteSegment(*view.segment, manifest.identity, file, PollOf(cancel));
      });
      if (part.strings) {
        stored.strings = transaction.Write("strings", number, [&](WritableFile& file) {
          return WriteStringIds(*part.strings, manifest.identity, file, PollOf(cancel));
        });
      }
    }
    const size_t dead_count = view.slot_count - view.live_count();
    if (dead_count == 0) {
      stored.tombstones = std::nullopt;
    } else if (!stored.tombstones || stored.dead != view.dead) {
      stored.tombstones = transaction.Write("tombstones", number, [&](WritableFile& file) {
        return WriteTombstones(*view.dead, number, view.slot_count, manifest.identity, file);
      });
    }
    stored.dead = view.dead;
    manifest.segments.push_back(
        {number, view.slot_count, static_cast<uint32_t>(dead_count), stored.file, stored.tombstones});
    if (stored.strings) manifest.string_id_files.push_back(*stored.strings);
    stored_segments.emplace(number, std::move(stored));
    cancel.Check();
  }
  transaction.Publish(manifest);
  if (log_) log_->DropBelow(image.first_log);
  std::lock_guard lock(mutex_);
  generation_ = transaction.generation();
  stored_.swap(stored_segments);
}

std::shared_ptr<Index> IndexDirectory::LoadNewer(const CancelToken& cancel) {
  const std::vector<uint64_t> generations = store_.Generations();
  if (!generations.empty() && generations.front() == generation_) return nullptr;
  const uint64_t present = generation_;
  LoadNewest(GivenOptions::Of(options_), cancel);
  if (!index_) throw Error(ErrorCode::kNotFound, "there is no index in " + store_.directory() + " any more");
  // What is newer may be damaged, and recovery have come back to what is there.
  if (generation_ == present) index_ = nullptr;
  return std::move(index_);
}

void IndexDirectory::Save(Env& env, const std::string& path, const IndexOptions& options,
                          const IndexImage& image, const CancelToken& cancel) {
  IndexDirectory copy(env, path, options);
  // Log files would be taken for those of the copy.
  if (!copy.store_.Generations().empty() || !copy.store_.Logs().empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                path + " holds an index already, or parts of one; expected a directory without one");
  }
  copy.Commit(image, cancel);
}

}  // namespace segvec
