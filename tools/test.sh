#!/usr/bin/env bash
# Installs ggufscope with what its tests need (tools/install.sh) and runs them; arguments go to pytest.
#
#   GGUFSCOPE_EXTRAS  the extras to install (default: test); with `test,runtime` nothing of llama.cpp is skipped, and
#                     building that takes minutes the first time
set -euo pipefail
cd "$(dirname "$0")/.."
export GGUFSCOPE_BUILD_DIR=${GGUFSCOPE_BUILD_DIR:-$PWD/build/venv}  # tests/core looks at the objects there
tools/install.sh "${GGUFSCOPE_EXTRAS:-test}"
exec "${GGUFSCOPE_VENV:-.venv}/bin/python" -m pytest -n 2 "$@"
