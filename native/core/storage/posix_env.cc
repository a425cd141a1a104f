#include "storage/env.h"

#if !defined(_WIN32)

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/syscall.h>
#endif

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <system_error>
#include <utility>

#include "base/mappings.h"
#include "storage/retry.h"

namespace segvec {
namespace {

// One call moves no more than this: Linux stops a little below 2 GiB, macOS refuses more than INT_MAX.
constexpr size_t kMostBytesPerCall = size_t{1} << 30;

[[noreturn]] void Fail(const char* syscall, const std::string& path) {
  const int number = errno;
  throw SystemCallError(syscall, path, number);
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor& operator=(Descriptor&&) = delete;

  int get() const { return number_; }
  int Release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

Descriptor OpenDescriptor(const std::string& path, int flags) {
  const int number = Retry([&] { return open(path.c_str(), flags | O_CLOEXEC, 0666); });
  if (number < 0) Fail("open", path);
  return Descriptor(number);
}

struct FileIdentity {
  uint64_t device, inode;
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

struct FileStatus {
  FileIdentity identity;
  uint64_t size;
  bool is_regular;
};

// Of an open file, or of the one at `path` when `descriptor` is AT_FDCWD. glibc made fstat() a new symbol
// in 2.33, which would shut out older systems; its statx() is older than that.
FileStatus StatusOf(int descriptor, const std::string& path) {
#if defined(__linux__) && defined(STATX_BASIC_STATS)
  struct statx status;
  const bool is_open = descriptor != AT_FDCWD;
  if (statx(descriptor, is_open ? "" : path.c_str(), is_open ? AT_EMPTY_PATH : 0, STATX_BASIC_STATS,
            &status) != 0) {
    Fail("statx", path);
  }
  return {{uint64_t{status.stx_dev_major} << 32 | status.stx_dev_minor, status.stx_ino},
          status.stx_size,
          S_ISREG(status.stx_mode)};
#else
  struct stat status;
  const int result = descriptor != AT_FDCWD ? fstat(descriptor, &status) : stat(path.c_str(), &status);
  if (result != 0) Fail("stat", path);
  return {{static_cast<uint64_t>(status.st_dev), static_cast<uint64_t>(status.st_ino)},
          static_cast<uint64_t>(status.st_size),
          S_ISREG(status.st_mode)};
#endif
}

void SyncDescriptor(int descriptor, const std::string& path) {
#if defined(__APPLE__)
  // fsync() leaves the bytes in the drive's own cache there; file systems that lack the stronger call say so.
  if (Retry([&] { return fcntl(descriptor, F_FULLFSYNC); }) == 0) return;
  if (errno != ENOTSUP && errno != EINVAL && errno != ENOTTY) Fail("fcntl", path);
#endif
  if (Retry([&] { return fsync(descriptor); }) != 0) Fail("fsync", path);
}

class PosixWritableFile : public WritableFile {
 public:
  PosixWritableFile(Descriptor descriptor, std::string path)
      : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  void Append(std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      const size_t wanted = std::min(bytes.size(), kMostBytesPerCall);
      const ssize_t written =
          Retry([&] { return pwrite(descriptor_.get(), bytes.data(), wanted, static_cast<off_t>(offset_)); });
      if (written < 0) Fail("pwrite", path_);
      if (written == 0) throw SystemCallError("pwrite", path_, EIO);  // or it would go on for ever
      offset_ += static_cast<uint64_t>(written);
      bytes = bytes.subspan(static_cast<size_t>(written));
    }
  }
  void Sync() override { SyncDescriptor(descriptor_.get(), path_); }
  void Close() override {
    // After EINTR the descriptor is gone on Linux, and closing it again could close somebody else's.
    if (close(descriptor_.Release()) != 0 && errno != EINTR) Fail("close", path_);
  }

 private:
  Descriptor descriptor_;
  const std::string path_;
  uint64_t offset_ = 0;
};

class PosixRandomAccessFile : public RandomAccessFile {
 public:
  PosixRandomAccessFile(Descriptor descriptor, std::string path, uint64_t size)
      : descriptor_(std::move(descriptor)), path_(std::move(path)), size_(size) {}

  uint64_t size() const override { return size_; }
  void Read(uint64_t offset, std::span<std::byte> out) const override {
    while (!out.empty()) {
      const size_t wanted = std::min(out.size(), kMostBytesPerCall);
      const ssize_t read =
          Retry([&] { return pread(descriptor_.get(), out.data(), wanted, static_cast<off_t>(offset)); });
      if (read < 0) Fail("pread", path_);
      if (read == 0) {
        throw Error(ErrorCode::kCorrupt, path_ + " ends at byte " + std::to_string(offset) + "; expected " +
                                             std::to_string(out.size()) + " bytes more");
      }
      offset += static_cast<uint64_t>(read);
      out = out.subspan(static_cast<size_t>(read));
    }
  }

 private:
  const Descriptor descriptor_;
  const std::string path_;
  const uint64_t size_;
};

class PosixMappedFile : public MappedFile {
 public:
  PosixMappedFile(const Descriptor& descriptor, size_t size, const std::string& path) : size_(size) {
    if (size == 0) return;
    if (!TakeMappings(1)) throw SystemCallError("mmap", path, ENOMEM);
    void* const data = mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor.get(), 0);
    if (data == MAP_FAILED) {
      ReturnMappings(1);
      Fail("mmap", path);
    }
    data_ = static_cast<const std::byte*>(data);
  }
  ~PosixMappedFile() override {
    if (size_ == 0) return;
    munmap(const_cast<std::byte*>(data_), size_);
    ReturnMappings(1);
  }
  std::span<const std::byte> bytes() const override { return {data_, size_}; }

 private:
  const std::byte* data_ = nullptr;
  const size_t size_;
};

// The lock files that this process holds. Allocated once and never freed: a static object would be destroyed
// by exit() while threads still use it.
struct LockRegistry {
  std::mutex mutex;
  std::vector<FileIdentity> held;

  static LockRegistry& Shared() {
    static LockRegistry* const registry = new LockRegistry;
    return *registry;
  }
};

class PosixFileLock : public FileLock {
 public:
  PosixFileLock(Descriptor descriptor, FileIdentity identity, std::string path)
      : descriptor_(std::move(descriptor)), identity_(identity), path_(std::move(path)) {}
  ~PosixFileLock() override {
    LockRegistry& registry = LockRegistry::Shared();
    std::lock_guard guard(registry.mutex);
    std::erase(registry.held, identity_);
    close(descriptor_.Release());  // and with it goes the flock, before anybody here can try to take it
  }
  bool IsInPlace() const noexcept override {
    try {
      return StatusOf(AT_FDCWD, path_).identity == identity_;
    } catch (const std::exception&) {
      return false;  // also where there is no memory to say why
    }
  }

 private:
  Descriptor descriptor_;
  const FileIdentity identity_;
  const std::string path_;
};

std::string HolderOf(int descriptor) {
  char text[16] = {};
  const ssize_t size = Retry([&] { return pread(descriptor, text, sizeof(text) - 1, 0); });
  const long pid = size > 0 ? std::strtol(text, nullptr, 10) : 0;
  return pid > 0 ? "process " + std::to_string(pid) : "another process";
}

Error LockedError(const std::string& path, const std::string& holder) {
  return Error(ErrorCode::kLocked,
               path + " is held by " + holder + "; one index at a time may write to a directory");
}

void ThrowIfHeld(const LockRegistry& registry, FileIdentity identity, const std::string& path) {
  if (std::find(registry.held.begin(), registry.held.end(), identity) == registry.held.end()) return;
  throw LockedError(path, "this process (" + std::to_string(getpid()) + ")");
}

class PosixEnv : public Env {
 public:
  std::unique_ptr<WritableFile> Create(const std::string& path) override {
    return std::make_unique<PosixWritableFile>(OpenDescriptor(path, O_CREAT | O_EXCL | O_WRONLY), path);
  }

  std::unique_ptr<RandomAccessFile> Open(const std::string& path) override {
    Descriptor descriptor = OpenRegular(path);
    const uint64_t size = StatusOf(descriptor.get(), path).size;
    return std::make_unique<PosixRandomAccessFile>(std::move(descriptor), path, size);
  }

  std::shared_ptr<const MappedFile> Map(const std::string& path) override {
    const Descriptor descriptor = OpenRegular(path);
    const uint64_t size = StatusOf(descriptor.get(), path).size;
#if SIZE_MAX < UINT64_MAX
    if (size > SIZE_MAX) throw SystemCallError("mmap", path, ENOMEM);
#endif
    return std::make_shared<PosixMappedFile>(descriptor, static_cast<size_t>(size), path);
  }

  void CreateDirectory(const std::string& path) override {
    if (mkdir(path.c_str(), 0777) == 0 || errno == EEXIST) return;
    const size_t slash = path.find_last_of('/', path.find_last_not_of('/'));
    if (errno != ENOENT || slash == std::string::npos) Fail("mkdir", path);
    CreateDirectory(path.substr(0, slash));
    if (mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) Fail("mkdir", path);
  }

  bool Exists(const std::string& path) override {
    if (access(path.c_str(), F_OK) == 0) return true;
    if (errno != ENOENT) Fail("access", path);
    return false;
  }

  std::vector<std::string> List(const std::string& directory) override {
    struct CloseDirectory {
      void operator()(DIR* open) const { closedir(open); }
    };
    const std::unique_ptr<DIR, CloseDirectory> open(opendir(directory.c_str()));
    if (!open) Fail("opendir", directory);
    std::vector<std::string> names;
    for (;;) {
      errno = 0;
      const dirent* const entry = readdir(open.get());
      if (entry == nullptr) break;
      if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0) {
        names.emplace_back(entry->d_name);
      }
    }
    if (errno != 0) Fail("readdir", directory);
    std::sort(names.begin(), names.end());
    return names;
  }

  void SyncDirectory(const std::string& directory) override {
    const Descriptor descriptor = OpenDescriptor(directory, O_RDONLY | O_DIRECTORY);
    SyncDescriptor(descriptor.get(), directory);
  }

  void SyncFile(const std::string& path) override { SyncDescriptor(OpenRegular(path).get(), path); }

  void RenameNoReplace(const std::string& from, const std::string& to) override {
#if defined(__linux__) && defined(SYS_renameat2)
    constexpr unsigned kNoReplace = 1;  // RENAME_NOREPLACE, which older C libraries do not name
    if (syscall(SYS_renameat2, AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), kNoReplace) == 0) return;
    // Kernels and file systems that cannot do it say so.
    if (errno != ENOSYS && errno != EINVAL) Fail("renameat2", to);
#elif defined(__APPLE__)
    if (renamex_np(from.c_str(), to.c_str(), RENAME_EXCL) == 0) return;
    if (errno != ENOTSUP && errno != EINVAL) Fail("renamex_np", to);
#endif
    if (link(from.c_str(), to.c_str()) != 0) Fail("link", to);
    // The new name stands; an old one that stays is a left-over like any other.
    unlink(from.c_str());
  }

  void Remove(const std::string& path) override {
    if (unlink(path.c_str()) != 0) Fail("unlink", path);
  }

  std::unique_ptr<FileLock> Lock(const std::string& path) override {
    LockRegistry& registry = LockRegistry::Shared();
    std::lock_guard guard(registry.mutex);
    registry.held.reserve(registry.held.size() + 1);
    // Before the file is opened: where flock is made of fcntl locks (NFS), closing any descriptor of it drops
    // the lock.
    if (Exists(path)) ThrowIfHeld(registry, StatusOf(AT_FDCWD, path).identity, path);
    // A link would have another file emptied, a pipe would be waited for.
    Descriptor descriptor = OpenDescriptor(path, O_CREAT | O_RDWR | O_NOFOLLOW | O_NONBLOCK);
    const auto status = StatusOf(descriptor.get(), path);
    if (!status.is_regular) throw Error(ErrorCode::kCorrupt, path + " is not a regular file");
    const FileIdentity identity = status.identity;
    ThrowIfHeld(registry, identity, path);
    if (Retry([&] { return flock(descriptor.get(), LOCK_EX | LOCK_NB); }) != 0) {
      if (errno != EWOULDBLOCK) Fail("flock", path);
      throw LockedError(path, HolderOf(descriptor.get()));
    }
    // Who holds it is for messages only, and there may be no room for it: the lock is the flock.
    std::string pid = std::to_string(getpid());
    pid.push_back('\n');
    if (Retry([&] { return ftruncate(descriptor.get(), 0); }) == 0) {
      static_cast<void>(Retry([&] { return pwrite(descriptor.get(), pid.data(), pid.size(), 0); }));
    }
    auto lock = std::make_unique<PosixFileLock>(std::move(descriptor), identity, path);
    registry.held.push_back(identity);
    return lock;
  }

 private:
  // O_NONBLOCK: opening a pipe must not wait for somebody to write to it.
  static Descriptor OpenRegular(const std::string& path) {
    Descriptor descriptor = OpenDescriptor(path, O_RDONLY | O_NONBLOCK);
    if (!StatusOf(descriptor.get(), path).is_regular) {
      throw Error(ErrorCode::kCorrupt, path + " is not a regular file");
    }
    return descriptor;
  }
};

}  // namespace

Env& Env::Real() {
  static PosixEnv* const env = new PosixEnv;
  return *env;
}

}  // namespace segvec

#endif
