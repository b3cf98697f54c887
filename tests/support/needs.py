"""What tests here need beyond the `test` extra."""

from __future__ import annotations

import os
from importlib.util import find_spec

import pytest

REASON = "llama-cpp-python is not installed: GGUFSCOPE_EXTRAS=test,runtime tools/test.sh builds it"
_HAS_LLAMA_CPP = find_spec("llama_cpp") is not None

if not _HAS_LLAMA_CPP and os.environ.get("GGUFSCOPE_REQUIRE_RUNTIME"):
    raise RuntimeError(REASON)  # where it must be there, a skip would hide that it is not

llama_cpp_needed = pytest.mark.skipif(not _HAS_LLAMA_CPP, reason=REASON)
