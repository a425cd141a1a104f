#include "storage/change_log.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <list>
#include <string>
#include <thread>
#include <vector>

#include "support/fault_env.h"
#include "support/memory_env.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

const std::vector<uint64_t> kIds{5};
const std::vector<LogRecord> kRemoval{{LogRecordType::kRemove, 1, kIds, {}, {}}};

// The first log of a directory of rows of one component, and what it stands on.
struct NewLog {
  MemoryEnv memory;
  FaultEnv env{memory};
  Store store{env, "/d", Store::Access::kWrite};
  Manifest manifest{
      .identity = {}, .options = {.dimension = 1}, .segments = {}, .string_id_files = {}, .recall = std::nullopt};
  ChangeLog log{store, manifest.identity.uuid, LogChain(), LogChain::File()};
};

TEST_CASE("ChangeLog: what could not be taken back is taken back with the next change, by whoever logs it") {
  NewLog at;
  auto& [memory, env, store, manifest, log] = at;
  std::list<uint64_t> sequence{log.Append(kRemoval, 1, {})};
  env.FailAt(0, FaultEnv::Fault::kFromThen);
  log.Cancel(sequence, 1);
  env.Heal();
  const size_t before = memory.change_count();
  std::atomic<bool> is_syncing{false};
  env.BeforeEach([&](std::string_view syscall, const std::string&) {
    if (syscall != "fsync" || is_syncing.exchange(true)) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(30));  // for the other to come
  });
  std::thread other([&] { log.Append(kRemoval, 1, {}); });
  while (!is_syncing) std::this_thread::yield();
  log.Settle(1);  // has to wait, and finds it done
  const size_t after = memory.change_count();
  other.join();
  env.BeforeEach(nullptr);
  CHECK(after > before);
  CHECK(memory.change_count() == after);
  const LogChain chain = ReadLogChain(store, manifest, [](LogFileReader::Record&) {}, false);
  CHECK(chain.cancelled == std::unordered_set<uint64_t>{1});
  CHECK(chain.next_sequence == 3);
}

TEST_CASE("ChangeLog: a generation with nothing behind it is read without its log") {
  NewLog at;
  auto& [memory, env, store, manifest, log] = at;
  log.Append(kRemoval, 1, {});
  manifest.change_count = 1;
  manifest.first_log = log.Rotate(1);
  std::vector<std::string> opened;
  env.BeforeEach([&](std::string_view syscall, const std::string& path) {
    if (syscall == "open") opened.push_back(path);
  });
  const LogChain chain = ReadLogChain(store, manifest, [](LogFileReader::Record&) {}, false);
  CHECK(chain.files.empty());
  CHECK(opened.empty());
  // Who logs on looks for the file that ends where the generation does.
  CHECK(LastFile(chain, store, manifest, false).path == "/d/log-1-1");
  CHECK(opened == std::vector<std::string>{"/d/log-1-1"});
}

}  // namespace
}  // namespace segvec
