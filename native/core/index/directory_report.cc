#include "index/directory_report.h"

#include <algorithm>
#include <utility>

#include "storage/store.h"

namespace segvec {
namespace {

class Surveyor {
 public:
  Surveyor(const Store& store, const CancelToken& cancel) : store_(store), cancel_(cancel) {}

  // Nothing when a commit came in between.
  std::optional<DirectorySurvey> Run() {
    survey_.report.path = store_.directory();
    const std::vector<uint64_t> generations = store_.Generations();
    ListFiles();
    for (const uint64_t generation : generations) ReadGeneration(generation);
    for (FileReport& file : survey_.report.files) Measure(file);
    if (store_.Generations() != generations) return std::nullopt;
    return std::move(survey_);
  }

 private:
  void ListFiles() {
    for (const std::string& name : store_.env().List(store_.directory())) {
      FileReport file;
      file.name = name;
      if (const auto parsed = ParseFileName(name)) {
        file.role = parsed->role;
        file.generation = parsed->generation;
        file.state = FileReport::State::kUnused;
      } else if (name == kLockName) {
        file.state = FileReport::State::kNamed;
      }
      survey_.report.files.push_back(std::move(file));
    }
  }

  void ReadGeneration(uint64_t generation) {
    GenerationReport report{generation, std::nullopt, std::nullopt};
    const std::string name = Store::ManifestName(generation);
    Name(name, generation);
    FileReport& file = survey_.report.FileNamed(name);
    try {
      report.manifest = store_.Read(generation);
    } catch (const Error& error) {
      if (!IsAboutTheFile(error)) throw;
      file.state = FileReport::State::kDamaged;
      file.error = report.error = error;
    }
    if (report.manifest) {
      for (const ManifestSegment& segment : report.manifest->segments) {
        Name(segment.file.name, generation);
        if (segment.tombstones) Name(segment.tombstones->name, generation);
      }
      for (const FileReference& strings : report.manifest->string_id_files) Name(strings.name, generation);
      NameLogs(*report.manifest);
    }
    survey_.report.generations.push_back(std::move(report));
  }

  // The manifest says which log files may hold what came after it.
  void NameLogs(const Manifest& manifest) {
    for (FileReport& file : survey_.report.files) {
      if (file.role != FileRole::kLog || ParseFileName(file.name)->number < manifest.first_log) continue;
      file.state = FileReport::State::kNamed;
      file.generations.push_back(manifest.identity.generation);
    }
  }

  // A file that a generation names is reported whether it is there or not.
  void Name(const std::string& name, uint64_t generation) {
    auto& files = survey_.report.files;
    auto at = std::ranges::lower_bound(files, name, {}, &FileReport::name);
    if (at == files.end() || at->name != name) {
      at = files.insert(at, FileReport());
      at->name = name;
      if (const auto parsed = ParseFileName(name)) {
        at->role = parsed->role;
        at->generation = parsed->generation;
      }
    }
    at->state = FileReport::State::kNamed;
    at->generations.push_back(generation);
  }

  void Measure(FileReport& file) {
    cancel_.Check();
    const std::string path = store_.PathOf(file.name);
    try {
      auto open = store_.env().Open(path);
      file.bytes = open->size();
      if (!file.generations.empty()) survey_.files.emplace(file.name, std::move(open));
    } catch (const Error& error) {
      // Only of files that count does it matter; a foreign one may be anything.
      if (!IsAboutTheFile(error)) throw;
      if (file.generations.empty() || file.error) return;
      const bool is_missing = error.code() == ErrorCode::kNotFound;
      file.state = is_missing ? FileReport::State::kMissing : FileReport::State::kDamaged;
      file.error = is_missing ? Error(ErrorCode::kCorrupt,
                                      std::string("a file of the index is missing: ") + error.what(), error)
                              : error;
      for (GenerationReport& generation : survey_.report.generations) {
        const bool names_it =
            std::ranges::find(file.generations, generation.generation) != file.generations.end();
        if (names_it && !generation.error) generation.error = file.error;
      }
    }
  }

  const Store& store_;
  const CancelToken& cancel_;
  DirectorySurvey survey_;
};

}  // namespace

bool DirectoryReport::is_sound() const {
  return !generations.empty() && std::ranges::none_of(generations, [](const auto& generation) {
    return generation.error.has_value();
  });
}

FileReport& DirectoryReport::FileNamed(const std::string& name) {
  return *std::ranges::lower_bound(files, name, {}, &FileReport::name);
}

DirectorySurvey SurveyDirectory(Env& env, const std::string& path, const CancelToken& cancel) {
  const Store store(env, path, Store::Access::kRead);
  for (;;) {
    cancel.Check();
    std::optional<DirectorySurvey> survey = Surveyor(store, cancel).Run();
    if (!survey) continue;
    if (survey->report.generations.empty() && !store.HasParts()) {
      throw Error(ErrorCode::kNotFound, "there is no index in " + path);
    }
    return std::move(*survey);
  }
}

}  // namespace segvec
