// A system call that fails although nothing is wrong, for as long as a function runs: what disks, network file systems and old
// kernels do, and no test can bring about. The kernel itself refuses the call (seccomp), in one thread only, so that
// what is tested is the code as it is shipped.
#pragma once

#if defined(__linux__)

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cstddef>
#include <cstdint>
#include <thread>

namespace segvec::testing {

// Runs `body` in a thread of its own, in which every call of `syscall` returns -1 with `number` in errno, or just 0 where
// `number` is 0. Returns false, and runs nothing, where the kernel does not do that. REQUIRES: body does not throw.
template <class Body>
bool WhileFailing(long syscall, int number, Body body) {
  bool is_possible = false;
  std::thread([&] {
    sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(syscall), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<uint32_t>(number)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program{static_cast<unsigned short>(sizeof(filter) / sizeof(filter[0])), filter};
    is_possible = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
    if (is_possible) body();
  }).join();
  return is_possible;
}

}  // namespace segvec::testing

#endif
