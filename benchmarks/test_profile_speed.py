"""Profiles of a whole file.

The file is read, too, right before each profile: through a fresh mapping with as many threads, or, where it has been
taken out of the page cache, one stretch after the other as `dd bs=16M` does.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import ggufscope
import page_cache
from files import written
from ggufscope import _core
from ggufscope.bench.results import MeasuredModel
from ggufscope.bench.runs import profile_task
from ggufscope.synth import make_plan
from ggufscope.text.numbers import bytes_text, count_text, counted
from support.measuring import measured

if TYPE_CHECKING:
    from ggufscope.bench import Task

SMALL_LAYERS, PURE = 2, "Q4_K"


def task_of(model: Path, *, threads: int, fast: bool) -> Task:
    with ggufscope.open(model) as opened:
        facts, files = MeasuredModel.of(opened), list(opened.files)
    return profile_task(model, facts, files, threads=threads, fast=fast, isa=_core.current_isa())


def in_words(task: Task) -> str:
    sizes = f"{count_text(task.n_elements)} parameters, {bytes_text(task.n_bytes)}"
    return f"{task.kernel} profile of {sizes}, {counted(task.threads, 'thread')}"


@pytest.mark.parametrize("fast", [False, True], ids=["full", "fast"])
@pytest.mark.parametrize("many", [True, False], ids=["many_threads", "one_thread"])
def test_profile(measure: Any, model: Path, threads: int, fast: bool, many: bool) -> None:
    task = task_of(model, threads=threads if many else 1, fast=fast)
    measure(task, in_words(task), rounds=5 if many else 3)


@pytest.mark.parametrize("fast", [False, True], ids=["full", "fast"])
def test_profile_of_hard_blocks(
    measure: Any, request: pytest.FixtureRequest, tmp_path: Path, threads: int, fast: bool
) -> None:
    """Random codes and heavy-tailed scales, to which no data of a real model comes near."""
    options = request.config.option
    with written(make_plan(options.shape, options.type, layers=options.layers, hard=True), tmp_path) as path:
        task = task_of(path, threads=threads, fast=fast)
        measure(task, f"{in_words(task)}, random codes and heavy-tailed scales")


@pytest.mark.parametrize("fast", [False, True], ids=["full", "fast"])
def test_profile_from_disk(measure: Any, model: Path, threads: int, fast: bool) -> None:
    failure = page_cache.why_not_evictable(model)
    if failure:
        pytest.skip(failure)
    task = task_of(model, threads=threads, fast=fast)
    task = dataclasses.replace(
        task,
        limits={"sequential read": lambda: read_in_order(model)},
        before=lambda: page_cache.evict(model),
        keeps_busy=False,
    )
    measure(task, f"{in_words(task)}, not in the page cache", rounds=5, warmup=0)


def read_in_order(file: Path, at_once: int = 16 << 20) -> None:
    buffer = bytearray(at_once)
    with file.open("rb", buffering=0) as stream:
        while stream.readinto(buffer):
            pass


def test_cost_against_bytes(measure: Any, request: pytest.FixtureRequest, tmp_path: Path, threads: int) -> None:
    """A large and a small file of one composition: the time per byte should be the same."""
    options = request.config.option
    plans = [make_plan(options.shape, PURE, layers=layers, pure=True) for layers in (SMALL_LAYERS, options.layers)]
    with written(plans[0], tmp_path) as small, written(plans[1], tmp_path) as large:
        small_task, task = (task_of(file, threads=threads, fast=False) for file in (small, large))
        limit = f"per byte, {count_text(small_task.n_elements)} parameters"
        task = dataclasses.replace(task, limits={limit: small_task.run}, scale=task.n_bytes / small_task.n_bytes)
        measure(task, f"{in_words(task)}, all {PURE}", rounds=3)


MEMORY = """
    import ggufscope
    before = anonymous()
    ggufscope.profile(sys.argv[1], threads=int(sys.argv[2]), progress=sample, keep_vectors=False)
    sample()
    print(json.dumps({"peak": peak, "before": before}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/status")
def test_memory(measure: Any, benchmark: Any, model: Path, threads: int) -> None:
    """Not a time: the most memory that is no mapping of a file, in a process of its own."""
    found: dict[str, int] = {}
    task = dataclasses.replace(task_of(model, threads=threads, fast=False), limits={})
    task = dataclasses.replace(task, run=lambda: found.update(measured(MEMORY, model, threads)), keeps_busy=False)
    measure(task, f"{in_words(task)}, with the start of Python", rounds=1, warmup=0)
    peak, before = (f"{found[name] / 1e6:.0f} MB" for name in ("peak", "before"))
    benchmark.extra_info["note"] = f"at most {peak} beyond the mapping, {before} of them Python and NumPy"
