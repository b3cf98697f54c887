"""Whole benchmarks: types in memory, or a model file."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Iterable, Sequence
from os import PathLike

from .._core import available_isas, current_isa
from ..arrays.arguments import describe_type, thread_count, types_by_name
from ..models.model import open as open_model
from ..profiles.profiling import profile
from ..synth.blocks import quantizable_types
from . import limits
from .kernels import KERNELS, READING, kernel_tasks
from .machine import Machine
from .results import Bench, MeasuredModel
from .samples import Sample, make_sample
from .tasks import Measurement, Task, measure

Progress = Callable[[str, float], object]  # (what is measured, share done); may raise to cancel

DEFAULT_TYPES = ("F16", "BF16", "Q8_0", "Q6_K", "Q5_K", "Q4_K", "Q4_0")
SAMPLE_BYTES = 64 << 20  # more than the cache of most processors
SECONDS_PER_TYPE = 2.8  # so that the types above take 20 s

_LEAST_ROUNDS = 3
_SMALLEST_SHARE = 8  # of a sample: an eighth


def bench_types(
    types: Iterable[str] = DEFAULT_TYPES,
    *,
    threads: int | None = None,
    isa: str | None = None,
    seconds: float | None = None,
    n_bytes: int | None = None,
    progress: Progress | None = None,
) -> Bench:
    """Measure every kernel on blocks of types in memory, with one thread and with many.

    Args:
        types: names of types; `"all"` stands for all.
        threads: the larger number; by default the cores this process may use.
        isa: instruction set; by default the one in use.
        seconds: for all of it, about; by default 2.8 per type. Three rounds are made in any case.
        n_bytes: of blocks per type; by default 64 MiB, less where that would take too long.
        progress: told what is measured and the share that is done; may raise to cancel.

    Raises:
        ValueError: An unknown type or instruction set, less than one thread, or negative seconds.
    """
    names = _type_names(types)
    run = _Run(threads, isa)
    per_type = SECONDS_PER_TYPE if seconds is None else checked_seconds(seconds) / len(names)
    measurements: list[Measurement] = []
    for position, name in enumerate(names):

        def report(share: float, position: int = position, name: str = name) -> None:
            if progress is not None:
                progress(name, (position + share) / len(names))

        report(0.0)
        sample = _fitted(make_sample(name, n_bytes=SAMPLE_BYTES if n_bytes is None else n_bytes), run, per_type)
        measurements += measure(run.tasks(sample), per_type, least=_LEAST_ROUNDS, progress=report)
    return run.finish(measurements)


def bench_model(
    model: str | PathLike[str],
    *,
    threads: int | None = None,
    isa: str | None = None,
    seconds: float = 0.0,
    progress: Progress | None = None,
) -> Bench:
    """Measure full and fast profiles of a file against reading its bytes, with one thread and with many.

    Args:
        model: path of a GGUF file, or of any file of a split model.
        threads: the larger number; by default the cores this process may use.
        isa: instruction set; by default the one in use.
        seconds: for all of it, about. Three rounds are made in any case.
        progress: told what is measured and the share that is done; may raise to cancel.

    Raises:
        GGUFError: The file is malformed.
        OSError: The file cannot be opened.
        ValueError: An unknown instruction set, less than one thread, or negative seconds.
    """
    run = _Run(threads, isa)
    limit = checked_seconds(seconds)
    with open_model(model) as opened:
        facts, files = MeasuredModel.of(opened), list(opened.files)

    def report(share: float) -> None:
        if progress is not None:
            progress(facts.title, share)

    report(0.0)
    limits.read_files(files, run.threads[-1])  # into the page cache, as far as it goes
    tasks = [
        profile_task(model, facts, files, threads=n, fast=f, isa=run.isa) for n in run.threads for f in (False, True)
    ]
    return run.finish(measure(tasks, limit, least=_LEAST_ROUNDS, progress=report), facts)


def profile_task(
    model: str | PathLike[str], facts: MeasuredModel, files: Sequence[str], *, threads: int, fast: bool, isa: str
) -> Task:
    """A profile of a whole file, opening included, against reading its bytes through a fresh mapping.

    It notes as `reading` how the bytes came to the threads (`ProfileRun.reading`).
    """
    went: dict[str, str | None] = {}

    def run() -> None:
        made = profile(model, threads, fast, keep_vectors=False, isa=isa).run
        went["reading"] = None if made is None else made.reading

    return Task(
        subject=facts.title,
        kernel="fast" if fast else "full",
        run=run,
        limits={READING: lambda: limits.read_files(files, threads)},
        n_elements=facts.n_parameters,
        n_bytes=facts.n_bytes,
        threads=threads,
        isa=isa,
        facts=went,
    )


class _Run:
    """The settings of one run, and its clock."""

    def __init__(self, threads: int | None, isa: str | None) -> None:
        self.threads = sorted({1, thread_count(threads)})
        self.isa = checked_isa(isa)
        self._machine = Machine.this()
        self._started = datetime.datetime.now(datetime.UTC)
        self._clock = time.perf_counter()

    def tasks(self, sample: Sample) -> list[Task]:
        return kernel_tasks(KERNELS, sample, threads=self.threads, isa=self.isa)

    def finish(self, measurements: Sequence[Measurement], model: MeasuredModel | None = None) -> Bench:
        return Bench(
            measurements=measurements,
            machine=self._machine,
            isa=self.isa,
            threads=self.threads,
            started=self._started.isoformat(timespec="seconds"),
            seconds=time.perf_counter() - self._clock,
            model=model,
        )


def _fitted(sample: Sample, run: _Run, seconds: float) -> Sample:
    """As much of a sample as can be worked through in time; trying a part of it warms everything up, too."""
    part = sample.first(sample.rows // _SMALLEST_SHARE)
    tasks = run.tasks(part)
    measure(tasks, 0, least=1)  # code, pages and threads that are used for the first time
    start = time.perf_counter()
    measure(tasks, 0, least=1)
    expected = (time.perf_counter() - start) * sample.rows / part.rows * _LEAST_ROUNDS
    return sample if expected <= seconds else sample.first(max(part.rows, int(sample.rows * seconds / expected)))


def _type_names(types: Iterable[str]) -> list[str]:
    """Each type once, in the order asked for."""
    asked: dict[str, None] = {}
    for name in types:
        if name.lower() == "all":
            asked.update(dict.fromkeys(name for name in types_by_name() if name in quantizable_types()))
        else:
            asked[describe_type(name)["name"]] = None
    if not asked:
        raise ValueError("there are no types to measure")
    return list(asked)


def checked_isa(isa: str | None) -> str:
    """`isa`, or the instruction set in use if it is None.

    Raises:
        ValueError: It is not among those this machine can run.
    """
    if isa is None:
        return current_isa()
    if isa not in available_isas():
        raise ValueError(f"no instruction set {isa!r} here; there are {', '.join(available_isas())}")
    return isa


def checked_seconds(seconds: float) -> float:
    """A duration that is a finite number.

    Raises:
        ValueError: It is negative, NaN or infinite.
    """
    if not 0 <= seconds < float("inf"):
        raise ValueError(f"seconds must be 0 or more, not {seconds!r}")
    return float(seconds)
