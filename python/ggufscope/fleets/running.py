"""`fleet`: all models of some inputs, measured or kept, in one directory."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..arrays.arguments import checked_threads, checked_threshold
from ..errors import Interrupted
from ..profiles.profile_records import ProfileSettings
from ..report.tables.parquet import require_parquet
from ..text.notebook_bar import with_notebook_bar
from .directory import FleetDirectory
from .engines import open_engine, require_engine
from .engines.engine import Watch
from .fleet_document import FleetDocument, FleetModel
from .fleet_result import Fleet
from .keeping import Keeping
from .listing import list_models
from .record import Made
from .sharding import Shard
from .task import Task, measured_failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from os import PathLike

    from .engines import Engine
    from .fleet_document import Outcome
    from .listing import Listed
    from .record import Record
    from .sources import Source


class FleetInterrupted(Interrupted):
    """Ctrl-C: what is finished is kept; `fleet` has the models that are settled."""

    def __init__(self, fleet: Fleet, n_models: int) -> None:
        n = fleet.document.n_models
        super().__init__(fleet, n_models, message=f"{n} of {n_models} models are kept, and the same command goes on")
        self.fleet = fleet


@dataclass
class FleetProgress:
    """How far a fleet is, of the models that this run has to measure.

    Attributes:
        n_models: to measure.
        n_bytes: of their files, as far as that is known.
        n_done: of them.
        bytes_done: of all models that are done, and of those at work.
        name: of the model that is at work, or was finished last.
    """

    n_models: int
    n_bytes: int
    n_done: int = 0
    bytes_done: int = 0
    name: str = ""


@with_notebook_bar("fleet")
def fleet(
    models: str | PathLike[str] | Iterable[str | PathLike[str]],
    directory: str | PathLike[str],
    *,
    shard: str | None = None,
    retry: bool = False,
    fast: bool = False,
    sparsity_threshold: float = 1e-6,
    stored: bool = False,
    engine: str = "local",
    address: str | None = None,
    threads: int | None = None,
    force: bool = False,
    progress: Callable[[FleetProgress], object] | None = None,
    notice: Callable[[str], object] | None = None,
    finished: Callable[[FleetModel], object] | None = None,
) -> Fleet:
    """Profile and check many models, each into a directory of its own, with tables over all of them.

    What the directory holds of the same model, with the same settings and schemas, is kept; a local file of another
    size or time is measured anew.

    Args:
        models: names of any kind that `ggufscope.open` takes, lists of them, directories; or one of these.
        directory: where the results go; made if it is not there.
        shard: `"3/16"`: of sixteen parts of about the same bytes the third, for processes that share the work.
        retry: try models that failed before again.
        fast: as for `ggufscope.profile`; so are `sparsity_threshold` and `stored`.
        sparsity_threshold: of the profiles.
        stored: of the profiles.
        engine: runs the models: `"local"`, one after the other in this process, or another of ENGINES.
        address: of the workers of an engine that has any.
        threads: at most so many for one model; by default the cores at hand.
        force: replace files, too, that ggufscope did not write.
        progress: called in the calling thread while models are measured; may raise to cancel. By default there is a bar
            in notebooks, and none elsewhere.
        notice: called with lines for the reader, as of a worker that was lost.
        finished: called with each model that was measured, or failed, when its files are in place.

    Returns:
        The fleet: every model that the inputs name, with what came of it.

    Raises:
        FleetError: A `ValueError`: the inputs name no model.
        MissingExtraError: A package is missing: the tables need the extra `parquet`, engines may need others.
        OSError: An input cannot be read, or a file not be written.
        ValueError: A choice that is none.
        FleetInterrupted: Ctrl-C; what was finished is kept.

    Example:
        >>> import ggufscope as gs
        >>> fleet = gs.fleet("models/", "results")                                      # doctest: +SKIP
        >>> fleet.document.verdicts, fleet.failures                                     # doctest: +SKIP
    """
    settings = ProfileSettings(bool(fast), checked_threshold(sparsity_threshold), bool(stored))
    part = None if shard is None else Shard.parse(shard)
    n_threads = None if threads is None else checked_threads(threads)  # of a process that may be on another machine
    require_parquet()
    inputs = [models] if isinstance(models, (str, os.PathLike)) else list(models)
    require_engine(engine)
    listed = list_models(inputs, Path(directory))
    target = FleetDirectory(Path(directory), force=force)
    mine = listed if part is None else part.of(listed)
    run = _Run(target, mine, settings, n_listed=len(listed), shard=part, progress=progress, finished=finished)
    run.settle_earlier(retry=retry)
    with ExitStack() as stack:  # no cluster is asked, and no process started, where nothing is left to do
        opened = stack.enter_context(open_engine(engine, address, n_threads)) if run.is_open else None
        target.make(each.source for each in listed)
        try:
            if opened is not None:
                run.measure(opened, notice or (lambda line: None))
        except KeyboardInterrupt:
            raise FleetInterrupted(run.fleet(), len(mine)) from None
    return run.fleet()


@dataclass
class _Run:
    """One pass over the models of a fleet: each is settled once, kept or measured."""

    directory: FleetDirectory
    models: list[Listed]
    settings: ProfileSettings
    n_listed: int
    shard: Shard | None
    progress: Callable[[FleetProgress], object] | None
    finished: Callable[[FleetModel], object] | None
    _sources: dict[str, Source] = field(init=False)
    _settled: dict[str, FleetModel] = field(default_factory=dict)
    _at_work: dict[str, int] = field(default_factory=dict)
    _progress: FleetProgress = field(default_factory=lambda: FleetProgress(0, 0))

    def __post_init__(self) -> None:
        self._sources = {each.source.name: each.source for each in self.models}

    def settle_earlier(self, *, retry: bool) -> None:
        """Keep what is in the directory already, made from the same files with the same settings."""
        for each in self.models:
            record = self.directory.record(each.source)
            if record is None or record.made != Made.of(each.source.files, self.settings):
                continue
            if record.facts.state == "measured":
                self._settle(each.source, record, "kept")
            elif not retry:
                self._settle(each.source, record, "failed before")

    @property
    def is_open(self) -> bool:
        """Whether a model is left to measure."""
        return len(self._settled) < len(self.models)

    def measure(self, engine: Engine, notice: Callable[[str], object]) -> None:
        """Measure the models that are left.

        Their files go to the disk while others are measured: to wait for it takes longer than to measure a tiny model.
        What was measured is kept in any case, Ctrl-C or not.
        """
        with Keeping(self.directory, self._settle_measured) as keeping:
            for each in self._open():
                if each.fault is not None:
                    keeping.add(each.source, measured_failure(each.source.name, self.settings, each.fault))
            for task, measured in engine.outcomes(self._tasks(), Watch(self._moved, notice)):
                keeping.add(self._sources[task.name], measured)

    def _tasks(self) -> list[Task]:
        left = [each for each in self._open() if each.fault is None]
        tasks = [Task(each.source.name, self.settings, each.source.n_bytes) for each in left]
        self._progress = FleetProgress(len(tasks), sum(task.n_bytes or 0 for task in tasks))
        return tasks

    def _settle_measured(self, source: Source, record: Record) -> None:
        """Settle a model whose files are in their place."""
        self._settle(source, record, "measured" if record.facts.state == "measured" else "failed")
        self._at_work.pop(source.name, None)
        self._progress.n_done += 1
        self._progress.bytes_done += source.n_bytes or 0
        self._progress.name = source.shown
        if self.progress is not None:
            self.progress(self._progress)
        if self.finished is not None:
            self.finished(self._settled[source.name])

    def _moved(self, task: Task, done: int, total: int) -> None:
        """Tell how far the tasks at work are."""
        if self.progress is None:
            return
        known = task.n_bytes or 0
        self._at_work[task.name] = round(known * done / total) if total else 0
        shown = FleetProgress(**vars(self._progress))
        shown.bytes_done += sum(self._at_work.values())
        shown.name = self._sources[task.name].shown
        self.progress(shown)

    def fleet(self) -> Fleet:
        """The fleet as far as it is settled, in the order of the inputs."""
        settled = [self._settled[each.source.name] for each in self.models if each.source.name in self._settled]
        shard = None if self.shard is None else str(self.shard)
        return Fleet(FleetDocument.of(str(self.directory.path), shard, self.n_listed, settled))

    def _open(self) -> list[Listed]:
        return [each for each in self.models if each.source.name not in self._settled]

    def _settle(self, source: Source, record: Record, outcome: Outcome) -> None:
        self._settled[source.name] = FleetModel(outcome, record.facts)
