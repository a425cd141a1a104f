{
  "variables": {
    "segvec_core_sources": [
      "native/core/base/growable_memory.cc",
      "native/core/base/thread_pool.cc",
      "native/core/distance/instruction_set.cc",
      "native/core/distance/kernels.cc",
      "native/core/graph/graph.cc",
      "native/core/graph/loops.cc",
      "native/core/graph/loops_avx2.cc",
      "native/core/graph/loops_avx512.cc",
      "native/core/graph/loops_avx512vnni.cc",
      "native/core/graph/loops_neon.cc",
      "native/core/graph/loops_neondot.cc",
      "native/core/graph/loops_scalar.cc",
      "native/core/index/index.cc",
      "native/core/index/searcher.cc",
      "native/core/quantize/scalar_quantizer.cc",
      "native/core/segment/growing_segment.cc",
      "native/core/segment/segment.cc",
      "native/core/storage/env.cc",
      "native/core/storage/posix_env.cc"
    ],
    "segvec_binding_sources": [
      "native/binding/addon.cc",
      "native/binding/async_task.cc",
      "native/binding/cursor_wrap.cc",
      "native/binding/ids.cc",
      "native/binding/index_tasks.cc",
      "native/binding/index_wrap.cc",
      "native/binding/stage_wrap.cc"
    ]
  }
}
