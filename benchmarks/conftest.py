"""Options of the benchmarks, and the model they share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ggufscope import _core
from ggufscope.synth import make_plan, write_plan


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("ggufscope")
    group.addoption("--model", type=Path, help="measure this GGUF file instead of a synthetic one")
    group.addoption("--shape", default="llama-3.1-8b", help="shape of the synthetic model")
    group.addoption("--type", default="Q4_K_M", help="its file type")
    group.addoption("--layers", type=int, help="its layers, for a quick look")
    group.addoption("--threads", type=int, default=_core.usable_cores(), help="threads of profiling and of reading")


@pytest.fixture(scope="session")
def threads(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--threads"))


@pytest.fixture(scope="session")
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The file to measure; a synthetic one is removed afterwards."""
    options = request.config.option
    if options.model is not None:
        yield options.model
        return
    plan = make_plan(options.shape, options.type, layers=options.layers)
    path = tmp_path_factory.mktemp("benchmarks") / f"{options.shape}-{options.type}.gguf"
    if shutil.disk_usage(path.parent).free < 2 * plan.n_bytes:
        pytest.skip(f"{path.parent} has too little space for {plan.n_bytes / 1e9:.1f} GB")
    write_plan(plan, path)
    try:
        yield path
    finally:
        path.unlink()
