"""`diff`: models held against a reference, weight by weight, in one pass over both files."""

from __future__ import annotations

import dataclasses
import datetime
import time
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from .._version import __version__
from ..arrays.arguments import thread_count
from ..errors import DiffError, SwappedError
from ..models.emptiness import require_some
from ..models.heads import heads
from ..models.importance import Importance, open_importance
from ..models.model import Model
from ..models.model import open as open_model
from ..models.selection import Selection
from ..text.notebook_bar import with_notebook_bar
from .comparing import tensor_diff
from .diff_document import SCHEMA, DiffDocument, DiffRun, DiffSettings
from .diff_result import Diff
from .fidelity import exchanged_views, judge
from .lineage import LineageTracer, views_between
from .matching import match, names_of, require_one_architecture
from .metadata_changes import metadata_changes
from .observing import PairSettings, observe, pair_bytes
from .runs import prepared_runs, with_runs
from .summarizing import diffed_model, summary_of, swap_question
from .weighing import importance_note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from os import PathLike

    from .matching import Matching
    from .records import ModelDiff
    from .run_choice import RunChoice
    from .views import PairView

_FINE = 0.9  # of the bits per weight of a model, below which a reference may be the wrong one


@with_notebook_bar("diff", "progress", "run_progress")
def diff(
    reference: str | PathLike[str] | Model,
    model: str | PathLike[str] | Model,
    *models: str | PathLike[str] | Model,
    importance: str | PathLike[str] | Importance | None = None,
    tensors: Sequence[str] = (),
    layers: str | None = None,
    roles: Sequence[str] = (),
    stored: bool = False,
    threads: int | None = None,
    progress: Callable[[int, int], object] | None = None,
    isa: str | None = None,
    views: Mapping[str, PairView] | None = None,
    lineage: bool = True,
    run: bool | RunChoice = False,
    run_progress: Callable[[str, float], object] | None = None,
    coarse_reference: bool = True,
) -> Diff:
    """How far models are from a reference, tensor by tensor, from one pass over each pair of files.

    Args:
        reference: path of a GGUF file or of any file of a split model, or an open model, which stays open.
        model: the model that is held against it, likewise.
        *models: further ones; the reference is read anew for each.
        importance: path of an importance matrix (imatrix), or an open one, which stays open; figures weighted with it
            stand beside the others.
        tensors: only tensors with such names in the reference; globs, as `"*attn_v*"`.
        layers: only of these layers, as `"0-3,8,30-"`.
        roles: only of these roles; globs.
        stored: leave out the factors that NVFP4 and BitNet files keep beside matrices: the blocks as they are.
        threads: at most so many; by default the cores this process may use. The result does not depend on it.
        progress: called as `progress(done_bytes, total_bytes)` in the calling thread, with the bytes of both files; may
            raise to cancel. By default there is a bar in notebooks, and none elsewhere.
        isa: instruction set to work with; None for the one in use. The result does not depend on it.
        views: name of a tensor of a model → how it and its reference are seen; see `diffs.views`. None: by `lineage`.
        lineage: tell from the weights where each model comes from, and undo conversions that lie between the files.
        run: let the reference and each model read the same tokens as well, see `readings`: True for a neutral text, or
            a `RunChoice`.
        run_progress: called as `run_progress(what, share)` in the calling thread meanwhile; may raise to cancel.
        coarse_reference: compare with a reference of a tenth fewer bits per weight than a model, too, which is then
            noted in the diff.

    Returns:
        The diff; it does not refer to the models any more.

    Raises:
        DiffError: A `ValueError`: models of different architectures, without a tensor in common, or without one among
            those asked for; an importance that knows none of them; a reference that is coarser than it may be.
        ImportanceError: A `ValueError`: no importance matrix, a malformed one, or one of another model.
        GGUFError: A file is malformed, or it shrank while it was read.
        TraceError: A model cannot be run, or what it is to read cannot be read.
        PromptsError: A `ValueError`: a malformed file of prompts.
        MissingExtraError: A tokenizer needs a package that is not installed.
        OSError: A file cannot be opened.
        ValueError: Less than one thread, an instruction set that cannot run here, layers that are no list of numbers,
            tensors, layers and roles that the reference has none of, or a model is closed.

    Example:
        >>> import ggufscope as gs
        >>> diff = gs.diff("model-F16.gguf", "model-Q4_K_M.gguf")                       # doctest: +SKIP
        >>> diff.models[0].summary.nmse                                                 # doctest: +SKIP
        >>> max(diff.models[0].tensors, key=lambda tensor: tensor.nmse or 0).name       # doctest: +SKIP
    """
    settings = PairSettings(thread_count(threads), bool(stored), isa or "")
    selection = Selection.of(tensors=tensors, layers=layers, role=roles)
    started, clock = datetime.datetime.now(datetime.UTC), time.perf_counter()
    with ExitStack() as stack:
        base, *others = (
            each if isinstance(each, Model) else stack.enter_context(open_model(each))
            for each in (reference, model, *models)
        )
        require_some(selection, ((each.name, each.layer, each.role) for each in base.tensors.values()))
        for other in others:
            _require_comparable(base, other)
            question = None if coarse_reference else swap_question(base, other, _FINE)
            if question is not None:
                raise SwappedError(f"{names_of(base, other)}: {question}")
        seen = [_views(base, other) if views is None and lineage else views for other in others]
        passes = [_Pass(base, *each) for each in zip(others, _matched(base, others, selection, seen), strict=True)]
        prepared = stack.enter_context(prepared_runs(base, others, run, settings.threads))  # refuses before any work
        weights = _opened_importance(importance, stack)
        note = None if weights is None else importance_note(weights, [each.matching for each in passes])
        compared = list(_compared(passes, weights, settings, progress))
        if lineage:
            compared = _traced(passes, compared)
            compared = _judged(passes, compared)
        compared = with_runs(compared, prepared, run_progress)
        document = DiffDocument(
            schema=SCHEMA,
            reference=diffed_model(base),
            models=compared,
            importance=note,
            settings=DiffSettings(settings.stored, list(tensors), layers, list(roles)),
            run=DiffRun(
                __version__,
                started.isoformat(timespec="seconds"),
                round(time.perf_counter() - clock, 6),
                settings.threads,
            ),
        )
        files = [each.address for each in (base, *others)]
    return Diff(document, files)


class _Pass(NamedTuple):
    """A pass over the reference and one model."""

    reference: Model
    model: Model
    matching: Matching

    @property
    def n_bytes(self) -> int:
        """Bytes of both that are read."""
        return sum(map(pair_bytes, self.matching.pairs))

    def compare(
        self, importance: Importance | None, settings: PairSettings, report: Callable[[int], object] | None
    ) -> ModelDiff:
        """The record of the model; see `observe` for the last two arguments."""
        observed = observe(self.reference, self.model, self.matching.pairs, settings, report)
        tensors = [tensor_diff(each, heads(self.model, each.pair.model), importance) for each in observed]
        changes = metadata_changes(self.reference.metadata, self.model.metadata)
        return summary_of(self.reference, self.model, self.matching, tensors, changes)


def _require_comparable(reference: Model, model: Model) -> None:
    """Make sure that two models are of one kind.

    Raises:
        DiffError: They cannot be compared.
    """
    require_one_architecture(reference, model)
    if not any(name in reference.tensors for name in model.tensors):
        raise DiffError(f"{names_of(reference, model)}: no tensor of the one has the name of one of the other")


def _matched(
    reference: Model, models: Sequence[Model], selection: Selection, views: Sequence[Mapping[str, PairView] | None]
) -> Iterator[Matching]:
    """The tensors that go together, of each model.

    Raises:
        DiffError: None of those asked for is there.
    """
    for model, seen in zip(models, views, strict=True):
        matching = match(
            reference, model, seen, lambda tensor: selection.matches(tensor.name, tensor.layer, tensor.role)
        )
        if not matching.pairs:
            none = "that both have is among those asked for" if selection.filters else "has the same shape in both"
            raise DiffError(f"{names_of(reference, model)}: no tensor {none}")
        yield matching


def _compared(
    passes: Sequence[_Pass],
    importance: Importance | None,
    settings: PairSettings,
    progress: Callable[[int, int], object] | None,
) -> Iterator[ModelDiff]:
    total, done = sum(each.n_bytes for each in passes), 0
    for each in passes:
        report = None if progress is None else partial(_report, progress, done, total)
        yield each.compare(importance, settings, report)
        done += each.n_bytes


def _report(progress: Callable[[int, int], object], before: int, total: int, done: int) -> None:
    progress(before + done, total)


def _traced(passes: Sequence[_Pass], compared: Sequence[ModelDiff]) -> list[ModelDiff]:
    """The records, with where the models come from."""
    tracer = LineageTracer()
    return [
        dataclasses.replace(record, lineage=tracer.trace(each.matching.pairs, record.tensors))
        for each, record in zip(passes, compared, strict=True)
    ]


def _views(reference: Model, model: Model) -> Mapping[str, PairView]:
    """How pairs are seen: conversions undone; of a checkpoint, also what a converter put in the wrong place."""
    views = views_between(reference, model)
    return {**views, **exchanged_views(reference, model, views)} if reference.is_checkpoint else views


def _judged(passes: Sequence[_Pass], compared: Sequence[ModelDiff]) -> list[ModelDiff]:
    """The records, with whether the converter wrote what a checkpoint has."""
    return [
        dataclasses.replace(record, fidelity=judge(each.reference, each.model, record))
        for each, record in zip(passes, compared, strict=True)
    ]


def _opened_importance(importance: str | PathLike[str] | Importance | None, stack: ExitStack) -> Importance | None:
    if importance is None or isinstance(importance, Importance):
        return importance
    return stack.enter_context(open_importance(importance))
