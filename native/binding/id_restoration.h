// Has the ids of an index that was opened put in place in the background, so that the first lookup need not wait for all of them.
//
// Thread safety: may be used from any thread.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "base/cancel_token.h"
#include "base/thread_pool.h"
#include "index/index.h"

namespace segvec::binding {

class IdRestoration {
 public:
  // Throws std::bad_alloc.
  static std::shared_ptr<IdRestoration> Begin(std::shared_ptr<const Index> index) {
    const auto self = std::make_shared<IdRestoration>();
    self->index_ = std::move(index);
    ThreadPool::Shared().Post(ThreadPool::Priority::kBackground, [self] { self->Run(); });
    return self;
  }

  // Once it returns the index is neither read nor held any more.
  void Stop() {
    cancel_.Cancel();
    std::lock_guard lock(mutex_);
    index_ = nullptr;
  }

 private:
  void Run() {
    std::lock_guard lock(mutex_);
    if (!index_) return;
    try {
      index_->RestoreIds(cancel_);
    } catch (...) {
      // The first lookup tries again, and tells its caller.
    }
    index_ = nullptr;
  }

  std::mutex mutex_;
  std::shared_ptr<const Index> index_;
  CancelToken cancel_;
};

}  // namespace segvec::binding
