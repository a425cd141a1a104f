{
  "includes": ["native/sources.gypi"],
  "variables": { "segvec_optimization%": "-O3" },
  "targets": [
    {
      "target_name": "segvec",
      "sources": ["<@(segvec_core_sources)", "<@(segvec_binding_sources)"],
      "include_dirs": ["native/core", "<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=8", "_HAS_EXCEPTIONS=1", "NODE_ADDON_API_CPP_EXCEPTIONS_ALL", "NODE_ADDON_API_DISABLE_DEPRECATED", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"],
      "cflags!": ["-fno-exceptions"],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17"],
      "cflags_cc": ["-std=c++20", "<(segvec_optimization)", "-ffp-contract=off", "-fno-trapping-math", "-fvisibility=hidden", "-Wno-maybe-uninitialized", "-Wno-uninitialized"],
      "ldflags": ["-Wl,-z,nodelete", "-Wl,-z,now"],
      "xcode_settings": {
        "GCC_ENABLE_CPP_EXCEPTIONS": "YES",
        "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
        "CLANG_CXX_LANGUAGE_STANDARD": "c++20",
        "OTHER_CPLUSPLUSFLAGS": ["-ffp-contract=off", "-fno-trapping-math"],
        "MACOSX_DEPLOYMENT_TARGET": "11.0"
      },
      "msvs_settings": {
        "VCCLCompilerTool": { "ExceptionHandling": 1, "AdditionalOptions": ["/std:c++20", "/O2"] }
      }
    }
  ]
}
