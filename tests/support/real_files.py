"""Files of others that tools of the project fetch: where they are, and what a test says without them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
MODELS = Path(os.environ.get("GGUFSCOPE_MODELS") or _CACHE / "ggufscope" / "models")
VOCABULARIES = MODELS / "llama.cpp-vocabularies"

# Vocabularies with test vectors: `tokenizer.ggml.model`, `tokenizer.ggml.pre`, cases.
VECTORS: dict[str, tuple[str, str | None, int]] = {
    "bert-bge": ("bert", "bert-bge", 47),
    "command-r": ("gpt2", "command-r", 47),
    "deepseek-coder": ("gpt2", "deepseek-coder", 47),
    "deepseek-llm": ("gpt2", "deepseek-llm", 47),
    "falcon": ("gpt2", "falcon", 47),
    "gemma-4": ("gemma4", None, 46),
    "gpt-2": ("gpt2", "gpt-2", 47),
    "llama-bpe": ("gpt2", "llama-bpe", 47),
    "llama-spm": ("llama", "default", 47),
    "mpt": ("gpt2", "mpt", 47),
    "phi-3": ("llama", "default", 47),
    "qwen2": ("gpt2", "qwen2", 47),
    "qwen35": ("gpt2", "qwen35", 51),
    "refact": ("gpt2", "refact", 47),
    "starcoder": ("gpt2", "starcoder", 47),
}

_REASON = f"{VOCABULARIES} is not there: tools/llama_cpp_vocabularies.sh fetches it"

if not VOCABULARIES.is_dir() and os.environ.get("GGUFSCOPE_REQUIRE_VOCABULARIES"):
    raise RuntimeError(_REASON)  # where it must be there, a skip would hide that it is not

vocabularies_needed = pytest.mark.skipif(not VOCABULARIES.is_dir(), reason=_REASON)
