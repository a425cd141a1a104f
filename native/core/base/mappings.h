// How many mappings of memory are ours, and when there are enough.
//
// Linux bounds the mappings of a process (vm.max_map_count, 65,530 unless set). Once they are used up whatever needs another
// one fails, and V8 ends the process then. So ours take three quarters of them at most, and what needs more is told so.
// Thread safety: all functions may be called from any thread.
#pragma once

#include <cstddef>

namespace segvec {

// Counts `count` more mappings as ours; false, and nothing counted, where that would be too many.
bool TakeMappings(size_t count);
void ReturnMappings(size_t count);

}  // namespace segvec
