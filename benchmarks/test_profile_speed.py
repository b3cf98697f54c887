"""Profiling a whole file, each round right after a round of reading its bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from reading import read_seconds

import ggufscope


@pytest.mark.parametrize("fast", [False, True], ids=["full", "fast"])
def test_profile(benchmark: Any, model: Path, threads: int, fast: bool) -> None:
    with ggufscope.open(model) as opened:
        files = [Path(file) for file in opened.files]
        benchmark.extra_info["parameters"] = opened.n_parameters
    benchmark.extra_info["bytes"] = sum(file.stat().st_size for file in files)
    benchmark.extra_info["read_seconds"] = reads = []
    benchmark.extra_info["threads"] = threads
    read_seconds(files, threads)  # into the page cache

    def read_first() -> tuple[tuple[Any, ...], dict[str, Any]]:
        reads.append(read_seconds(files, threads))
        return (model,), {"threads": threads, "fast": fast, "keep_vectors": False}

    found = benchmark.pedantic(ggufscope.profile, setup=read_first, rounds=5)
    assert found.coverage == 1.0
