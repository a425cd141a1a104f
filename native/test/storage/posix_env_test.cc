// The real file system when it fails: what it says, and that nothing else happens.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <functional>
#include <string>
#include <vector>

#include "base/mappings.h"
#include "storage/env.h"
#include "storage/retry.h"
#include "support/errors.h"
#include "support/failing_syscall.h"
#include "support/temporary_directory.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

std::span<const std::byte> BytesOf(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

void Write(const std::string& path, const std::string& text) {
  const auto file = Env::Real().Create(path);
  file->Append(BytesOf(text));
  file->Close();
}

// "<system call> <errno>" of what a call says went wrong with `path`, or what else happened.
std::string FailureOf(const std::string& path, const std::function<void()>& call) {
  const auto error = ErrorOf(call);
  if (!error) return "none";
  if (error->call() == nullptr) return error->what();
  if (error->call()->path != path) return "of another path: " + error->call()->path;
  return error->call()->syscall + " " + std::to_string(error->call()->number);
}
std::string Failure(const char* syscall, int number) { return std::string(syscall) + " " + std::to_string(number); }

TEST_CASE("PosixEnv: a file where a directory should be") {
  const TemporaryDirectory directory;
  const std::string file = directory.path() + "/file", path = file + "/below";
  Write(file, "x");
  Env& env = Env::Real();
  CHECK(FailureOf(path, [&] { env.Exists(path); }) == Failure("access", ENOTDIR));
  CHECK(FailureOf(path, [&] { env.CreateDirectory(path); }) == Failure("mkdir", ENOTDIR));
  CHECK(FailureOf(path, [&] { env.Lock(path); }) == Failure("access", ENOTDIR));
  CHECK(FailureOf(path, [&] { env.Create(path); }) == Failure("open", ENOTDIR));
  CHECK(FailureOf(file, [&] { env.List(file); }) == Failure("opendir", ENOTDIR));
  CHECK(FailureOf(file, [&] { env.SyncDirectory(file); }) == Failure("open", ENOTDIR));
}

TEST_CASE("PosixEnv: directories that cannot be made") {
  const TemporaryDirectory directory;
  Env& env = Env::Real();
  CHECK(FailureOf("", [&] { env.CreateDirectory(""); }) == Failure("mkdir", ENOENT));
  // The parent is there by then, and stays.
  const std::string parent = directory.path() + "/parent", path = parent + "/" + std::string(300, 'n');
  CHECK(FailureOf(path, [&] { env.CreateDirectory(path); }) == Failure("mkdir", ENAMETOOLONG));
  CHECK(env.Exists(parent));
  env.CreateDirectory(directory.path() + "/a/b/.");
  CHECK(env.Exists(directory.path() + "/a/b"));
}

TEST_CASE("PosixEnv: a file that may not grow holds what there was room for, and says so") {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/file";
  rlimit limit;
  REQUIRE(getrlimit(RLIMIT_FSIZE, &limit) == 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{1000, limit.rlim_max};
  REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  const std::string failure = FailureOf(path, [&] { Write(path, std::string(3000, 'x')); });
  REQUIRE(setrlimit(RLIMIT_FSIZE, &limit) == 0);
  std::signal(SIGXFSZ, old_handler);
  CHECK(failure == Failure("pwrite", EFBIG));
  CHECK(Env::Real().Open(path)->size() == 1000);
}

TEST_CASE("PosixEnv: who holds a lock need not say so") {
  for (const char* text : {"", "nobody", "-3"}) {
    CAPTURE(text);
    const TemporaryDirectory directory;
    const std::string path = directory.path() + "/LOCK";
    Write(path, text);
    const int descriptor = open(path.c_str(), O_RDWR);
    REQUIRE(flock(descriptor, LOCK_EX | LOCK_NB) == 0);
    CHECK(ErrorTextOf([&] { Env::Real().Lock(path); }) ==
          "LOCKED: " + path + " is held by another process; one index at a time may write to a directory");
    close(descriptor);
    CHECK(ErrorCodeOf([&] { Env::Real().Lock(path); }) == "none");
  }
}

TEST_CASE("Retry: calls again for as long as a signal interrupts, and no longer") {
  for (const int end : {0, EIO}) {
    int call_count = 0;
    const int result = Retry([&] {
      errno = ++call_count < 4 ? EINTR : end;
      return errno == 0 ? 5 : -1;
    });
    CHECK(call_count == 4);
    CHECK(result == (end == 0 ? 5 : -1));
  }
}

TEST_CASE("PosixEnv: a lock that is a link or a pipe is refused, and what it leads to is left alone") {
  const TemporaryDirectory directory;
  const std::string mine = directory.path() + "/mine", link = directory.path() + "/link", pipe = directory.path() + "/pipe";
  Write(mine, "text");
  REQUIRE(symlink(mine.c_str(), link.c_str()) == 0);
  CHECK(FailureOf(link, [&] { Env::Real().Lock(link); }) == Failure("open", ELOOP));
  CHECK(Env::Real().Open(mine)->size() == 4);
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(ErrorTextOf([&] { Env::Real().Lock(pipe); }) == "CORRUPT: " + pipe + " is not a regular file");
}

#if defined(__linux__)

TEST_CASE("PosixEnv: what cannot be synced or mapped") {
  Env& env = Env::Real();
  CHECK(FailureOf("/proc/self", [&] { env.SyncDirectory("/proc/self"); }) == Failure("fsync", EINVAL));
  const std::string setting = "/sys/kernel/mm/transparent_hugepage/enabled";
  if (env.Exists(setting)) CHECK(FailureOf(setting, [&] { env.Map(setting); }) == Failure("mmap", ENODEV));
}

TEST_CASE("PosixEnv: where too much is mapped already nothing is, and the mappings that are ours are counted") {
  const TemporaryDirectory directory;
  Env& env = Env::Real();
  const std::string path = directory.path() + "/file";
  Write(path, "text");
  size_t taken_count = 0;
  while (TakeMappings(1)) ++taken_count;
  CHECK(FailureOf(path, [&] { env.Map(path); }) == Failure("mmap", ENOMEM));
  ReturnMappings(1);
  {
    const auto mapped = env.Map(path);
    CHECK(FailureOf(path, [&] { env.Map(path); }) == Failure("mmap", ENOMEM));
  }
  CHECK(env.Map(path)->bytes().size() == 4);
  ReturnMappings(taken_count - 1);
}

TEST_CASE("PosixEnv: a system call that fails is named, with its path and its errno") {
  const TemporaryDirectory directory;
  Env& env = Env::Real();
  const std::string path = directory.path() + "/file", lock = directory.path() + "/LOCK";
  Write(path, "text");
  const auto take_lock = [&] { env.Lock(lock); };
  const auto read = [&, file = std::shared_ptr(env.Open(path))] {
    std::byte bytes[4];
    file->Read(0, bytes);
  };
  int made_count = 0;
  std::string made;
  std::shared_ptr<WritableFile> file;
  struct Case {
    long number;
    int error;
    const char* name;
    const std::string* path;
    std::function<void()> call;
  };
  const Case cases[] = {
      {SYS_pwrite64, ENOSPC, "pwrite", &made, [&] { file->Append(BytesOf("x")); }},
      {SYS_fsync, EIO, "fsync", &made, [&] { file->Sync(); }},
      {SYS_close, EIO, "close", &made, [&] { file->Close(); }},
      {SYS_pread64, EIO, "pread", &path, read},
      {SYS_statx, EACCES, "statx", &path, [&] { env.Open(path); }},
      {SYS_getdents64, EIO, "readdir", &directory.path(), [&] { env.List(directory.path()); }},
      {SYS_flock, ENOLCK, "flock", &lock, take_lock},
      {SYS_renameat2, EROFS, "renameat2", &made, [&] { env.RenameNoReplace(path, made); }},
  };
  for (const Case& one : cases) {
    CAPTURE(one.name);
    made = directory.path() + "/made-" + std::to_string(made_count++);
    file = env.Create(made);
    std::string failure;
    if (!WhileFailing(one.number, one.error, [&] { failure = FailureOf(*one.path, one.call); })) return;
    CHECK(failure == Failure(one.name, one.error));
    // A lock that could not be taken is nobody's.
    CHECK(ErrorCodeOf(take_lock) == "none");
  }
}

TEST_CASE("PosixEnv: a lock is had though there is no room for who holds it") {
  const TemporaryDirectory directory;
  for (const long number : {SYS_ftruncate, SYS_pwrite64}) {
    std::unique_ptr<FileLock> lock;
    const std::string path = directory.path() + "/LOCK";
    if (!WhileFailing(number, ENOSPC, [&] { lock = Env::Real().Lock(path); })) return;
    REQUIRE(lock != nullptr);
    CHECK(ErrorCodeOf([&] { Env::Real().Lock(path); }) == "LOCKED");
  }
}

TEST_CASE("PosixEnv: calls that do nothing, and one whose interruption is no failure") {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/file";
  std::shared_ptr<WritableFile> file = Env::Real().Create(path);
  std::string failure;
  if (!WhileFailing(SYS_pwrite64, 0, [&] { failure = FailureOf(path, [&] { file->Append(BytesOf("x")); }); })) return;
  CHECK(failure == Failure("pwrite", EIO));
  WhileFailing(SYS_close, EINTR, [&] { failure = FailureOf(path, [&] { file->Close(); }); });
  CHECK(failure == "none");
}

TEST_CASE("PosixEnv: where names cannot be kept from being replaced, a second name does as well") {
  const TemporaryDirectory directory;
  Env& env = Env::Real();
  const std::string from = directory.path() + "/from", to = directory.path() + "/to";
  for (const int number : {ENOSYS, EINVAL}) {
    Write(from, "x");
    std::string first, second;
    const auto rename = [&] { env.RenameNoReplace(from, to); };
    const bool is_possible = WhileFailing(SYS_renameat2, number, [&] {
      first = FailureOf(to, rename);
      Write(from, "y");
      second = FailureOf(to, rename);
    });
    if (!is_possible) return;
    CHECK(first == "none");
    CHECK(second == Failure("link", EEXIST));
    CHECK(env.List(directory.path()) == std::vector<std::string>{"from", "to"});
    env.Remove(from);
    env.Remove(to);
  }
}

#endif

}  // namespace
}  // namespace segvec
