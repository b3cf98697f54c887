#!/usr/bin/env bash
# Installs ggufscope with its linters (tools/install.sh) and runs them all; stops at the first that finds something.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/install.sh test,lint
PATH=$(cd "${GGUFSCOPE_VENV:-.venv}/bin" && pwd):$PATH

run() {
  echo "== $1"
  "${@:2}"
}

clang_tidy() {  # the objects to check, options of CMake
  local tree
  tree=$(mktemp -d)
  cmake -S . -B "$tree" -G Ninja -DGGUFSCOPE_SELFTEST=ON -DGGUFSCOPE_FUZZ=ON "${@:2}" > "$tree/log" ||
    { cat "$tree/log"; rm -rf "$tree"; return 1; }
  local status=0
  python tools/tidy.py "$tree" "$1" || status=$?
  rm -rf "$tree"
  return $status
}

run "ruff check" ruff check
run "ruff format" ruff format --check
run "mypy" mypy
run "imports" lint-imports --config tools/import_contracts.toml
run "stubtest" python -m mypy.stubtest ggufscope._core --mypy-config-file pyproject.toml --allowlist tools/stubtest_allowed.txt
run "clang-format" clang-format --dry-run --Werror $(find cpp src tests -name '*.h' -o -name '*.cpp')
run "clang-tidy" clang_tidy "" -Dpybind11_DIR="$(python -m pybind11 --cmakedir)"
if command -v aarch64-linux-gnu-g++ > /dev/null; then  # cpp/simd/neon.h needs its headers
  run "clang-tidy for arm64" clang_tidy kernels_statistics_neon -DGGUFSCOPE_PYTHON=OFF \
    -DCMAKE_TOOLCHAIN_FILE=tools/arm64.cmake
fi
