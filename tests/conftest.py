"""Fixtures for all tests: the instruction sets of this machine, real and made-up model files."""

from __future__ import annotations

import contextlib
import os
import pwd
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import ggufscope as gs
from ggufscope import _core
from ggufscope.arrays import arguments
from support.model_files import write_model

pytest_plugins = [
    "support.command_files",
    "support.command_line",
    "support.large_file",
    "support.real_models",
    "support.remote_models",
    "support.real_studies",
    "support.tiny_model",
    "support.small_study",
    "support.system_faults",
]


def pytest_configure() -> None:
    """Allow any number of threads. Keep BLAS to one where workers share the cores: more wait in busy loops."""
    arguments.most_threads = lambda: 1024  # type: ignore[assignment]  # results are compared at more threads than this machine may have cores
    if "PYTEST_XDIST_WORKER" in os.environ:
        os.environ["OPENBLAS_NUM_THREADS"] = "1"  # of processes that tests start
        threadpool_limits(1, "blas")


@pytest.fixture(scope="session")
def stories260k() -> Path:
    """The real trained model that comes along, of 292 800 weights."""
    return gs.demo_model()


@pytest.fixture(params=_core.available_isas())
def isa(request: pytest.FixtureRequest) -> str:
    """Each instruction set that this machine can run."""
    return str(request.param)


WriteGguf = Callable[..., Path]


@pytest.fixture
def write_gguf(tmp_path: Path) -> WriteGguf:
    """A function that writes a model file and gives its path: `name`, and the arguments of `write_model`."""

    def write(
        tensors: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        *,
        name: str = "model.gguf",
        architecture: str | None = "llama",
        endianess: gguf.GGUFEndian = gguf.GGUFEndian.LITTLE,
    ) -> Path:
        path = tmp_path / name
        return write_model(path, tensors, metadata, architecture=architecture, endianess=endianess)

    return write


AsNobody = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def as_nobody() -> AsNobody:
    """A context in which this process has the rights of an ordinary user, whom file permissions bind, unlike root."""

    @contextlib.contextmanager
    def give_up_rights() -> Iterator[None]:
        if os.geteuid() != 0:
            yield
            return
        os.seteuid(pwd.getpwnam("nobody").pw_uid)
        try:
            yield
        finally:
            os.seteuid(0)

    return give_up_rights


RandomBlocks = Callable[..., np.ndarray]


@pytest.fixture
def random_blocks() -> RandomBlocks:
    """A function that gives random bytes of `rows` × `columns` weights of a type, shape (rows, bytes)."""

    def make(type_name: str, rows: int, columns: int, seed: int = 0) -> np.ndarray:
        description = next(d for d in _core.types() if d["name"] == type_name)
        n_bytes = columns // description["elements_per_block"] * description["bytes_per_block"]
        return np.random.default_rng(seed).integers(0, 256, (rows, n_bytes), np.uint8)

    return make
