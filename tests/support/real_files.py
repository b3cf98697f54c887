"""Files of others that tools of the project fetch: where they are, and what a test says without them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
MODELS = Path(os.environ.get("GGUFSCOPE_MODELS") or _CACHE / "ggufscope" / "models")
VOCABULARIES = MODELS / "llama.cpp-vocabularies"

_REASON = f"{VOCABULARIES} is not there: tools/llama_cpp_vocabularies.sh fetches it"

if not VOCABULARIES.is_dir() and os.environ.get("GGUFSCOPE_REQUIRE_VOCABULARIES"):
    raise RuntimeError(_REASON)  # where it must be there, a skip would hide that it is not

vocabularies_needed = pytest.mark.skipif(not VOCABULARIES.is_dir(), reason=_REASON)
