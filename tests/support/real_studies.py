"""Studies of the two real models, made once for all workers of a run: charts apart, from start to finish."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

import ggufscope as gs
from ggufscope.report.report import Report


@pytest.fixture(scope="session")
def smollm2_study(smollm2: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> gs.Study:
    """The study of SmolLM2; no test changes it, nor its directory."""
    return _shared(smollm2, "smollm2", tmp_path_factory, worker_id)


@pytest.fixture(scope="session")
def gemma3_study(gemma3: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> gs.Study:
    """The study of Gemma 3, likewise."""
    return _shared(gemma3, "gemma3", tmp_path_factory, worker_id)


def _shared(model: Path, name: str, factory: pytest.TempPathFactory, worker_id: str) -> gs.Study:
    """The study in a directory of all workers of pytest-xdist: the first makes it, others find every part kept."""
    base = factory.getbasetemp()
    base = base if worker_id == "master" else base.parent
    with (base / f"{name}.lock").open("w") as lock, pytest.MonkeyPatch.context() as patch:
        fcntl.flock(lock, fcntl.LOCK_EX)
        patch.setattr("ggufscope.studies.choices.chosen_formats", lambda: (["md"], None))
        patch.setattr(Report, "has_charts", False)
        return gs.study(model, base / f"study-{name}")
