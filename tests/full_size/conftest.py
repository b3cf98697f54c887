"""The 8B-shaped file: made once for all workers of a run, removed when the last of them is done."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ggufscope.synth import synthesize

SPACE_NEEDED = 12e9
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.full_size)


@pytest.fixture(scope="session")
def llama_8b(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Path]:
    """A synthetic Llama 3.1 8B as Q4_K_M, 4.9 GB."""
    base = tmp_path_factory.getbasetemp()
    directory = base if worker_id == "master" else base.parent  # one for all workers of pytest-xdist
    model = directory / "llama-3.1-8b.gguf"
    with (directory / "llama-3.1-8b.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not model.exists():
            _make(model)
        fcntl.flock(lock, fcntl.LOCK_SH)
        try:
            yield model
        finally:
            _remove_if_last(lock.fileno(), model)


def _make(model: Path) -> None:
    free = shutil.disk_usage(model.parent).free
    if free < SPACE_NEEDED:
        pytest.skip(f"{model.parent} has {free / 1e9:.1f} GB free, the 8B-shaped file wants {SPACE_NEEDED / 1e9:.0f}")
    synthesize("llama-3.1-8b", model, "Q4_K_M")


def _remove_if_last(lock: int, model: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return  # another worker still reads it, and will remove it
    model.unlink(missing_ok=True)
