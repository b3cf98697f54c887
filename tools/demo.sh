#!/usr/bin/env bash
# Installs ggufscope (tools/install.sh) and runs its demo; arguments go to `ggufscope demo`.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
"$root/tools/install.sh" report  # its charts
exec "${GGUFSCOPE_VENV:-$root/.venv}/bin/ggufscope" demo "$@"
