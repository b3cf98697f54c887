"""Runs of a diff: the reference and each model read the same tokens, and the records get what came of it."""

from __future__ import annotations

import contextlib
import dataclasses
from functools import partial
from typing import TYPE_CHECKING

from .run_choice import RunChoice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ..models.model import Model
    from .readings.running import PreparedRun
    from .records import ModelDiff

    RunProgress = Callable[[str, float], object]


@contextlib.contextmanager
def prepared_runs(
    reference: Model, models: Sequence[Model], run: bool | RunChoice, threads: int
) -> Iterator[list[PreparedRun]]:
    """The runs that are asked for, one for each model, once it is known that nothing stands in their way.

    Args:
        reference: an open model.
        models: that read the same.
        run: False for no runs, True for a neutral text, or what to read.
        threads: of each run.

    Raises:
        DiffError: Two models cannot read the same.
        TraceError: A model cannot be run, or what it is to read cannot be read.
        GGUFError: A file is malformed, or it shrank while it was read.
        OSError: A file cannot be read.
    """
    with contextlib.ExitStack() as stack:
        if run is False:
            yield []
            return
        from .readings.running import prepared_run  # noqa: PLC0415  engines take a while to import

        choice = RunChoice() if run is True else run
        yield [stack.enter_context(prepared_run(reference, model, choice, threads)) for model in models]


def with_runs(
    records: Sequence[ModelDiff], runs: Sequence[PreparedRun], progress: RunProgress | None
) -> list[ModelDiff]:
    """The records of models with their runs; as they are where there are no runs.

    Args:
        records: of the models.
        runs: one for each, or none.
        progress: called as `progress(what, share)` with the share of all runs; may raise to cancel.

    Raises:
        TraceError: A model gives numbers that are not finite.
        GGUFError: A file shrank while it was read.
    """
    if not runs:
        return list(records)
    made = []
    for number, (record, run) in enumerate(zip(records, runs, strict=True)):
        part = None if progress is None else partial(_report, progress, number, len(runs))
        made.append(dataclasses.replace(record, run=run.read(part)))
    return made


def _report(progress: RunProgress, number: int, count: int, what: str, share: float) -> None:
    progress(what, (number + share) / count)
