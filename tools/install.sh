#!/usr/bin/env bash
# Installs ggufscope from this checkout into a virtual environment: tools/install.sh [EXTRA,EXTRA…]
#
#   GGUFSCOPE_VENV       the environment (default: .venv here); made when it does not exist
#   GGUFSCOPE_BUILD_DIR  where compiled objects are kept between runs (default: build/venv here)
#   PYTHON, CXX          interpreter for a new environment and compiler (default: python3, c++)
#
# The installation is editable: changed Python files count at once, changed C++ files when this runs again, which
# compiles only what they touch and does nothing at all when no input of the build changed.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=${GGUFSCOPE_VENV:-.venv}
build_dir=${GGUFSCOPE_BUILD_DIR:-build/venv}
extras=${1:-}

fail() {
  echo "ggufscope: $1" >&2
  exit 2
}

make_environment() {
  local python=${PYTHON:-python3}
  command -v "$python" > /dev/null || fail "no '$python' found; install Python 3.11 or newer, or set PYTHON to one"
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "Python 3.11 or newer is needed, '$python' is $("$python" -V 2>&1); set PYTHON to a newer one"
  "$python" -c 'import ensurepip, venv' 2> /dev/null ||
    fail "'$python' cannot make virtual environments; install its venv module (Debian: python3-venv)"
  echo "Making a virtual environment in $venv"
  "$python" -m venv "$venv"
}

check_compiler() {
  local cxx=${CXX:-c++}
  command -v "${cxx%% *}" > /dev/null || fail "no C++ compiler '$cxx' found; install GCC 12+ or Clang 16+, or set CXX to one"
  $cxx -std=c++20 -x c++ -fsyntax-only - <<< '#include <concepts>' > /dev/null 2>&1 ||
    fail "'$cxx' does not compile C++20; install GCC 12+ or Clang 16+, or set CXX to one"
}

# The stamp is newer than everything the installation was made from.
is_current() {
  local stamp=$1
  [[ -e $stamp ]] && [[ -z $(find CMakeLists.txt pyproject.toml cpp src tools/install.sh -newer "$stamp" -print -quit) ]]
}

[[ -x $venv/bin/python && -x $venv/bin/pip ]] || make_environment
stamp=$venv/.ggufscope-${extras//,/-}
if is_current "$stamp"; then
  exit 0
fi
check_compiler

pip() {
  "$venv/bin/python" -m pip --disable-pip-version-check install --root-user-action=ignore --progress-bar off "$@"
}

# What pip says goes to a log, and what it is at to the reader: [12/96] of a compilation, in one line on a terminal.
shown() {
  { status=0; "$@" 2>&1 || status=$?; echo "exit $status"; } | "$venv/bin/python" tools/progress.py "$venv/install.log"
}

began=$SECONDS
started=$(mktemp "$venv/.ggufscope-started.XXXXXX")  # a file changed while this builds must count as newer
trap 'rm -f "$started"' EXIT
# Build tools live in the environment, not in a throw-away one of pip's: their paths are part of every command line,
# and new paths mean compiling everything again.
echo "Installing the build tools"
pip --quiet --quiet 'scikit-build-core>=1.1' 'pybind11>=3.0' 'cmake>=3.25' 'ninja>=1.11'
echo "Building and installing ggufscope${extras:+ with [$extras]} (objects in $build_dir)"
# The build directory is a setting of this package alone: dependencies that are compiled, as llama.cpp, must not share it.
PATH=$(cd "$venv/bin" && pwd):$PATH
shown pip --verbose --no-build-isolation --config-settings=build-dir="$build_dir" --editable ".${extras:+[$extras]}"
echo "Compiling the loops of analyses, which are kept beside their modules"
"$venv/bin/python" -m ggufscope.analysis.compiling_ahead
mv "$started" "$stamp"
echo "Installed in $(((SECONDS - began) / 60)) min $(((SECONDS - began) % 60)) s"
