#include "storage/log_chain.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>

#include "base/error.h"

namespace segvec {
namespace {

struct OpenLog {
  std::unique_ptr<RandomAccessFile> file;
  std::unique_ptr<LogFileReader> reader;
  LogChain::File entry;
};

OpenLog OpenFile(const Store& store, const Manifest& manifest, const Store::LogName& name) {
  OpenLog open;
  open.entry.path = store.PathOf(name.name());
  open.entry.number = name.number;
  open.file = store.env().Open(open.entry.path);
  open.reader = std::make_unique<LogFileReader>(*open.file, open.entry.path, manifest.identity.uuid, name.number);
  if (!open.reader->is_void()) open.entry.first_sequence = open.reader->header().first_sequence;
  return open;
}

// The files that lead to the newest one, itself included, oldest first. `logs`: those that the manifest may need.
std::vector<OpenLog> FilesUpTo(const Store& store, const Manifest& manifest, const std::vector<Store::LogName>& logs,
                               size_t newest) {
  std::vector<OpenLog> files;
  files.push_back(OpenFile(store, manifest, logs[newest]));
  if (files.back().reader->is_void()) return {};
  for (;;) {
    const LogHeader& header = files.back().reader->header();
    if (header.previous_number == 0 || header.previous_number < manifest.first_log) break;
    const auto previous = std::ranges::find(logs, header.previous_number, &Store::LogName::number);
    if (previous == logs.end()) {
      throw Error(ErrorCode::kCorrupt, "log file " + std::to_string(header.previous_number) + " is missing, which " +
                                           files.back().entry.path + " continues");
    }
    const uint64_t size = header.previous_size;
    files.push_back(OpenFile(store, manifest, *previous));
    if (files.back().reader->is_void()) {
      throw Error(ErrorCode::kCorrupt, files.back().entry.path + ", offset 0, header: it is missing");
    }
    files.back().entry.size = size;
  }
  std::ranges::reverse(files);
  const LogChain::File& oldest = files.front().entry;
  if (oldest.first_sequence > manifest.change_count + 1) {
    throw Error(ErrorCode::kCorrupt, oldest.path + " begins with change " + std::to_string(oldest.first_sequence) +
                                         "; expected " + std::to_string(manifest.change_count + 1) + " or before");
  }
  return files;
}

bool IsDamage(const Error& error) {
  return error.code() == ErrorCode::kCorrupt || error.code() == ErrorCode::kUnsupportedFormat ||
         error.code() == ErrorCode::kNotFound;
}

}  // namespace

LogChain ReadLogChain(const Store& store, const Manifest& manifest, bool passes_over_damage, uint64_t end_number) {
  std::vector<Store::LogName> logs = store.Logs();
  std::erase_if(logs, [&](const Store::LogName& name) { return name.number >= end_number; });
  LogChain chain;
  chain.next_sequence = manifest.change_count + 1;
  chain.next_number =
      std::max<uint64_t>({1, manifest.first_log, logs.empty() ? 0 : uint64_t{logs.back().number} + 1});
  if (chain.next_number > std::numeric_limits<uint32_t>::max()) {
    throw Error(ErrorCode::kCorrupt, store.directory() + " has a log file after which no number is left");
  }
  std::erase_if(logs, [&](const Store::LogName& name) { return name.number < manifest.first_log; });
  const auto pass_over = [&](const Error& error) {
    if (!passes_over_damage || !IsDamage(error)) throw error;
    if (chain.damage.empty()) chain.damage = error.what();
  };
  std::vector<OpenLog> files;
  for (size_t newest = logs.size(); newest-- > 0 && files.empty();) {
    try {
      files = FilesUpTo(store, manifest, logs, newest);
    } catch (const Error& error) {
      pass_over(error);
    }
  }
  for (size_t i = 0; i < files.size(); ++i) {
    LogFileReader& reader = *files[i].reader;
    const bool is_last = i + 1 == files.size();
    bool is_whole = true;
    try {
      if (i > 0 && files[i].entry.first_sequence != chain.next_sequence) {
        throw Error(ErrorCode::kCorrupt, files[i].entry.path + " begins with change " +
                                             std::to_string(files[i].entry.first_sequence) + "; expected " +
                                             std::to_string(chain.next_sequence));
      }
      const auto note_cancels = [&](const LogFileReader::Record& record) {
        if (record.type == LogRecordType::kCancel) chain.cancelled.insert(record.ids.begin(), record.ids.end());
      };
      reader.Walk(is_last ? std::nullopt : std::optional(files[i].entry.size), manifest.options.dimension,
                  note_cancels);
    } catch (const Error& error) {
      pass_over(error);
      is_whole = false;
      if (i > 0 && files[i].entry.first_sequence != chain.next_sequence) break;
    }
    files[i].entry.size = reader.end().size;
    chain.next_sequence = reader.end().next_sequence;
    chain.files.push_back(std::move(files[i].entry));
    if (!is_whole) break;
  }
  // A log that ends before the generation does has nothing to add; what comes next is counted on from the generation.
  chain.next_sequence = std::max(chain.next_sequence, manifest.change_count + 1);
  return chain;
}

LogChain::File LastFile(const LogChain& chain, const Store& store, const Manifest& manifest) {
  if (!chain.files.empty()) return chain.files.back();
  std::vector<Store::LogName> logs = store.Logs();
  std::erase_if(logs, [&](const Store::LogName& name) { return name.number >= manifest.first_log; });
  for (size_t i = logs.size(); i-- > 0;) {
    try {
      OpenLog open = OpenFile(store, manifest, logs[i]);
      if (open.reader->is_void()) continue;
      open.reader->Walk(std::nullopt, manifest.options.dimension, [](const LogFileReader::Record&) {});
      if (open.reader->end().next_sequence != manifest.change_count + 1) continue;
      open.entry.size = open.reader->end().size;
      return open.entry;
    } catch (const Error& error) {
      // Nothing that is needed is damaged. The generation before it says so when somebody goes back to it.
      if (!IsDamage(error)) throw;
    }
  }
  return {};
}

void WalkLogChain(const LogChain& chain, const Store& store, const Manifest& manifest,
                  const std::function<void(LogFileReader::Record&)>& visit) {
  for (const LogChain::File& entry : chain.files) {
    const auto file = store.env().Open(entry.path);
    LogFileReader reader(*file, entry.path, manifest.identity.uuid, entry.number);
    reader.Walk(entry.size, manifest.options.dimension, [&](LogFileReader::Record& record) {
      const bool is_wanted = record.type != LogRecordType::kCancel && record.sequence > manifest.change_count &&
                             !chain.cancelled.contains(record.sequence);
      if (is_wanted) visit(record);
    });
  }
}

}  // namespace segvec
