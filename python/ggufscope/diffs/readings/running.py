"""`run`: two models read the same tokens side by side, layer by layer."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...arrays.arguments import thread_count
from ...errors import DiffError, TraceError
from ...models.experts import crowd_fault
from ...models.model import Model
from ...models.model import open as open_model
from ...models.stacks import depth_fault
from ...runtime.engines.streamed import open_engine
from ...runtime.timed_run import Plan
from ..run_choice import RunChoice
from .material import read_material
from .partners import partners_of
from .side_by_side import SideBySide
from .vocabularies import compare_vocabularies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from os import PathLike

    from ...runtime.engines.engine import Progress
    from ...runtime.engines.streamed.engine import StreamedEngine
    from ...runtime.reading.given import AskedPrompts, AskedText
    from ...runtime.reading.readings import Reading
    from ..run_record import RunRecord
    from .partners import Key, Partners

_COST = 2.1  # of both, in readings of one


def run(
    reference: str | PathLike[str] | Model,
    model: str | PathLike[str] | Model,
    *,
    text: AskedText | None = None,
    prompts: AskedPrompts = None,
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
        text: a file to read in one piece, or the text itself; by default a neutral text that comes along.
        prompts: a file of prompts, or prompts themselves, to read in its place.
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
    with contextlib.ExitStack() as stack:
        ours, theirs = (
            each if isinstance(each, Model) else stack.enter_context(open_model(each)) for each in (reference, model)
        )
        choice = RunChoice(text, prompts, tokens, template, exact)
        prepared = stack.enter_context(prepared_run(ours, theirs, choice, thread_count(threads)))
        if announce is not None:
            announce(prepared.plan())
        return prepared.read(progress)


@dataclass(frozen=True)
class PreparedRun:
    """Two models that can read the same tokens.

    Attributes:
        engines: of the reference and of the model.
        paths: of their files.
        partners: their matrices, by keys of the reference.
        reading: the tokens.
        notes: sentences for the record.
        exact: see `RunChoice`.
    """

    engines: tuple[StreamedEngine, StreamedEngine]
    paths: tuple[str, str]
    partners: dict[Key, Partners]
    reading: Reading
    notes: list[str]
    exact: bool

    def plan(self) -> Plan:
        """The work ahead, with an estimate of its seconds."""
        sequences = [item.tokens for item in self.reading.items]
        seconds = _COST * sum(sum(engine.estimate(sequences, 0)) for engine in self.engines) / 2
        return Plan(len(sequences), sum(map(len, sequences)), 0, seconds)

    def read(self, progress: Progress | None = None) -> RunRecord:
        """Read; see `run`."""
        pair = SideBySide(
            self.engines, self.paths, self.partners, self.reading, grouped=not self.exact, progress=progress
        )
        return pair.record(self.notes)


@contextlib.contextmanager
def prepared_run(reference: Model, model: Model, choice: RunChoice, n_threads: int) -> Iterator[PreparedRun]:
    """Two open models, once it is known that they can be compared; raises as `run` does, before any work."""
    with _engine(reference, n_threads) as ours, _engine(model, n_threads) as theirs:
        partners = partners_of(ours.network, theirs.network)
        shapes = ours.shape, theirs.shape
        notes = compare_vocabularies(reference, model, (shapes[0].n_vocabulary, shapes[1].n_vocabulary))
        reading = read_material(reference, shapes, choice)
        paths = reference.path, model.path
        yield PreparedRun((ours, theirs), paths, partners, reading, [*reading.warnings, *notes], choice.exact)


@contextlib.contextmanager
def _engine(model: Model, n_threads: int) -> Iterator[StreamedEngine]:
    """The engine of a model that predicts a next token; what keeps it from that names the model."""
    fault = depth_fault(model.layers) or crowd_fault(tensor.shape for tensor in model.tensors.values())
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
