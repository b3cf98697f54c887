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
from ..errors import DiffError
from ..models.heads import heads
from ..models.model import Model
from ..models.model import open as open_model
from ..models.selection import Selection
from ..text.names import base_name
from .comparing import tensor_diff
from .diff_document import SCHEMA, DiffDocument, DiffRun, DiffSettings, ImportanceNote
from .diff_result import Diff
from .lineage import LineageTracer, views_between
from .matching import match
from .metadata_changes import metadata_changes
from .observing import PairSettings, observe, pair_bytes
from .summarizing import diffed_model, summary_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from os import PathLike

    import numpy as np
    import numpy.typing as npt

    from .importance import Importance
    from .matching import Matching, TensorPair
    from .records import ModelDiff
    from .views import PairView


def diff(
    reference: str | PathLike[str] | Model,
    model: str | PathLike[str] | Model,
    *models: str | PathLike[str] | Model,
    importance: Importance | None = None,
    tensors: Sequence[str] = (),
    layers: str | None = None,
    roles: Sequence[str] = (),
    stored: bool = False,
    threads: int | None = None,
    progress: Callable[[int, int], object] | None = None,
    isa: str | None = None,
    views: Mapping[str, PairView] | None = None,
    lineage: bool = True,
) -> Diff:
    """How far models are from a reference, tensor by tensor, from one pass over each pair of files.

    Args:
        reference: path of a GGUF file or of any file of a split model, or an open model, which stays open.
        model: the model that is held against it, likewise.
        *models: further ones; the reference is read anew for each.
        importance: mean squares of the inputs of matrices; figures weighted with them stand beside the others.
        tensors: only tensors with such names in the reference; globs, as `"*attn_v*"`.
        layers: only of these layers, as `"0-3,8,30-"`.
        roles: only of these roles; globs.
        stored: leave out the factors that NVFP4 and BitNet files keep beside matrices: the blocks as they are.
        threads: at most so many; by default the cores this process may use. The result does not depend on it.
        progress: called as `progress(done_bytes, total_bytes)` in the calling thread, with the bytes of both files; may
            raise to cancel.
        isa: instruction set to work with; None for the one in use. The result does not depend on it.
        views: name of a tensor of a model → how it and its reference are seen; see `diffs.views`. None: by `lineage`.
        lineage: tell from the weights where each model comes from, and undo conversions that lie between the files.

    Returns:
        The diff; it does not refer to the models any more.

    Raises:
        DiffError: A `ValueError`: models of different architectures, without a tensor in common, or without one among
            those asked for.
        GGUFError: A file is malformed, or it shrank while it was read.
        OSError: A file cannot be opened.
        ValueError: Less than one thread, an instruction set that cannot run here, layers that are no list of numbers,
            or a model is closed.

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
        opened = [
            each if isinstance(each, Model) else stack.enter_context(open_model(each))
            for each in (reference, model, *models)
        ]
        base, *others = opened
        if views is None and lineage:
            matchings = [_matched(base, other, selection, views_between(base, other)) for other in others]
        else:
            matchings = [_matched(base, other, selection, views) for other in others]
        total = sum(pair_bytes(pair) for matching in matchings for pair in matching.pairs)
        done = 0
        compared: list[ModelDiff] = []
        tracer = LineageTracer()
        for other, matching in zip(others, matchings, strict=True):
            report = None if progress is None else partial(_report, progress, done, total)
            compared.append(_Pass(base, other, matching, importance).compare(settings, report))
            if lineage:
                origin = tracer.trace(matching.pairs, compared[-1].tensors)
                compared[-1] = dataclasses.replace(compared[-1], lineage=origin)
            done += sum(map(pair_bytes, matching.pairs))
        document = DiffDocument(
            schema=SCHEMA,
            reference=diffed_model(base),
            models=compared,
            importance=None if importance is None else _note(importance, matchings),
            settings=DiffSettings(settings.stored, list(tensors), layers, list(roles)),
            run=DiffRun(
                __version__,
                started.isoformat(timespec="seconds"),
                round(time.perf_counter() - clock, 6),
                settings.threads,
            ),
        )
    return Diff(document)


def _report(progress: Callable[[int, int], object], before: int, total: int, done: int) -> None:
    progress(before + done, total)


def _matched(reference: Model, model: Model, selection: Selection, views: Mapping[str, PairView] | None) -> Matching:
    """The tensors that go together.

    Raises:
        DiffError: The two cannot be compared, or nothing is left to compare.
    """
    names = f"{base_name(reference.path)} and {base_name(model.path)}"
    if None not in {reference.architecture, model.architecture} and reference.architecture != model.architecture:
        raise DiffError(f"{names}: different architectures, {reference.architecture} and {model.architecture}")
    if not any(name in reference.tensors for name in model.tensors):
        raise DiffError(f"{names}: no tensor of the one has the name of one of the other")
    matching = match(reference, model, views, lambda tensor: selection.matches(tensor.name, tensor.layer, tensor.role))
    if not matching.pairs:
        none = "that both have is among those asked for" if selection.filters else "has the same shape in both"
        raise DiffError(f"{names}: no tensor {none}")
    return matching


class _Pass(NamedTuple):
    """A pass over the reference and one model."""

    reference: Model
    model: Model
    matching: Matching
    importance: Importance | None

    def compare(self, settings: PairSettings, report: Callable[[int], object] | None) -> ModelDiff:
        """The record of the model; see `observe` for the arguments."""
        observed = observe(self.reference, self.model, self.matching.pairs, settings, report)
        tensors = [
            tensor_diff(each, heads(self.model, each.pair.model), self._mean_squares(each.pair)) for each in observed
        ]
        changes = metadata_changes(self.reference.metadata, self.model.metadata)
        return summary_of(self.reference, self.model, self.matching, tensors, changes)

    def _mean_squares(self, pair: TensorPair) -> npt.NDArray[np.float64] | None:
        return None if self.importance is None else self.importance.mean_squares(pair.reference.name)


def _note(importance: Importance, matchings: Sequence[Matching]) -> ImportanceNote:
    matrices = {
        pair.reference.name: None for each in matchings for pair in each.pairs if pair.reference.kind == "matrix"
    }
    without = [name for name in matrices if importance.mean_squares(name) is None]
    return ImportanceNote(importance.file, importance.datasets, importance.n_chunks, without)
