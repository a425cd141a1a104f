// A condition variable over std::mutex.
//
// Why not std::condition_variable: since GCC 12 its wait() binds GLIBCXX_3.4.30, which would shut out the older
// Linux systems that one prebuilt binary has to serve.
#pragma once

#include <mutex>

#ifdef _WIN32
#include <condition_variable>
#else
#include <pthread.h>
#endif

namespace segvec {

#ifdef _WIN32
using CondVar = std::condition_variable;
#else
class CondVar {
 public:
  CondVar() = default;
  ~CondVar() { pthread_cond_destroy(&cond_); }
  CondVar(const CondVar&) = delete;
  CondVar& operator=(const CondVar&) = delete;

  template <class Condition>
  void wait(std::unique_lock<std::mutex>& lock, Condition condition) {
    while (!condition()) pthread_cond_wait(&cond_, lock.mutex()->native_handle());
  }
  void notify_one() { pthread_cond_signal(&cond_); }
  void notify_all() { pthread_cond_broadcast(&cond_); }

 private:
  pthread_cond_t cond_ = PTHREAD_COND_INITIALIZER;
};
#endif

}  // namespace segvec
