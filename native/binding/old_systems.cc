// What the headers of newer compilers refer to and older systems lack, so that an addon that was built on one of today loads wherever
// Node 20 does (glibc 2.28, libstdc++ of GCC 8). Each stands for a function of the library and does the same; the names are
// hidden, so that nothing else in the process meets them. A test reads the versions that the addon asks for.
//
// No header of the C++ library is included that declares them: the declarations would differ.
#if defined(__linux__) && defined(__GNUC__) && !defined(__clang__)

#include <new>

#define SEGVEC_HIDDEN __attribute__((visibility("hidden")))

// Since glibc 2.32: whether the process never had a second thread, in which case std::shared_ptr counts without atomics. It has.
extern "C" {
extern SEGVEC_HIDDEN char __libc_single_threaded;
SEGVEC_HIDDEN char __libc_single_threaded = 0;
}

// Since GCC 11.
namespace std {
[[noreturn]] SEGVEC_HIDDEN void __throw_bad_array_new_length();
void __throw_bad_array_new_length() { throw bad_array_new_length(); }
}  // namespace std

// Since GCC 11 std::exception_ptr is copied and destroyed inline, by two functions that were private to the library before. What
// did it then is there still. It is asked for by version, as a compiler may put functions of these names here, which call the two
// below.
__asm__(".symver CopyExceptionPointer, _ZNSt15__exception_ptr13exception_ptrC1ERKS0_@CXXABI_1.3.3");
__asm__(".symver DestroyExceptionPointer, _ZNSt15__exception_ptr13exception_ptrD1Ev@CXXABI_1.3.3");
extern "C" {
void CopyExceptionPointer(void* to, const void* from);
void DestroyExceptionPointer(void* pointer);

SEGVEC_HIDDEN void AddReference(void* pointer) __asm__("_ZNSt15__exception_ptr13exception_ptr9_M_addrefEv");
void AddReference(void* pointer) {
  void* copy;  // never destroyed
  CopyExceptionPointer(&copy, pointer);
}
SEGVEC_HIDDEN void DropReference(void* pointer) __asm__("_ZNSt15__exception_ptr13exception_ptr10_M_releaseEv");
void DropReference(void* pointer) { DestroyExceptionPointer(pointer); }
}

#endif
