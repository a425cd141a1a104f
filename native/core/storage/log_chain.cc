#include "storage/log_chain.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "base/error.h"
#include "storage/file_names.h"

namespace segvec {
namespace {

struct OpenLog {
  OpenLog(const Store& store, const Manifest& manifest, const std::string& path, uint64_t number)
      : file(store.env().Open(path)), reader(*file, path, manifest.identity.uuid, number) {}

  std::unique_ptr<RandomAccessFile> file;
  LogFileReader reader;
};

// A file and what it continues; nothing when it is void. It is not kept open: there may be more than a process may have.
struct Link {
  LogChain::File entry;
  LogHeader header;
};
std::optional<Link> LinkOf(const Store& store, const Manifest& manifest, const Store::LogName& name) {
  const std::string path = store.PathOf(name.name());
  const OpenLog open(store, manifest, path, name.number);
  if (open.reader.is_void()) return std::nullopt;
  const LogHeader& header = open.reader.header();
  return Link{{path, name.number, header.first_sequence, 0}, header};
}

// The files that lead to the newest one, itself included, oldest first. `logs`: those that the manifest may need.
std::vector<LogChain::File> FilesUpTo(const Store& store, const Manifest& manifest,
                                      const std::vector<Store::LogName>& logs, size_t newest) {
  std::vector<LogChain::File> files;
  std::optional<Link> link = LinkOf(store, manifest, logs[newest]);
  if (!link) return {};
  for (;;) {
    const LogHeader header = link->header;
    files.push_back(std::move(link->entry));
    if (header.previous_number == 0 || header.previous_number < manifest.first_log) break;
    const auto previous = std::ranges::find(logs, header.previous_number, &Store::LogName::number);
    if (previous == logs.end()) {
      throw Error(ErrorCode::kCorrupt, "log file " + std::to_string(header.previous_number) + " is missing, which " +
                                           files.back().path + " continues");
    }
    link = LinkOf(store, manifest, *previous);
    if (!link) {
      throw Error(ErrorCode::kCorrupt, store.PathOf(previous->name()) + ", offset 0, header: it is missing");
    }
    link->entry.size = header.previous_size;
  }
  std::ranges::reverse(files);
  const LogChain::File& oldest = files.front();
  if (oldest.first_sequence > manifest.change_count + 1) {
    throw Error(ErrorCode::kCorrupt, oldest.path + " begins with change " + std::to_string(oldest.first_sequence) +
                                         "; expected " + std::to_string(manifest.change_count + 1) + " or before");
  }
  return files;
}

}  // namespace

void CheckNumbersLeft(const Store& store, uint64_t last, uint64_t count) {
  if (last + count < kNumberLimit) return;
  throw Error(ErrorCode::kCorrupt, store.directory() + " has a log file after which no number is left: its number is " +
                                       std::to_string(last));
}

LogChain ReadLogChain(const Store& store, const Manifest& manifest, const LogFileReader::Visit& check,
                      bool passes_over_damage, uint64_t end_number) {
  std::vector<Store::LogName> logs = store.Logs();
  std::erase_if(logs, [&](const Store::LogName& name) { return name.number >= end_number; });
  LogChain chain;
  chain.next_sequence = manifest.change_count + 1;
  chain.next_number =
      std::max<uint64_t>({1, manifest.first_log, logs.empty() ? 0 : uint64_t{logs.back().number} + 1});
  CheckNumbersLeft(store, chain.next_number - 1, 1);
  std::erase_if(logs, [&](const Store::LogName& name) { return name.number < manifest.first_log; });
  const auto pass_over = [&](const Error& error) {
    if (!passes_over_damage || !IsDamage(error)) throw error;
    if (chain.damage.empty()) chain.damage = error.what();
  };
  std::vector<LogChain::File> files;
  for (size_t newest = logs.size(); newest-- > 0 && files.empty();) {
    try {
      files = FilesUpTo(store, manifest, logs, newest);
    } catch (const Error& error) {
      pass_over(error);
    }
  }
  for (size_t i = 0; i < files.size(); ++i) {
    LogChain::File& file = files[i];
    std::optional<OpenLog> open;
    bool is_whole = false;
    try {
      // What the generation holds may be missing between the two.
      const uint64_t next_sequence = std::max(chain.next_sequence, manifest.change_count + 1);
      if (i > 0 && file.first_sequence != next_sequence) {
        throw Error(ErrorCode::kCorrupt, file.path + " begins with change " + std::to_string(file.first_sequence) +
                                             "; expected " + std::to_string(next_sequence));
      }
      open.emplace(store, manifest, file.path, file.number);
      const bool is_last = i + 1 == files.size();
      open->reader.Walk(is_last ? std::nullopt : std::optional(file.size), manifest.options.dimension,
                        [&](LogFileReader::Record& record) {
                          if (record.type != LogRecordType::kCancel) return check(record);
                          chain.cancelled.insert(record.ids.begin(), record.ids.end());
                        });
      is_whole = true;
    } catch (const Error& error) {
      pass_over(error);
      if (!open) break;
    }
    file.size = open->reader.end().size;
    chain.next_sequence = open->reader.end().next_sequence;
    chain.files.push_back(std::move(file));
    if (!is_whole) break;
  }
  // A log that ends before the generation does has nothing to add, and is not gone on with: what comes next is counted on from the
  // generation.
  if (chain.next_sequence <= manifest.change_count) {
    chain.files.clear();
    chain.next_sequence = manifest.change_count + 1;
  }
  return chain;
}

LogChain::File LastFile(const LogChain& chain, const Store& store, const Manifest& manifest, bool passes_over_damage) {
  if (!chain.files.empty()) return chain.files.back();
  std::vector<Store::LogName> logs = store.Logs();
  std::erase_if(logs, [&](const Store::LogName& name) { return name.number >= manifest.first_log; });
  for (size_t i = logs.size(); i-- > 0;) {
    try {
      const std::string path = store.PathOf(logs[i].name());
      OpenLog open(store, manifest, path, logs[i].number);
      if (open.reader.is_void()) continue;
      open.reader.Walk(std::nullopt, manifest.options.dimension, [](const LogFileReader::Record&) {});
      if (open.reader.end().next_sequence != manifest.change_count + 1) continue;
      return {path, logs[i].number, open.reader.header().first_sequence, open.reader.end().size};
    } catch (const Error& error) {
      // Nothing that is needed is damaged. The generation before it says so when somebody goes back to it. What a medium does not
      // give today may be sound, so that it is given up only on request.
      if (!IsDamage(error) || (error.code() == ErrorCode::kIo && !passes_over_damage)) throw;
    }
  }
  return {};
}

void WalkLogChain(const LogChain& chain, const Store& store, const Manifest& manifest,
                  const std::function<void(LogFileReader::Record&)>& visit) {
  for (const LogChain::File& entry : chain.files) {
    OpenLog open(store, manifest, entry.path, entry.number);
    open.reader.Walk(entry.size, manifest.options.dimension, [&](LogFileReader::Record& record) {
      const bool is_wanted = record.type != LogRecordType::kCancel && record.sequence > manifest.change_count &&
                             !chain.cancelled.contains(record.sequence);
      if (is_wanted) visit(record);
    });
  }
}

}  // namespace segvec
