#include "storage/store.h"

#include <doctest/doctest.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/thread_pool.h"
#include "support/errors.h"
#include "support/fault_env.h"
#include "support/memory_env.h"
#include "support/temporary_directory.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

// A manifest without segments; what matters here is which files come and go.
Manifest EmptyManifest(uint64_t generation) {
  Manifest manifest;
  manifest.identity.uuid.bytes.fill(std::byte{7});
  manifest.identity.generation = generation;
  manifest.options.dimension = 4;
  manifest.options.id_type = 2;
  manifest.options.M = 16;
  manifest.options.ef_construction = 200;
  manifest.options.segment_capacity = 1000;
  return manifest;
}

FileStamp WriteText(WritableFile& file) {
  const std::string text = "text";
  file.Append({reinterpret_cast<const std::byte*>(text.data()), text.size()});
  return {};
}

uint64_t PublishEmpty(Store& store) {
  Store::Transaction transaction(store);
  transaction.Publish(EmptyManifest(transaction.generation()));
  store.RemoveOutdated();
  return transaction.generation();
}

TEST_CASE("Store: the last two generations are kept, and a manifest is read by its number") {
  MemoryEnv env;
  Store store(env, "/a/b", Store::Access::kWrite);
  CHECK(store.Generations().empty());
  for (uint64_t generation = 1; generation <= 5; ++generation) CHECK(PublishEmpty(store) == generation);
  CHECK(store.Generations() == std::vector<uint64_t>{5, 4});
  CHECK(store.Read(4) == EmptyManifest(4));
  CHECK(env.List("/a/b") == std::vector<std::string>{"LOCK", "MANIFEST-4", "MANIFEST-5"});
}

TEST_CASE("Store: after the last generation there is can be nothing is written") {
  MemoryEnv env;
  {
    Store store(env, "/d", Store::Access::kWrite);
    PublishEmpty(store);
    env.Create("/d/log-1000000-4611686018427387902");
  }
  Store store(env, "/d", Store::Access::kWrite);
  CHECK(PublishEmpty(store) == 4611686018427387903);
  CHECK(ErrorTextOf([&] { PublishEmpty(store); }) ==
        "CORRUPT: /d holds a file of generation 4611686018427387903, after which none is left");
  CHECK(store.Generations().front() == 4611686018427387903);
}

TEST_CASE("Store: a transaction that is not published removes what it wrote") {
  MemoryEnv env;
  Store store(env, "/d", Store::Access::kWrite);
  PublishEmpty(store);
  {
    Store::Transaction transaction(store);
    CHECK(transaction.Write("segment", 3, WriteText).name == "segment-3-2");
    CHECK(env.Exists("/d/segment-3-2"));
  }
  CHECK(env.List("/d") == std::vector<std::string>{"LOCK", "MANIFEST-1"});
  // Its number is not used again.
  CHECK(PublishEmpty(store) == 3);
}

TEST_CASE(
    "Store: a new writer goes on above every number that a name bears, and clears away what is of no "
    "generation") {
  MemoryEnv env;
  {
    Store store(env, "/d", Store::Access::kWrite);
    PublishEmpty(store);
    PublishEmpty(store);
  }
  for (const char* name : {"segment-1-9", "MANIFEST-8.tmp", "strings-0-4", "notes.txt", "segment-1",
                           "MANIFEST-x", "MANIFEST-007", "tombstones-1-2-3"}) {
    WriteText(*env.Create(std::string("/d/") + name));
  }
  Store store(env, "/d", Store::Access::kWrite);
  CHECK(store.Generations() == std::vector<uint64_t>{2, 1});
  CHECK(store.HasParts());
  Store::Transaction transaction(store);
  CHECK(transaction.generation() == 10);
  store.Adopt(store.Read(2), true);
  CHECK(!store.HasParts());
  CHECK(env.List("/d") == std::vector<std::string>{"LOCK", "MANIFEST-007", "MANIFEST-1", "MANIFEST-2",
                                                   "MANIFEST-x", "notes.txt", "segment-1",
                                                   "tombstones-1-2-3"});
}

TEST_CASE("Store: nothing is cleared away while a generation is damaged or passed over") {
  MemoryEnv env;
  {
    Store store(env, "/d", Store::Access::kWrite);
    PublishEmpty(store);
    PublishEmpty(store);
  }
  WriteText(*env.Create("/d/segment-1-1"));
  {
    Store store(env, "/d", Store::Access::kWrite);
    store.Adopt(store.Read(1), false);
  }
  CHECK(env.Exists("/d/segment-1-1"));
  CHECK(env.Exists("/d/MANIFEST-2"));
  env.bytes("/d/MANIFEST-1")[50] ^= std::byte{1};
  {
    Store store(env, "/d", Store::Access::kWrite);
    CHECK(ErrorCodeOf([&] { store.Read(1); }) == "CORRUPT");
    store.Adopt(store.Read(2), true);
  }
  CHECK(env.Exists("/d/segment-1-1"));
  CHECK(env.Exists("/d/MANIFEST-1"));
}

TEST_CASE("Store: a manifest under another one's name is corruption") {
  MemoryEnv env;
  Store store(env, "/d", Store::Access::kWrite);
  PublishEmpty(store);
  env.RenameNoReplace("/d/MANIFEST-1", "/d/MANIFEST-2");
  CHECK(ErrorCodeOf([&] { store.Read(2); }) == "CORRUPT");
}

TEST_CASE("Store: one writer, any number of readers, which do not write") {
  MemoryEnv env;
  auto store = std::make_unique<Store>(env, "/d", Store::Access::kWrite);
  CHECK(ErrorCodeOf([&] { Store second(env, "/d", Store::Access::kWrite); }) == "LOCKED");
  PublishEmpty(*store);
  Store reader(env, "/d", Store::Access::kRead);
  Store another(env, "/d", Store::Access::kRead);
  CHECK(reader.Read(1) == EmptyManifest(1));
  CHECK(ErrorCodeOf([&] { Store::Transaction transaction(reader); }) == "READ_ONLY");
  store = nullptr;
  CHECK(ErrorCodeOf([&] { Store second(env, "/d", Store::Access::kWrite); }) == "none");
  Store missing(env, "/missing", Store::Access::kRead);
  CHECK(ErrorCodeOf([&] { missing.Generations(); }) == "NOT_FOUND");
  CHECK(!env.Exists("/missing"));
}

TEST_CASE("Store: what is published survives a power failure, whoever made the directory") {
  const PowerLoss loss{PowerLoss::Bytes::kDropped, PowerLoss::Names::kLost, 1};
  for (const bool is_found : {false, true}) {
    MemoryEnv env;
    env.CreateDirectory(is_found ? "/a/b/c" : "/a");
    env.SyncDirectory("/");
    if (is_found) env.SyncDirectory("/a");
    Store store(env, "/a/b/c", Store::Access::kWrite);
    PublishEmpty(store);
    const auto left = env.After(env.change_count(), loss);
    REQUIRE(left->Exists("/a/b/c"));
    CHECK(Store(*left, "/a/b/c", Store::Access::kRead).Generations() == std::vector<uint64_t>{1});
  }
}

TEST_CASE("Store: a directory that is found is opened where nobody can sync the one that it is in, and where that fails it is not") {
  for (const auto& [number, expected] : std::vector<std::pair<int, std::string>>{
           {EACCES, "none"}, {EPERM, "none"}, {EINVAL, "none"}, {EROFS, "none"}, {EIO, "IO"}, {ENOSPC, "IO"}}) {
    MemoryEnv memory;
    memory.CreateDirectory("/a/b");
    FaultEnv env(memory);
    size_t sync_count = 0;
    env.BeforeEach([&, number = number](std::string_view syscall, const std::string& path) {
      if (syscall != "fsync" || path != "/a") return;
      ++sync_count;
      throw SystemCallError("open", path, number);
    });
    CHECK(ErrorCodeOf([&] { Store(env, "/a/b", Store::Access::kWrite); }) == expected);
    CHECK(sync_count == 1);
    CHECK(ErrorCodeOf([&] { Store(env, "/a/b", Store::Access::kRead); }) == "none");
    CHECK(sync_count == 1);
    env.BeforeEach([](std::string_view, const std::string& path) {
      if (path == "/a") throw Error(ErrorCode::kOutOfMemory, "out of memory");
    });
    CHECK(ErrorCodeOf([&] { Store(env, "/a/b", Store::Access::kWrite); }) == "OUT_OF_MEMORY");
    // Once there is a generation, the name has been safe for long.
    env.BeforeEach(nullptr);
    {
      Store store(env, "/a/b", Store::Access::kWrite);
      PublishEmpty(store);
    }
    env.BeforeEach([](std::string_view, const std::string& path) { CHECK(path != "/a"); });
    Store(env, "/a/b", Store::Access::kWrite);
  }
}

TEST_CASE("Store: a generation that exists is never replaced") {
  MemoryEnv env;
  Store store(env, "/d", Store::Access::kWrite);
  PublishEmpty(store);
  Store::Transaction transaction(store);
  WriteText(*env.Create("/d/MANIFEST-2"));  // by another writer, where locks do not work
  CHECK(ErrorCodeOf([&] { transaction.Publish(EmptyManifest(2)); }) == "IO");
  CHECK(env.bytes("/d/MANIFEST-2").size() == 4);
}

TEST_CASE("Store: a generation appears only when all of it is safe, whichever sync fails") {
  for (const std::string unsyncable : {"/d/segment-0-2", "/d/segment-1-2", "/d/MANIFEST-2.tmp", "/d"}) {
    CAPTURE(unsyncable);
    ThreadPool::Shared().EnsureThreads(2);
    MemoryEnv memory;
    FaultEnv env(memory);
    Store store(env, "/d", Store::Access::kWrite);
    PublishEmpty(store);
    {
      Store::Transaction transaction(store);
      for (const uint32_t number : {0, 1}) transaction.Write("segment", number, WriteText);
      env.BeforeEach([&](std::string_view syscall, const std::string& path) {
        if (syscall == "fsync" && path == unsyncable) throw SystemCallError("fsync", path, EIO);
      });
      const auto error = ErrorOf([&] { transaction.Publish(EmptyManifest(2)); });
      REQUIRE(error.has_value());
      REQUIRE(error->call() != nullptr);
      CHECK(error->call()->syscall == "fsync");
      CHECK(error->call()->path == unsyncable);
    }
    env.BeforeEach(nullptr);
    CHECK(memory.List("/d") == std::vector<std::string>{"LOCK", "MANIFEST-1"});
    CHECK(PublishEmpty(store) == 3);
  }
}

TEST_CASE("Store: old files go after a commit that succeeded, and after no other") {
  MemoryEnv env;
  Store store(env, "/d", Store::Access::kWrite);
  for (uint64_t generation = 1; generation <= 3; ++generation) {
    Store::Transaction transaction(store);
    transaction.Publish(EmptyManifest(generation));
  }
  const std::vector<std::string> all{"LOCK", "MANIFEST-1", "MANIFEST-2", "MANIFEST-3"};
  CHECK(env.List("/d") == all);
  { Store::Transaction abandoned(store); }
  store.RemoveOutdated();
  CHECK(env.List("/d") == all);
  CHECK(PublishEmpty(store) == 5);
  CHECK(env.List("/d") == std::vector<std::string>{"LOCK", "MANIFEST-3", "MANIFEST-5"});
}

TEST_CASE("Store: memory that runs out is not taken for a damaged generation") {
  MemoryEnv memory;
  FaultEnv env(memory);
  Store store(env, "/d", Store::Access::kWrite);
  for (int i = 0; i < 2; ++i) PublishEmpty(store);
  const Manifest newest = store.Read(2);
  env.BeforeEach([](std::string_view, const std::string& path) {
    if (path == "/d/MANIFEST-1") throw Error(ErrorCode::kOutOfMemory, "out of memory");
  });
  CHECK(ErrorCodeOf([&] { store.Adopt(newest, true); }) == "OUT_OF_MEMORY");
  env.BeforeEach(nullptr);
  CHECK(ErrorCodeOf([&] { store.Adopt(newest, true); }) == "none");
  CHECK(env.Exists("/d/MANIFEST-1"));
}

TEST_CASE("Store: many files and large ones are safe when a generation is published, too") {
  for (const uint64_t size : {4u, 20u << 20}) {  // as they say
    MemoryEnv env;
    Store store(env, "/d", Store::Access::kWrite);
    Store::Transaction transaction(store);
    for (uint32_t number = 0; number < 40; ++number) {
      transaction.Write("segment", number, [&](WritableFile& file) {
        WriteText(file);
        return FileStamp{size, 0};
      });
    }
    transaction.Publish(EmptyManifest(1));
    const auto left = env.After(env.change_count(), {PowerLoss::Bytes::kDropped, PowerLoss::Names::kLost});
    for (uint32_t number = 0; number < 40; ++number) {
      CHECK(left->bytes("/d/segment-" + std::to_string(number) + "-1").size() == 4);
    }
    CHECK(Store(*left, "/d", Store::Access::kRead).Read(1) == EmptyManifest(1));
  }
}

TEST_CASE("Store: nothing is written to, or removed from, a directory that is put into the place of the one that was opened") {
  const TemporaryDirectory directory;
  Env& env = Env::Real();
  const std::string path = directory.path() + "/index", moved = directory.path() + "/moved";
  Store store(env, path, Store::Access::kWrite);
  for (int i = 0; i < 2; ++i) PublishEmpty(store);
  Store::Transaction last(store);
  last.Publish(EmptyManifest(last.generation()));  // there is something to be removed now
  std::filesystem::rename(path, moved);
  std::filesystem::create_directory(path);
  for (const char* name : {"/MANIFEST-1", "/segment-1-9"}) WriteText(*env.Create(path + name));
  const std::vector<std::string> theirs = env.List(path);

  store.RemoveOutdated();
  CHECK(ErrorCodeOf([&] { store.CheckInPlace(); }) == "LOCKED");
  CHECK(ErrorCodeOf([&] { Store::Transaction transaction(store); }) == "LOCKED");
  CHECK(env.List(path) == theirs);
  CHECK(env.List(moved) == std::vector<std::string>{"LOCK", "MANIFEST-1", "MANIFEST-2", "MANIFEST-3"});

  // Back again, and away once more while a transaction is under way.
  std::filesystem::remove_all(path);
  std::filesystem::rename(moved, path);
  {
    Store::Transaction transaction(store);
    const std::string name = transaction.Write("segment", 1, WriteText).name;
    std::filesystem::rename(path, moved);
    std::filesystem::create_directory(path);
    WriteText(*env.Create(path + "/" + name));
  }
  CHECK(env.List(path).size() == 1);
}

TEST_CASE("Store: a directory may be named from where the process is") {
  const TemporaryDirectory directory;
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(directory.path());
  for (const char* path : {"a", "b/c//", "./d/e"}) {
    CAPTURE(path);
    CHECK(ErrorCodeOf([&] {
            Store store(Env::Real(), path, Store::Access::kWrite);
            PublishEmpty(store);
          }) == "none");
    CHECK(Store(Env::Real(), path, Store::Access::kRead).Generations() == std::vector<uint64_t>{1});
  }
  std::filesystem::current_path(before);
}

}  // namespace
}  // namespace segvec
