// openIndex(path, options, token): opens an index in a directory, off the JavaScript thread.
#pragma once

#include <napi.h>

#include <memory>

#include "index/index.h"
#include "index/options.h"

namespace segvec::binding {

// Resolves with a handle as `new Index()` makes it. `options` as the TypeScript layer has checked them; those
// left out are undefined.
Napi::Value OpenIndex(const Napi::CallbackInfo& info);

// openBuffer(stage, options, token): the same of bytes that a ByteStage holds; the index is in memory.
Napi::Value OpenBuffer(const Napi::CallbackInfo& info);

// { dimension, metric, ... } for the TypeScript layer.
Napi::Object MakeOptions(Napi::Env env, const IndexOptions& options);

}  // namespace segvec::binding
