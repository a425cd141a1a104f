// What is in the directory of an index: its generations, and every file with what became of it.
//
// Nothing here takes the lock or changes anything; a writer may go on meanwhile.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel_token.h"
#include "base/error.h"
#include "storage/env.h"
#include "storage/file_names.h"
#include "storage/manifest.h"
#include "storage/verify.h"

namespace segvec {

struct FileReport {
  enum class State {
    kNamed,    // by a manifest, or a manifest itself; sound as far as was looked
    kDamaged,  // `error` says how
    kMissing,  // a manifest names it
    kUnused,   // in no generation: being written, or left by a crash until the next commit
    kForeign   // not a file of an index
  };

  std::string name;
  std::optional<FileRole> role;  // none for the lock and for foreign files
  State state = State::kForeign;
  uint64_t bytes = 0;                    // 0 where it cannot be opened
  uint64_t generation = 0;               // that wrote it, by its name
  std::vector<uint64_t> generations;     // that it belongs to, newest first
  std::optional<Error> error;            // exactly when damaged or missing; then its generations have one, too
  std::optional<SegmentReport> segment;  // of a segment that was verified
};

struct GenerationReport {
  uint64_t generation = 0;
  std::optional<Manifest> manifest;  // none where it cannot be read
  std::optional<Error> error;        // the first thing that is wrong with it, as far as was looked
};

struct DirectoryReport {
  std::string path;
  std::vector<GenerationReport> generations;  // newest first
  std::vector<FileReport> files;              // by name

  // Whether there is a generation and nothing that belongs to any is damaged or missing.
  bool is_sound() const;
  FileReport& FileNamed(const std::string& name);  // REQUIRES: there is one
};

// A look at the directory, and the files of its generations, held open: a commit that removes them takes them
// away by name only.
struct DirectorySurvey {
  DirectoryReport report;
  std::map<std::string, std::unique_ptr<RandomAccessFile>> files;  // by name
};

// Whether an error is something to report of a file, rather than the end of the whole check.
inline bool IsAboutTheFile(const Error& error) {
  return error.code() != ErrorCode::kAborted && !IsForWant(error);
}

// Reads the manifests and the sizes of all files. Errors: kNotFound where nothing of an index is, kIo,
// kAborted.
DirectorySurvey SurveyDirectory(Env& env, const std::string& path, const CancelToken& cancel);

}  // namespace segvec
