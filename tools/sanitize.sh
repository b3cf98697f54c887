#!/usr/bin/env bash
# Runs the core under sanitizers and fuzzers; options go to tools/sanitize.py, which says what it does.
#
#   GGUFSCOPE_REQUIRE_FUZZER  set: fail where no compiler has libFuzzer, in place of running the seeds alone
set -euo pipefail
cd "$(dirname "$0")/.."
tools/install.sh "${GGUFSCOPE_EXTRAS:-test}"  # the seeds are made with the package, and CMake comes with its tests
exec "${GGUFSCOPE_VENV:-.venv}/bin/python" tools/sanitize.py "$@"
