"""Shares of the work on models that workers take: one call for a model, or calls for the pieces of a large one.

A large model is profiled in pieces, which are merged in file order as they come; its check is one more call, for rules
look at a whole model. What comes out is what `measure` makes of it in one process.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Protocol

from ...checks.checking import check
from ...models.model import open as open_model
from ...models.summary import ModelSummary
from ...profiles.collecting import Collector
from ...profiles.pieces import Assembly, measure_piece, plan
from ..sources import Source
from ..task import measure, measured, measured_failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from ...checks.check_result import Check
    from ...models.model import Model
    from ...profiles.batches import BatchLimits
    from ...profiles.pieces import Piece
    from ...profiles.profile_records import ProfileSettings
    from ..task import Measured, Task

# A key among the calls of a model, a function and its arguments.
Call = tuple[int, "Callable[..., Any]", tuple["Any", ...]]


class Shares(Protocol):
    """The calls of one model, and what becomes of their results.

    Attributes:
        task: the model.
        n_waiting: results that wait for others.
        done_bytes: of `n_bytes`, as far as results have come.
        n_bytes: that are read in all.
    """

    task: Task
    n_bytes: int

    @property
    def n_waiting(self) -> int: ...

    @property
    def done_bytes(self) -> int: ...

    def calls(self) -> Iterator[Call]:
        """The calls, each with its key."""

    def take(self, key: int, result: Callable[[], Any]) -> Measured | None:
        """Take what came of a call; gives the directory of the model once all is there, or something failed."""

    def close(self) -> None:
        """Give up what is left."""


def shares_of(task: Task, threads: int, limits: BatchLimits | None, large: int) -> Shares:
    """One call for a model, or many where it has more bytes than `large`."""
    if task.n_bytes is not None and task.n_bytes < large:
        return WholeModel(task, threads)
    before = Source.of(task.name)
    try:
        model = open_model(task.name)
    except Exception:  # the worker meets it as well, and tells it as every engine does
        return WholeModel(task, threads)
    try:
        if model.n_bytes >= large:
            return CutModel(task, threads, before, model, plan(model, limits))
    except Exception:
        model.close()
        return WholeModel(task, threads)
    model.close()
    return WholeModel(task, threads)


class WholeModel:
    """A model that one worker measures."""

    n_waiting = 0

    def __init__(self, task: Task, threads: int) -> None:
        self.task = task
        self.n_bytes = task.n_bytes or 0
        self.done_bytes = 0
        self._threads = threads

    def calls(self) -> Iterator[Call]:
        seen = bool(Source.of(self.task.name).files)
        yield 0, _measure_there, (self.task.name, self.task.settings, self._threads, seen)

    def take(self, key: int, result: Callable[[], Any]) -> Measured | None:
        self.done_bytes = self.n_bytes
        try:
            directory: Measured = result()
        except Exception as error:
            return measured_failure(self.task.name, self.task.settings, error)
        return directory

    def close(self) -> None:
        pass


class CutModel:
    """A model whose pieces go to several workers."""

    def __init__(self, task: Task, threads: int, source: Source, model: Model, pieces: list[Piece]) -> None:
        self.task = task
        self.n_bytes = 2 * model.n_bytes
        self._threads = threads
        self._source = source
        self._before = source.files
        self._model = model
        self._pieces = pieces
        self._collector = Collector(model, keep_vectors=False, stored=task.settings.stored)
        self._assembly = Assembly(model, pieces, self._collector)
        self._verdict: Check | None = None
        self._over = False

    @property
    def n_waiting(self) -> int:
        return 0 if self._over else self._assembly.n_waiting

    @property
    def done_bytes(self) -> int:
        return self._assembly.done_bytes + (0 if self._verdict is None else self._model.n_bytes)

    def calls(self) -> Iterator[Call]:
        # The check comes first: no other call takes as long.
        yield -1, _check_there, (self.task.name, self._threads)
        for position, piece in enumerate(self._pieces):
            if self._over:
                return
            yield position, measure_piece, (self.task.name, piece, self.task.settings, self._threads)

    def take(self, key: int, result: Callable[[], Any]) -> Measured | None:
        if self._over:
            return None
        try:
            if key < 0:
                self._verdict = result()
            else:
                self._assembly.add(key, result())
            return self._directory()
        except Exception as error:
            self.close()
            return measured_failure(self.task.name, self.task.settings, error)

    def _directory(self) -> Measured | None:
        if self._verdict is None or not self._assembly.complete:
            return None
        settings = self.task.settings
        profiled = self._collector.finish(ModelSummary.of(self._model), settings, run=None)
        self.close()
        return measured(self._source, settings, profiled, self._verdict, self._before)

    def close(self) -> None:
        self._over = True
        self._model.close()


def _measure_there(name: str, settings: ProfileSettings, threads: int, seen: bool) -> Measured:
    """`measure`, at a worker.

    Raises:
        FileNotFoundError: The model has files where the fleet was begun, and none here.
    """
    if seen and not Source.of(name).files:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
    return measure(name, settings, threads)


def _check_there(name: str, threads: int) -> Check:
    return check(name, threads=threads)
