"""Synthetic models on the disk, for as long as they are needed."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ggufscope.synth import ModelPlan, write_plan


@contextlib.contextmanager
def written(plan: ModelPlan, directory: Path) -> Iterator[Path]:
    """A synthetic model that is there, on the disk and in the page cache, until the block ends."""
    path = directory / f"{plan.shape.name}-{plan.mix.name}-{plan.shape.layers}{'-hard' if plan.hard else ''}.gguf"
    if shutil.disk_usage(directory).free < 2 * plan.n_bytes:
        pytest.skip(f"too little space for {plan.n_bytes / 1e9:.1f} GB")
    write_plan(plan, path)
    with path.open("rb") as file:
        os.fsync(file.fileno())  # pages that wait to be written can neither be dropped nor left alone
    try:
        yield path
    finally:
        path.unlink()
