// Which sanitizer a test runs under, so that the heavy cases can be smaller there.
#pragma once

#include <cstddef>

namespace segvec::testing {

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SEGVEC_TEST_THREAD_SANITIZER 1
#elif __has_feature(address_sanitizer)
#define SEGVEC_TEST_ADDRESS_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define SEGVEC_TEST_THREAD_SANITIZER 1
#elif defined(__SANITIZE_ADDRESS__)
#define SEGVEC_TEST_ADDRESS_SANITIZER 1
#endif

#if defined(SEGVEC_TEST_THREAD_SANITIZER)
inline constexpr bool kIsSanitized = true, kIsThreadSanitized = true;
#elif defined(SEGVEC_TEST_ADDRESS_SANITIZER)
inline constexpr bool kIsSanitized = true, kIsThreadSanitized = false;
#else
inline constexpr bool kIsSanitized = false, kIsThreadSanitized = false;
#endif

// `full` in a plain build, `sanitized` under any sanitizer.
constexpr size_t Sized(size_t full, size_t sanitized) { return kIsSanitized ? sanitized : full; }
// The same, and still less under ThreadSanitizer: for what runs on one thread or repeats itself.
constexpr size_t Sized(size_t full, size_t sanitized, size_t thread_sanitized) {
  return kIsThreadSanitized ? thread_sanitized : Sized(full, sanitized);
}

}  // namespace segvec::testing
