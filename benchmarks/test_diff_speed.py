"""Models held against the one they were made from.

The F16 of a shape beside its Q4_K_M: both files are read once, and every weight of both is decoded. Against fast
profiles of the two, which read the same bytes and of the second decode none.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import ggufscope
from files import written
from ggufscope import _core
from ggufscope.bench import Task
from ggufscope.synth import make_plan
from ggufscope.text.numbers import bytes_text, count_text, counted
from support.measuring import measured

REFERENCE, MODEL = "F16", "Q4_K_M"
PROFILES = "fast profiles of both"


@pytest.fixture(scope="module")
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    options = request.config.option
    plans = [make_plan(options.shape, name, layers=options.layers) for name in (REFERENCE, MODEL)]
    folder = tmp_path_factory.mktemp("pair")
    with written(plans[0], folder) as reference, written(plans[1], folder) as model:
        yield reference, model


def task_of(pair: tuple[Path, Path], threads: int) -> Task:
    sizes = []
    for path in pair:
        with ggufscope.open(path) as opened:
            sizes.append((opened.n_parameters, opened.n_bytes))
    return Task(
        subject=f"{REFERENCE} beside {MODEL}",
        kernel="diff",
        run=lambda: ggufscope.diff(*pair, threads=threads, lineage=False),
        limits={PROFILES: lambda: [ggufscope.profile(path, threads, fast=True) for path in pair]},
        n_elements=sizes[0][0],
        n_bytes=sum(n_bytes for _, n_bytes in sizes),
        threads=threads,
        isa=_core.current_isa(),
    )


def in_words(task: Task) -> str:
    sizes = f"{count_text(task.n_elements)} parameters, {bytes_text(task.n_bytes)} in both files"
    return f"diff of {sizes}, {counted(task.threads, 'thread')}"


@pytest.mark.parametrize("many", [True, False], ids=["many_threads", "one_thread"])
def test_diff(measure: Any, pair: tuple[Path, Path], threads: int, many: bool) -> None:
    task = task_of(pair, threads if many else 1)
    measure(task, in_words(task), rounds=3)


MEMORY = """
    import ggufscope
    before = anonymous()
    ggufscope.diff(sys.argv[1], sys.argv[2], threads=int(sys.argv[3]), progress=sample, lineage=False)
    sample()
    print(json.dumps({"peak": peak, "before": before}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/status")
def test_diff_memory(measure: Any, benchmark: Any, pair: tuple[Path, Path], threads: int) -> None:
    """Not a time: the most memory that is no mapping of a file, in a process of its own."""
    found: dict[str, int] = {}
    whole = task_of(pair, threads)
    task = Task(whole.subject, whole.kernel, lambda: found.update(measured(MEMORY, *pair, threads)), keeps_busy=False)
    measure(task, f"{in_words(whole)}, with the start of Python", rounds=1, warmup=0)
    peak, before = (f"{found[name] / 1e6:.0f} MB" for name in ("peak", "before"))
    benchmark.extra_info["note"] = f"at most {peak} beyond the mapping, {before} of them Python and NumPy"
