"""Options of the benchmarks, the model they share, and the one way in which they measure."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from files import written
from ggufscope import _core
from ggufscope.bench.machine import Machine, versions
from ggufscope.bench.tasks import CoreClock
from ggufscope.synth import make_plan

if TYPE_CHECKING:
    from ggufscope.bench import Task


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("ggufscope")
    group.addoption("--model", type=Path, help="measure this GGUF file instead of a synthetic one")
    group.addoption("--shape", default="llama-3.1-8b", help="shape of the synthetic model")
    group.addoption("--type", default="Q4_K_M", help="its file type")
    group.addoption("--layers", type=int, help="its layers, for a quick look")
    group.addoption("--threads", type=int, default=_core.usable_cores(), help="the larger number of threads")


def pytest_benchmark_update_machine_info(machine_info: dict[str, Any]) -> None:
    machine_info.pop("node", None)  # where it is, is nobody's business
    machine_info["ggufscope"] = {**dataclasses.asdict(Machine.this()), "isa": _core.current_isa(), **versions()}


@pytest.fixture(scope="session")
def threads(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--threads"))


@pytest.fixture
def measure(benchmark: Any, request: pytest.FixtureRequest) -> Callable[..., None]:
    """A function that times a task, its limits right before it in every round, and saves both.

    Its arguments beside the task: `title`, the task in words; `rounds` and `warmup`, the number of rounds; `repeats`,
    how often the task does in one go what the title says; `note`, for the table.
    """

    def run(task: Task, title: str, *, rounds: int = 7, warmup: int = 1, repeats: int = 1, note: str = "") -> None:
        limits: dict[str, list[float]] = {name: [] for name in task.limits}

        def take_limits() -> None:
            for name, seconds in task.time_limits().items():
                limits[name].append(seconds)

        benchmark.group = f"{task.kernel} {task.subject}".strip()
        benchmark.extra_info.update(
            {name: getattr(task, name) for name in ("subject", "kernel", "threads", "isa", "scale")},
            suite=request.module.__doc__.splitlines()[0].rstrip("."),
            title=title,
            note=note,
            parameters=task.n_elements,
            bytes=task.n_bytes,
            repeats=repeats,
            limits=limits,
        )
        clock = CoreClock(task)
        benchmark.extra_info["core_shares"] = clock.shares
        benchmark.pedantic(clock, setup=take_limits, rounds=rounds, warmup_rounds=warmup)
        for values in (*limits.values(), clock.shares):
            del values[:-rounds]  # those of the warm-up

    return run


@pytest.fixture(scope="session")
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The file to measure; a synthetic one is removed afterwards."""
    options = request.config.option
    if options.model is not None:
        yield options.model
        return
    with written(
        make_plan(options.shape, options.type, layers=options.layers), tmp_path_factory.mktemp("model")
    ) as path:
        yield path
