"""Opening a file with a real vocabulary, by ggufscope and by the gguf package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf

import ggufscope


def test_open(benchmark: Any, model: Path) -> None:
    def open_and_close() -> int:
        with ggufscope.open(model) as opened:
            return len(opened.tensors)

    assert benchmark(open_and_close) > 0


def test_open_with_gguf(benchmark: Any, model: Path) -> None:
    assert benchmark.pedantic(lambda: len(gguf.GGUFReader(model).tensors), rounds=3) > 0
