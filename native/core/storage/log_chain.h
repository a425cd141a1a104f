// The log files that continue one generation of an index: found, checked and in their order.
//
// Each file says which one it continues and how much of that counts. So the newest file leads to all that are wanted;
// others, which a failure or a crash left, do not count.
//
// Thread safety: one thread at a time. Errors: kCorrupt naming file and offset, kUnsupportedFormat, kIo.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_set>
#include <vector>

#include "storage/log_file.h"
#include "storage/manifest.h"
#include "storage/store.h"

namespace segvec {

struct LogChain {
  struct File {
    std::string path;
    uint64_t number = 0;
    uint64_t first_sequence = 0;
    uint64_t size = 0;  // what counts of it
  };
  std::vector<File> files;         // oldest first
  uint64_t next_sequence = 1;      // of the change after the last
  uint64_t next_number = 1;        // of the next log file: no name is used twice
  std::unordered_set<uint64_t> cancelled;  // changes that were logged and then failed
  std::string damage;              // what was passed over on request, if anything
};

// Throws kCorrupt unless log files can have `count` more numbers after the last one that is taken.
void CheckNumbersLeft(const Store& store, uint64_t last, uint64_t count);

// Reads the log behind a manifest. `check` sees every change, and throws kCorrupt at what the index cannot have.
// `passes_over_damage`: what comes before it counts, the rest is left out and `damage` says why; without, damage is an error.
// Only files with numbers below `end_number` are looked at.
LogChain ReadLogChain(const Store& store, const Manifest& manifest, const LogFileReader::Visit& check,
                      bool passes_over_damage, uint64_t end_number = ~uint64_t{0});

// What the next log file is to continue; its number is 0 where there is none. With nothing behind the generation it is the
// file that ends where that does, among older ones: the generation before goes on from there. `passes_over_damage`: one that cannot
// be read is not continued; without, that is an error.
LogChain::File LastFile(const LogChain& chain, const Store& store, const Manifest& manifest, bool passes_over_damage);

// Visits the changes in their order, those that were cancelled left out, and those up to `change_count`, which the
// generation holds.
void WalkLogChain(const LogChain& chain, const Store& store, const Manifest& manifest,
                  const std::function<void(LogFileReader::Record&)>& visit);

}  // namespace segvec
