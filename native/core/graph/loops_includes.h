// What loops_body.inl needs from outside: headers must not be first included inside a namespace or a target region.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <vector>

#include "base/random.h"
#include "distance/target.h"
#include "graph/loops.h"
#include "graph/order_key.h"
