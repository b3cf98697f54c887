#!/usr/bin/env bash
# Installs ggufscope with what the README's commands need (tools/install.sh), all of it wheels but ggufscope itself, and
# runs its demo; arguments go to `ggufscope demo`.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
"$root/tools/install.sh" parquet,remote,report,trace
exec "${GGUFSCOPE_VENV:-$root/.venv}/bin/ggufscope" demo "$@"
