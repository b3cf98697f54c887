"""The task of fleets: one model in, the files of its directory out.

It is a pure function of the model and the settings: nothing in the files says when, where or with how many threads they
were made, so that they are the same bytes whichever engine makes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from .._core import GGUFError
from ..checks.check_result import CHECK_JSON
from ..checks.checking import check
from ..checks.gathering import looks_at_the_same
from ..models.model import open as open_model
from ..models.summary import ModelSummary
from ..profiles.collecting import Collector
from ..profiles.profile_records import ProfileSettings
from ..profiles.profiling import profile
from .record import RECORD_FORM, SCHEMA, Made, ModelFacts, Record
from .rows import MODEL_TABLE, ROLE_TABLE, TENSOR_TABLE, failed_table, model_table, role_table, tensor_table
from .sources import FileState, Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..checks.check_result import Check
    from ..models.model import Model
    from ..profiles.profile_result import Profile
    from ..saving.tables import DataTable

PROFILE, CHECK, RECORD = "profile.json", CHECK_JSON, "record.json"


@dataclass(frozen=True)
class Task:
    """A model to measure.

    Attributes:
        name: that `ggufscope.open` takes.
        settings: of its profile.
        n_bytes: of its files, where that is cheap to know.
    """

    name: str
    settings: ProfileSettings = field(default_factory=ProfileSettings)
    n_bytes: int | None = None


@dataclass(frozen=True)
class Measured:
    """The directory of a model, in memory.

    Attributes:
        record: what is said of the model in one line: its state, verdict, failure.
        files: name → content of every file of the directory.
    """

    record: Record
    files: dict[str, bytes]


def measure(
    name: str,
    settings: ProfileSettings,
    threads: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Measured:
    """Profile and check one model.

    Whatever is wrong with the model, or goes wrong with it, is in what is returned; only Ctrl-C comes out of here.

    Args:
        name: that `ggufscope.open` takes.
        settings: of the profile.
        threads: at most so many; by default the cores this process may use. The result does not depend on it.
        progress: called as `progress(done_bytes, total_bytes)` in the calling thread; may raise to cancel.
    """
    source = Source.of(name)
    before = source.files  # a file that changes from here on has another state than the record says
    try:
        with open_model(name) as model:
            profiled, verdict = _profiled_and_checked(model, settings, threads, progress)
        return measured(source, settings, profiled, verdict, before)
    except Exception as error:  # a fleet goes on after any fault of one model; the record says which it was
        return measured_failure(name, settings, error)


def _profiled_and_checked(
    model: Model,
    settings: ProfileSettings,
    threads: int | None,
    progress: Callable[[int, int], object] | None,
) -> tuple[Profile, Check]:
    """The profile of a model and the verdict on it, of one pass over its weights where they look at the same."""
    if looks_at_the_same(model, settings):
        collector = Collector(model, keep_vectors=False, stored=settings.stored)
        verdict = check(model, threads=threads, progress=progress, observed=collector.add)
        if verdict.document.readable:
            return collector.finish(ModelSummary.of(model), settings, run=None), verdict
    both = 2 * model.n_bytes  # of a file that shrank meanwhile the profile raises what the verdict only tells
    profiled = profile(
        model,
        threads,
        settings.fast,
        settings.sparsity_threshold,
        progress and (lambda done, _: progress(done, both)),
        keep_vectors=False,
        stored=settings.stored,
    )
    rest = progress and (lambda done, _: progress(model.n_bytes + done, both))
    return profiled, check(model, threads=threads, progress=rest)


def measured(
    source: Source, settings: ProfileSettings, profiled: Profile, verdict: Check, before: list[FileState]
) -> Measured:
    """The directory of a model from its profile and the verdict on it.

    Args:
        source: the model.
        settings: that the profile was made with.
        profiled: the profile.
        verdict: on the model.
        before: the files as they were before the first of them was read.
    """
    check_document = replace(verdict.document, run=None)
    facts = ModelFacts.of_measured(source, profiled.model, verdict.document)
    tables = {
        MODEL_TABLE: model_table(facts, profiled),
        TENSOR_TABLE: tensor_table(profiled),
        ROLE_TABLE: role_table(profiled),
    }
    record = Record(SCHEMA, facts, Made.of(before, settings))
    return _directory(record, tables, {PROFILE: profiled.to_json(True), CHECK: type(verdict)(check_document).to_json()})


def measured_failure(name: str, settings: ProfileSettings, error: BaseException) -> Measured:
    """The directory of a model that could not be measured.

    Args:
        name: of the model.
        settings: that it was asked with.
        error: the reason; of a file that is malformed the verdict of `check` is kept, too.
    """
    source = Source.of(name)
    facts = ModelFacts.of_failure(source, error)
    texts = {}
    if isinstance(error, GGUFError) and source.files:
        verdict = check(name)
        if not verdict.document.readable:
            texts[CHECK] = type(verdict)(replace(verdict.document, run=None)).to_json()
    record = Record(SCHEMA, facts, Made.of(source.files, settings))
    return _directory(record, {MODEL_TABLE: failed_table(facts)}, texts)


def _directory(record: Record, tables: dict[str, DataTable], texts: dict[str, str]) -> Measured:
    from ..report.tables.parquet import short_parquet_bytes  # noqa: PLC0415  an extra

    files = {name: short_parquet_bytes(table) for name, table in tables.items()}
    files |= {name: text.encode() for name, text in texts.items()}
    return Measured(record, {**files, RECORD: RECORD_FORM.to_json(record).encode()})
