#!/usr/bin/env bash
# Makes sure that doctest's header is there for the C++ tests: installs Debian's package where it may, says how otherwise.
set -euo pipefail
has_doctest() { echo '#include <doctest/doctest.h>' | c++ -x c++ -fsyntax-only - 2>/dev/null; }
has_doctest && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get update -qq && apt-get install -y -qq doctest-dev >/dev/null
  has_doctest && exit 0
fi
echo "The C++ tests need doctest (the header doctest/doctest.h): on Debian or Ubuntu 'sudo apt-get install doctest-dev'," \
  "on macOS 'brew install doctest'." >&2
exit 1
