"""The 8B-shaped file and its profile: made once for all workers of a run, removed when the last of them is done.

Both are made in processes of their own, which report the memory they took.
"""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.measuring import measured

SPACE_NEEDED = 12e9
HERE = Path(__file__).parent

WRITE = """
    from ggufscope.synth import synthesize
    synthesize("llama-3.1-8b", sys.argv[1], "Q4_K_M", progress=sample)
    print(json.dumps({"peak": peak}))
"""
PROFILE = """
    import ggufscope
    profile = ggufscope.profile(sys.argv[1], threads=2, progress=sample)
    sample()
    profile.save(sys.argv[2], reproducible=True)
    print(json.dumps({"peak": peak}))
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.full_size)


@pytest.fixture(scope="session")
def full_size(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Path]:
    """A directory with `model.gguf`, a synthetic Llama 3.1 8B as Q4_K_M of 4.9 GB, its `profile.json`, `peaks.json`."""
    base = tmp_path_factory.getbasetemp()
    directory = (base if worker_id == "master" else base.parent) / "full_size"  # one for all workers of pytest-xdist
    directory.mkdir(exist_ok=True)
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (directory / "peaks.json").exists():
            _make(directory)
        fcntl.flock(lock, fcntl.LOCK_SH)
        try:
            yield directory
        finally:
            _remove_if_last(lock.fileno(), directory)


@pytest.fixture(scope="session")
def llama_8b(full_size: Path) -> Path:
    return full_size / "model.gguf"


@pytest.fixture(scope="session")
def saved_profile(full_size: Path) -> Path:
    """The profile of `llama_8b`, made with two threads."""
    return full_size / "profile.json"


@pytest.fixture(scope="session")
def peaks(full_size: Path) -> dict[str, int]:
    """The most memory beyond file mappings that writing and profiling took, in bytes."""
    return json.loads((full_size / "peaks.json").read_text())


def _make(directory: Path) -> None:
    free = shutil.disk_usage(directory).free
    if free < SPACE_NEEDED:
        pytest.skip(f"{directory} has {free / 1e9:.1f} GB free, the 8B-shaped file wants {SPACE_NEEDED / 1e9:.0f}")
    model = directory / "model.gguf"
    written = measured(WRITE, model)
    profiled = measured(PROFILE, model, directory / "profile.json")
    peaks = {"writing": written["peak"], "profiling": profiled["peak"]}
    (directory / "peaks.json").write_text(json.dumps(peaks))


def _remove_if_last(lock: int, directory: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return  # another worker still reads it, and will remove it
    for name in ("peaks.json", "model.gguf"):
        (directory / name).unlink(missing_ok=True)
