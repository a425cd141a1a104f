// inspectDirectory(path, token) and verifyDirectory(path, options, token): what is in the directory of an
// index, and whether it is sound. Neither needs an index, nor its lock.
#pragma once

#include <napi.h>

namespace segvec::binding {

// Resolves with a report.
Napi::Value InspectDirectory(const Napi::CallbackInfo& info);

// { finished: a promise of a report, progress(): { checkedBytes, totalBytes } }
Napi::Value VerifyDirectory(const Napi::CallbackInfo& info);

}  // namespace segvec::binding
