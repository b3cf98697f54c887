#!/usr/bin/env bash
# Builds the documentation site, strictly, into build/site; arguments go to `mkdocs build`. It needs the extra `docs`.
#
#   PYTHON  the interpreter that has mkdocs-material (default: python3)
set -euo pipefail
cd "$(dirname "$0")/.."
export NO_MKDOCS_2_WARNING=1  # the theme's word about its successor
exec "${PYTHON:-python3}" -m mkdocs build --strict "$@"
