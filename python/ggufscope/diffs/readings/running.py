"""`run`: two models read the same tokens side by side, layer by layer."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from ...arrays.arguments import thread_count
from ...errors import DiffError, TraceError
from ...models.model import Model
from ...models.model import open as open_model
from ...models.stacks import depth_fault
from ...runtime.engines.streamed import open_engine
from ...runtime.timed_run import Plan
from .material import read_material
from .partners import partners_of
from .side_by_side import SideBySide
from .vocabularies import compare_vocabularies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from os import PathLike

    from ...runtime.engines.engine import Progress
    from ...runtime.engines.streamed.engine import StreamedEngine
    from ...runtime.reading.prompts import NamedPrompts
    from .records import RunRecord

_COST = 2.1  # of both, in readings of one


def run(
    reference: str | PathLike[str] | Model,
    model: str | PathLike[str] | Model,
    *,
    text: str | PathLike[str] | None = None,
    prompts: str | PathLike[str] | NamedPrompts | None = None,
    tokens: str | PathLike[str] | None = None,
    template: str = "auto",
    exact: bool = False,
    threads: int | None = None,
    announce: Callable[[Plan], object] | None = None,
    progress: Progress | None = None,
) -> RunRecord:
    """Let two models read the same tokens: errors of matrices, drift of layers, divergence of answers.

    Args:
        reference: path of a GGUF model, or an open one. Its tokenizer makes the tokens.
        model: the other.
        text: a file to read in one piece; by default a neutral text that comes along.
        prompts: a file of prompts, or a set that was read already, to read in its place.
        tokens: a file of token ids to read in its place, which needs no tokenizer; see `token_files`.
        template: form to put prompts in, as for `trace`.
        exact: output errors over every token by itself, which takes a third longer; by default tokens of a long text
            are added up in groups, see docs/diff.md.
        threads: at most so many; by default the cores this process may use.
        announce: called with the plan before the work starts.
        progress: called as `progress(what, share)` in the calling thread; may raise to cancel.

    Raises:
        DiffError: The models are not of one shape, have other vocabularies, or predict no next token.
        TraceError: One of them cannot be run; names it and the reason.
        ValueError: Choices that exclude each other.
        PromptsError: The file of prompts is malformed.
        GGUFError: A file is malformed, or the reference has no tokenizer that is known.
        MissingExtraError: A package is missing; the message says which extra brings it.
        OSError: A file cannot be read.

    Example:
        >>> from ggufscope.diffs.readings import run
        >>> run("model-F16.gguf", "model-Q4_K_M.gguf").output.kl_mean               # doctest: +SKIP
    """
    n_threads = thread_count(threads)
    with contextlib.ExitStack() as stack:
        ours, theirs = (
            each if isinstance(each, Model) else stack.enter_context(open_model(each)) for each in (reference, model)
        )
        engines = stack.enter_context(_engine(ours, n_threads)), stack.enter_context(_engine(theirs, n_threads))
        partners = partners_of(engines[0].network, engines[1].network)
        shapes = engines[0].shape, engines[1].shape
        notes = compare_vocabularies(ours, theirs, (shapes[0].n_vocabulary, shapes[1].n_vocabulary))
        reading = read_material(ours, shapes, text=text, prompts=prompts, tokens=tokens, template=template)
        if announce is not None:
            sequences = [item.tokens for item in reading.items]
            seconds = _COST * sum(sum(engine.estimate(sequences, 0)) for engine in engines) / 2
            announce(Plan(len(sequences), sum(map(len, sequences)), 0, seconds))
        pair = SideBySide(engines, partners, reading, grouped=not exact, progress=progress)
        return pair.record([*reading.warnings, *notes])


@contextlib.contextmanager
def _engine(model: Model, n_threads: int) -> Iterator[StreamedEngine]:
    """The engine of a model that predicts a next token; what keeps it from that names the model."""
    fault = depth_fault(model.layers)
    if fault is not None:
        raise TraceError(f"{model.path}: {fault}")
    try:
        engine = open_engine(model, n_threads)
    except TraceError as error:
        raise TraceError(f"{model.path}: {error}") from None
    with engine:
        if engine.shape.no_answers is not None:
            raise DiffError(f"{model.path}: there is no next token to compare: {engine.shape.no_answers}")
        yield engine
