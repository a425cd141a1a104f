// Calls again for as long as a signal gets in between.
#pragma once

#include <cerrno>

namespace segvec {

template <class Call>
auto Retry(Call call) {
  decltype(call()) result;
  do result = call();
  while (result < 0 && errno == EINTR);
  return result;
}

}  // namespace segvec
