// An index in a directory: opens what the newest generation holds, and writes what is new since then.
//
// Thread safety: Commit() and LoadNewer() by one thread at a time; IsStored(), generation() and dropped()
// beside them from
//                any thread.
// What a log holds beyond the newest generation is there again after opening for writing, whether or not changes are to be
// logged from now on; it stays until a commit has stored it. Readers see generations only.
// Cost: a commit writes the segments, tombstones and string ids that no file holds yet, and a manifest.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/cancel_token.h"
#include "index/index.h"
#include "index/index_image.h"
#include "index/options.h"
#include "storage/change_log.h"
#include "storage/store.h"

namespace segvec {

// How far an opening has come, for other threads to read.
struct OpenProgress {
  std::atomic<uint64_t> loaded_count{0};  // vectors that are in place, and rows of the log that have been replayed
  std::atomic<uint64_t> total_count{0};   // of both; more once it is known what the log holds
};

struct OpenParameters {
  bool is_read_only = false;
  bool is_mapped = false;          // REQUIRES: is_read_only
  bool recovers_previous = false;  // falls back to an older generation when the newest cannot be opened
  int threads = 1;
  bool compacts_in_background = true;
  bool logs_changes = false;  // the caller logs each change before it is made (LoggedChanges)
  std::shared_ptr<OpenProgress> progress = std::make_shared<OpenProgress>();
};

// A generation that could not be opened and was passed over on request.
struct DroppedGeneration {
  uint64_t generation;
  std::string reason;
};

class IndexDirectory {
 public:
  // Opens the directory; a writer locks it, and makes an empty index in it where there is none. Options that
  // were given must be those of the index. Errors: kNotFound, kLocked, kInvalidArgument naming the option,
  // kCorrupt, kUnsupportedFormat, kIo.
  IndexDirectory(Env& env, const std::string& path, const GivenOptions& given,
                 const OpenParameters& parameters, const CancelToken& cancel);

  // The index that was opened; once.
  std::shared_ptr<Index> TakeIndex() { return std::move(index_); }

  const std::string& path() const { return store_.directory(); }
  bool is_read_only() const { return store_.is_read_only(); }
  uint64_t generation() const;
  std::vector<DroppedGeneration> dropped() const;

  // Whether a file holds the segment as far as its first `slot_count` slots.
  bool IsStored(const IndexImage::Part& part) const;

  // What `index`, the one that was opened, holds now, for Commit(); what is logged from here on belongs to the next one.
  // In the writer's turn. Errors: those of Index::Capture().
  IndexImage Capture(Index& index, const CancelToken& cancel);

  // Of a writer.
  ChangeLog& log() { return *log_; }
  bool logs_changes() const { return parameters_.logs_changes; }
  // Bytes of the log that opening would replay; 0 for a reader.
  uint64_t log_bytes() const { return log_ ? log_->bytes() : 0; }

  // Makes the image the newest generation; durable when it returns. When it throws, the newest generation is
  // what it was, or, if only the last steps failed, may already be the new one after a crash. Errors:
  // kReadOnly, kAborted, kIo.
  void Commit(const IndexImage& image, const CancelToken& cancel);

  // Removes the files that no generation needs any more. After Commit(), which need not wait for it; by its thread.
  void RemoveOutdated() noexcept { store_.RemoveOutdated(); }

  // The newest generation as an index of its own, which shares the segments that are the same; null when it
  // is the one at hand. REQUIRES: is_read_only().
  std::shared_ptr<Index> LoadNewer(const CancelToken& cancel);

  // Writes the image as the first generation of a new index. Errors: kInvalidArgument when there is an index
  // already.
  static void Save(Env& env, const std::string& path, const IndexOptions& options, const IndexImage& image,
                   const CancelToken& cancel);

 private:
  // A segment and the files that hold it.
  struct Stored {
    uint32_t slot_count = 0;
    bool has_graph = false;
    FileReference file;
    std::optional<FileReference> tombstones, strings;
    std::shared_ptr<const Bitset> dead;
    std::shared_ptr<const Segment> segment;  // readers only: for LoadNewer
  };
  using StoredSegments = std::map<uint32_t, Stored>;

  struct Loaded {
    std::shared_ptr<Index> index;
    Manifest manifest;
    StoredSegments stored;
  };
  // What attempts to load have read, by the names of the files: a writer may remove a generation before a reader has read all
  // of it, and the next attempt goes on from there, however soon that generation is gone as well.
  template <class Content>
  using Contents = std::map<std::string, std::pair<FileStamp, std::shared_ptr<const Content>>>;
  struct ReadSoFar {
    Contents<Segment> segments;
    Contents<StringIdTable> strings;
  };

  IndexDirectory(Env& env, const std::string& path, const IndexOptions& options);

  void Create(const GivenOptions& given, const CancelToken& cancel);
  void LoadNewest(const GivenOptions& given, const CancelToken& cancel);
  Loaded Load(uint64_t generation, const GivenOptions& given, ReadSoFar& read, const CancelToken& cancel) const;
  // For whoever may want to go back to it.
  std::string Describe(uint64_t generation) const;
  void Adopt(Loaded&& loaded, std::vector<DroppedGeneration>&& dropped);
  void Replay(const CancelToken& cancel);
  Stored LoadSegment(const Manifest& manifest, const ManifestSegment& entry, ReadSoFar& read,
                     const CancelToken& cancel) const;
  std::shared_ptr<const StringIdTable> LoadStrings(const Manifest& manifest, Stored& stored, const ManifestSegment& entry,
                                                   ReadSoFar& read) const;

  OpenParameters parameters_;
  Store store_;
  IndexOptions options_;
  Uuid uuid_;
  std::shared_ptr<Index> index_;
  std::unique_ptr<ChangeLog> log_;  // null for a reader

  mutable std::mutex mutex_;  // for what only the one thread changes, but others read
  uint64_t generation_ = 0;
  std::vector<DroppedGeneration> dropped_;
  StoredSegments stored_;
};

}  // namespace segvec
