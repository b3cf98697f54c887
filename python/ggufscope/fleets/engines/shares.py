"""Shares of the work on models that workers take: one call for a model, or calls for the pieces of a large one.

What workers find in the pieces of a large model is merged in file order as it comes. What comes out is what `measure`
makes of the model in one process.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Protocol

from ...checks.checking import check
from ...checks.gathering import FactsCollector
from ...checks.named_digests import named_digest
from ...models.model import open as open_model
from ...models.summary import ModelSummary
from ...profiles.collecting import Collector
from ...profiles.pieces import Assembly, plan
from ..sources import Source
from ..task import measure, measured, measured_failure
from .looking import look_of, measure_and_look

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from ...checks.check_result import Check
    from ...models.model import Model
    from ...profiles.batches import BatchLimits
    from ...profiles.pieces import Piece
    from ...profiles.profile_records import ProfileSettings
    from ..task import Measured, Task
    from .looking import Looked

_CHECK = -1  # the key of the check, where it is a call by itself

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
    except Exception:  # likewise
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
    """A model whose pieces go to several workers, each for its profile and its check.

    Rules look at a whole model: they are asked here, of what workers found. Where bytes are fetched, or a file's name
    has its digest, the check is one more call: it reads all of the model by itself.
    """

    def __init__(self, task: Task, threads: int, source: Source, model: Model, pieces: list[Piece]) -> None:
        self.task = task
        self.n_bytes = 2 * model.n_bytes
        self._threads = threads
        self._source = source
        self._before = source.files
        self._model = model
        self._pieces = pieces
        self._alone = model.is_remote or any(named_digest(file) is not None for file in model.files)
        self._collector = Collector(model, keep_vectors=False, stored=task.settings.stored)
        self._profile = Assembly(model, pieces, self._collector)
        self._facts = FactsCollector()
        self._check = Assembly(model, pieces, self._facts)
        self._verdict: Check | None = None
        self._over = False

    @property
    def n_waiting(self) -> int:
        return 0 if self._over else self._profile.n_waiting

    @property
    def done_bytes(self) -> int:
        checked = (self._model.n_bytes if self._verdict else 0) if self._alone else self._check.done_bytes
        return self._profile.done_bytes + checked

    def calls(self) -> Iterator[Call]:
        name, settings = self.task.name, self.task.settings
        if self._alone:  # it comes first: no other call takes as long
            yield _CHECK, _check_there, (name, self._threads)
        looks = None if self._alone else look_of(self._model, settings)
        for position, piece in enumerate(self._pieces):
            if self._over:
                return
            yield position, measure_and_look, (name, piece, settings, looks, self._threads)

    def take(self, key: int, result: Callable[[], Any]) -> Measured | None:
        if self._over:
            return None
        try:
            if key == _CHECK:
                self._verdict = result()
            else:
                self._add(key, result())
            return self._directory()
        except Exception as error:
            self.close()
            return measured_failure(self.task.name, self.task.settings, error)

    def _add(self, position: int, looked: Looked) -> None:
        self._profile.add(position, looked.parts)
        if not self._alone:
            self._facts.look(looked.runs)
            self._check.add(position, looked.parts if looked.stored is None else looked.stored)

    def _directory(self) -> Measured | None:
        if not self._profile.complete or (self._alone and self._verdict is None):
            return None
        verdict = self._verdict or check(self._model, threads=self._threads, gathered=self._facts.tensors)
        profiled = self._collector.finish(ModelSummary.of(self._model), self.task.settings, run=None)
        self.close()
        return measured(self._source, self.task.settings, profiled, verdict, self._before)

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
