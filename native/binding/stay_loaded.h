#pragma once

namespace segvec::binding {

// Keeps the addon loaded until the process ends: the pool's threads outlive the worker thread that loaded it, at whose end Node
// unloads it. On Linux the linker is told so (-z nodelete).
void StayLoaded();

}  // namespace segvec::binding
