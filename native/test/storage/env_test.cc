// What every Env promises, asked of the real file system and of the one in memory alike; then what only one
// of them does.
#include "storage/env.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <set>
#include <string>
#include <vector>

#include "support/errors.h"
#include "support/fault_env.h"
#include "support/memory_env.h"
#include "support/temporary_directory.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

TEST_CASE("Env: what an error says of a file, and what it does not") {
  const auto failed = [](int number) { return SystemCallError("pread", "/file", number); };
  for (const ErrorCode code : {ErrorCode::kCorrupt, ErrorCode::kNotFound, ErrorCode::kUnsupportedFormat}) {
    CHECK(IsDamage(Error(code, "")));
    CHECK_FALSE(IsForWant(Error(code, "")));
  }
  CHECK(IsDamage(failed(EIO)));
  CHECK_FALSE(IsForWant(failed(EIO)));
  CHECK_FALSE(IsDamage(Error(ErrorCode::kIo, "not available")));
  CHECK_FALSE(IsForWant(Error(ErrorCode::kIo, "not available")));
  for (const Error& error : {failed(EMFILE), failed(ENFILE), failed(ENOMEM), Error(ErrorCode::kOutOfMemory, "")}) {
    CHECK_FALSE(IsDamage(error));
    CHECK(IsForWant(error));
  }
}

std::span<const std::byte> BytesOf(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

std::string TextOf(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void Write(Env& env, const std::string& path, const std::string& text) {
  const auto file = env.Create(path);
  file->Append(BytesOf(text));
  file->Sync();
  file->Close();
}

std::string Read(Env& env, const std::string& path) {
  const auto file = env.Open(path);
  std::vector<std::byte> bytes(file->size());
  file->Read(0, bytes);
  return TextOf(bytes);
}

int ErrnoOf(const std::optional<Error>& error) {
  return error && error->call() != nullptr ? error->call()->number : 0;
}

// Runs the body once on each.
template <class Body>
void OnEach(Body body) {
  SUBCASE("the real file system") {
    const TemporaryDirectory directory;
    body(Env::Real(), directory.path());
  }
  SUBCASE("the one in memory") {
    MemoryEnv env;
    env.CreateDirectory("/data");
    body(env, std::string("/data"));
  }
}

TEST_CASE("Env: what was appended is read and mapped, from any offset") {
  OnEach([](Env& env, const std::string& directory) {
    const std::string path = directory + "/file";
    const auto file = env.Create(path);
    file->Append(BytesOf("one "));
    file->Append({});
    file->Append(BytesOf("two"));
    file->Sync();
    file->Close();
    CHECK(Read(env, path) == "one two");
    std::vector<std::byte> middle(3);
    env.Open(path)->Read(4, middle);
    CHECK(TextOf(middle) == "two");
    CHECK(TextOf(env.Map(path)->bytes()) == "one two");
    Write(env, directory + "/empty", "");
    CHECK(env.Open(directory + "/empty")->size() == 0);
    CHECK(env.Map(directory + "/empty")->bytes().empty());
  });
}

TEST_CASE("Env: a mapping outlives the file's name") {
  OnEach([](Env& env, const std::string& directory) {
    Write(env, directory + "/file", "still here");
    const auto mapped = env.Map(directory + "/file");
    env.Remove(directory + "/file");
    CHECK(TextOf(mapped->bytes()) == "still here");
  });
}

TEST_CASE("Env: a read past the end is corruption, not garbage") {
  OnEach([](Env& env, const std::string& directory) {
    Write(env, directory + "/file", "short");
    std::vector<std::byte> bytes(6);
    const auto file = env.Open(directory + "/file");
    CHECK(ErrorCodeOf([&] { file->Read(0, bytes); }) == "CORRUPT");
    CHECK(ErrorCodeOf([&] { file->Read(100, bytes); }) == "CORRUPT");
  });
}

TEST_CASE("Env: no name is ever taken twice, by creating or by renaming") {
  OnEach([](Env& env, const std::string& directory) {
    Write(env, directory + "/a", "a");
    Write(env, directory + "/b", "b");
    CHECK(ErrnoOf(ErrorOf([&] { env.Create(directory + "/a"); })) == EEXIST);
    CHECK(ErrnoOf(ErrorOf([&] { env.RenameNoReplace(directory + "/a", directory + "/b"); })) == EEXIST);
    CHECK(Read(env, directory + "/a") == "a");
    CHECK(Read(env, directory + "/b") == "b");
    env.RenameNoReplace(directory + "/a", directory + "/c");
    CHECK(Read(env, directory + "/c") == "a");
    CHECK(env.List(directory) == std::vector<std::string>{"b", "c"});
  });
}

TEST_CASE("Env: what is missing is NOT_FOUND, with the call and the path") {
  OnEach([](Env& env, const std::string& directory) {
    const std::string path = directory + "/missing";
    for (const auto& error : {ErrorOf([&] { env.Open(path); }), ErrorOf([&] { env.Map(path); }),
                              ErrorOf([&] { env.Remove(path); }), ErrorOf([&] { env.List(path); }),
                              ErrorOf([&] { env.Create(path + "/file"); })}) {
      REQUIRE(error.has_value());
      CHECK(error->code() == ErrorCode::kNotFound);
      REQUIRE(error->call() != nullptr);
      CHECK(!error->call()->syscall.empty());
      CHECK(StartsWith(error->call()->path, path));
      CHECK(error->call()->number == ENOENT);
    }
    CHECK(!env.Exists(path));
  });
}

TEST_CASE("Env: directories are made with their parents, and again without harm") {
  OnEach([](Env& env, const std::string& directory) {
    env.CreateDirectory(directory + "/a/b/c");
    env.CreateDirectory(directory + "/a/b/c");
    env.CreateDirectory(directory + "/a/b/d/");
    Write(env, directory + "/a/b/c/file", "x");
    CHECK(env.Exists(directory + "/a/b/c/file"));
    env.SyncDirectory(directory + "/a/b/c");
    CHECK(ErrorCodeOf([&] { env.CreateDirectory(directory + "/a/b/c/file/e"); }) == "IO");
  });
}

TEST_CASE("Env: one lock at a time, free again when it is dropped") {
  OnEach([](Env& env, const std::string& directory) {
    auto lock = env.Lock(directory + "/LOCK");
    CHECK(ErrorCodeOf([&] { env.Lock(directory + "/LOCK"); }) == "LOCKED");
    env.Lock(directory + "/OTHER");
    lock = nullptr;
    lock = env.Lock(directory + "/LOCK");
    CHECK(ErrorCodeOf([&] { env.Lock(directory + "/LOCK"); }) == "LOCKED");
  });
}

TEST_CASE("Env: the real lock is one per file, whatever the path, and names this process") {
  const TemporaryDirectory directory;
  Env& env = Env::Real();
  env.CreateDirectory(directory.path() + "/data");
  REQUIRE(symlink((directory.path() + "/data").c_str(), (directory.path() + "/link").c_str()) == 0);
  const auto lock = env.Lock(directory.path() + "/data/LOCK");
  const auto error = ErrorOf([&] { env.Lock(directory.path() + "/link/LOCK"); });
  REQUIRE(error.has_value());
  CHECK(error->code() == ErrorCode::kLocked);
  CHECK(std::string(error->what()).find(std::to_string(getpid())) != std::string::npos);
}

TEST_CASE("Env: the real lock keeps another process out, names it, and ends with it") {
  const TemporaryDirectory directory;
  int ready[2], done[2];
  REQUIRE(pipe(ready) == 0);
  REQUIRE(pipe(done) == 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto lock = Env::Real().Lock(directory.path() + "/LOCK");
    char byte = 0;
    (void)!write(ready[1], &byte, 1);
    (void)!read(done[0], &byte, 1);
    _exit(0);  // without a word, as a killed one would
  }
  char byte = 0;
  REQUIRE(read(ready[0], &byte, 1) == 1);
  const auto error = ErrorOf([&] { Env::Real().Lock(directory.path() + "/LOCK"); });
  REQUIRE(error.has_value());
  CHECK(error->code() == ErrorCode::kLocked);
  CHECK(std::string(error->what()).find("process " + std::to_string(child)) != std::string::npos);
  REQUIRE(write(done[1], &byte, 1) == 1);
  REQUIRE(waitpid(child, nullptr, 0) == child);
  CHECK(ErrorCodeOf([&] { Env::Real().Lock(directory.path() + "/LOCK"); }) == "none");
  for (const int end : {ready[0], ready[1], done[0], done[1]}) close(end);
}

TEST_CASE("Env: what is no regular file is refused, and a pipe is not waited for") {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/pipe";
  REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  CHECK(ErrorCodeOf([&] { Env::Real().Open(path); }) == "CORRUPT");
  CHECK(ErrorCodeOf([&] { Env::Real().Open(directory.path()); }) == "CORRUPT");
}

TEST_CASE("MemoryEnv: a power failure leaves what was synced, and of the rest what the model says") {
  MemoryEnv env;
  env.CreateDirectory("/d");
  env.SyncDirectory("");
  Write(env, "/d/safe", "safe");
  env.SyncDirectory("/d");
  const auto file = env.Create("/d/new");
  file->Append(BytesOf(std::string(2000, 's')));
  file->Sync();
  env.SyncDirectory("/d");
  file->Append(BytesOf(std::string(2000, 'u')));
  env.RenameNoReplace("/d/safe", "/d/renamed");
  const size_t end = env.change_count();

  const auto dropped = env.After(end, {PowerLoss::Bytes::kDropped, PowerLoss::Names::kLost});
  CHECK(dropped->List("/d") == std::vector<std::string>{"new", "safe"});
  CHECK(Read(*dropped, "/d/new") == std::string(2000, 's'));
  const auto kept = env.After(end, {PowerLoss::Bytes::kKept, PowerLoss::Names::kKept});
  CHECK(kept->List("/d") == std::vector<std::string>{"new", "renamed"});
  CHECK(Read(*kept, "/d/new") == std::string(2000, 's') + std::string(2000, 'u'));
  const auto zeroed = env.After(end, {PowerLoss::Bytes::kZeroed, PowerLoss::Names::kKept});
  CHECK(Read(*zeroed, "/d/new") == std::string(2000, 's') + std::string(2000, '\0'));
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const auto torn = env.After(end, {PowerLoss::Bytes::kTorn, PowerLoss::Names::kMixed, seed});
    const std::string text = Read(*torn, "/d/new");
    CHECK(text.substr(0, 2000) == std::string(2000, 's'));
    CHECK((text.size() == 2000 || text.size() % 512 == 0));
  }
  CHECK(env.After(0, {})->List("").empty());
}

TEST_CASE("MemoryEnv: of syncs at the same time each may have been done when the power fails") {
  MemoryEnv env;
  env.CreateDirectory("/d");
  env.SyncDirectory("");
  const auto first = env.Create("/d/first"), second = env.Create("/d/second");
  env.SyncDirectory("/d");
  first->Append(BytesOf("one"));
  second->Append(BytesOf("two"));
  CHECK_FALSE(env.IsBetweenSyncs(env.change_count()));
  first->Sync();
  const size_t between = env.change_count();
  second->Sync();
  CHECK(env.IsBetweenSyncs(between));
  CHECK_FALSE(env.IsBetweenSyncs(env.change_count()));
  std::set<std::string> found;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const PowerLoss loss{PowerLoss::Bytes::kDropped, PowerLoss::Names::kLost, seed};
    const auto left = env.After(between, loss);
    found.insert(Read(*left, "/d/first") + "," + Read(*left, "/d/second"));
    CHECK(Read(*env.After(env.change_count(), loss), "/d/second") == "two");
  }
  CHECK(found == std::set<std::string>{",", ",two", "one,", "one,two"});
}

TEST_CASE("FaultEnv: the call that was chosen fails, and the rest as they are told") {
  MemoryEnv memory;
  FaultEnv env(memory);
  env.CreateDirectory("/d");
  const size_t before = env.call_count();
  Write(env, "/d/a", "abcd");
  const size_t calls = env.call_count() - before;
  CHECK(calls == 4);
  for (size_t i = 0; i < calls; ++i) {
    env.FailAt(i, FaultEnv::Fault::kOnce, ENOSPC);
    const auto error = ErrorOf([&] { Write(env, "/d/b" + std::to_string(i), "abcd"); });
    CHECK(ErrnoOf(error) == ENOSPC);
    CHECK(ErrorCodeOf([&] { Write(env, "/d/c" + std::to_string(i), "abcd"); }) == "none");
  }
  CHECK(Read(memory, "/d/b1") == "ab");
  env.FailAt(1, FaultEnv::Fault::kFromThen);
  CHECK(ErrorCodeOf([&] { Write(env, "/d/e", "abcd"); }) == "IO");
  CHECK(ErrorCodeOf([&] { Write(env, "/d/f", "abcd"); }) == "IO");
  env.FailAt(0, FaultEnv::Fault::kAfterwards);
  CHECK(ErrorCodeOf([&] { env.Remove("/d/a"); }) == "IO");
  CHECK(!memory.Exists("/d/a"));
}

}  // namespace
}  // namespace segvec
