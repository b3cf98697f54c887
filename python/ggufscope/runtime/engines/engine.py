"""Engines: they read prompts, hand over the activations inside, and write answers.

An engine is a module with a class that has the methods of `Engine`, and a line in ENGINES; the command line, the trace
and the tests take it from there.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ...errors import Interrupted
from ...extras import need
from .choosing import greedy

if TYPE_CHECKING:
    from types import TracebackType

    import numpy as np
    import numpy.typing as npt

    from ...models.model import Model
    from ...models.weight_place import WeightPlace
    from ..measuring.capture import Recorder
    from ..shape import Array, ModelShape
    from .choosing import Choose

    Tokens = Sequence[npt.NDArray[np.int32]]

# What is being done ("layer 3 of 32", "token 2 of 16") and the share of prefill or generation that is done, 0 to 1.
# Called in the calling thread; may raise to cancel.
Progress = Callable[[str, float], object]

ABLATED = "ablated"  # setting of a description: weights that count as zero

# (number of the prompt, tokens of its answer so far) → why the answer is over without an end token; None: it goes on.
Over = Callable[[int, Sequence[int]], str | None]


@dataclass(frozen=True)
class Ending:
    """The end of one answer.

    Attributes:
        tokens: that were generated, without the one that ended the answer.
        reason: `"stop"`: an end token; `"limit"`: as many tokens as were asked for; `"context"`: no room for more;
            `"not finite"`: scores of the next token were NaN or infinite; or what an `Over` says.
    """

    tokens: tuple[int, ...]
    reason: str


class Seconds(NamedTuple):
    """Seconds that prefill and generation take."""

    prefill: float
    generation: float


class GenerationInterrupted(Interrupted):
    """Ctrl-C during a generation, with the answers as far as they had come; unfinished ones end as `"interrupted"`."""

    def __init__(self, endings: list[Ending]) -> None:
        super().__init__(endings)
        self.endings = endings


@dataclass(frozen=True)
class EngineDescription:
    """Name, version and the settings that the numbers of an engine depend on, as `{"cache": "float32"}`.

    Weights that count as zero are the setting `ABLATED`.
    """

    name: str
    version: str
    settings: dict[str, str] = field(default_factory=dict)


class Engine(Protocol):
    """A model ready to run: prefills, at most one generation behind each; `close` frees what it holds."""

    @property
    def description(self) -> EngineDescription: ...

    @property
    def shape(self) -> ModelShape: ...

    def prefill(self, prompts: Tokens, recorder: Recorder | None, *, room: int, progress: Progress | None) -> Array:
        """Read all prompts, each by itself from position 0.

        Args:
            prompts: token ids of each, at least one.
            recorder: takes every point of every layer for each prompt; None: nothing is captured.
            room: tokens that may be generated behind each prompt.
            progress: see Progress.

        Returns:
            Scores (logits) of the next token, float32 (prompts, vocabulary), soft-capped where the model does that. Of
            a model without an output its last hidden states, (prompts, width).

        Raises:
            TraceError: The model has structures the engine does not know, or weights that are not finite.
            GGUFError: The file shrank since it was opened.
        """

    def generate(
        self,
        max_new_tokens: int,
        stop: frozenset[int],
        *,
        progress: Progress | None,
        over: Over | None = None,
        choose: Choose = greedy,
    ) -> list[Ending]:
        """Continue every prompt, greedily unless another way to choose is asked for.

        Args:
            max_new_tokens: at most so many for each, at least 1, at most the `room` of the prefill.
            stop: ids that end an answer.
            progress: see Progress.
            over: see Over.
            choose: the way to choose the next token, see `choosing`.

        Raises:
            ValueError: The model does not continue a text (`ModelShape.no_answers`).
            GenerationInterrupted: Ctrl-C; it carries what there was.
        """

    def estimate(self, prompts: Tokens, max_new_tokens: int) -> Seconds | None:
        """The seconds that it will take, from a short trial; None: there is no telling."""

    def close(self) -> None: ...

    def __enter__(self) -> Engine: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


@dataclass(frozen=True)
class RegisteredEngine:
    """An engine that can be chosen.

    Attributes:
        summary: one line about it.
        module: where its `open_engine(model, threads)` is.
        package: that it needs beyond ggufscope's own, from the extra `runtime`; None: none.
        ablates: whether its `open_engine` takes `zeroed`, weights that count as zero.
    """

    summary: str
    module: str
    package: str | None = None
    ablates: bool = False

    def require(self) -> None:
        """Make sure that the engine's package is there, before any work.

        Raises:
            MissingExtraError: It is not; the message says which extra brings it.
        """
        if self.package is not None:
            need(self.package, "runtime")

    def require_ablation(self) -> None:
        """Make sure that the engine can count weights as zero, before any work.

        Raises:
            ValueError: It cannot.
        """
        if not self.ablates:
            able = " or ".join(name for name, engine in ENGINES.items() if engine.ablates)
            raise ValueError(f"this engine multiplies weights as they are in the file: to ablate some, take {able}")

    def open(self, model: Model, threads: int, zeroed: Sequence[WeightPlace] = ()) -> Engine:
        """Ready to run.

        Args:
            model: the model.
            threads: to compute with.
            zeroed: weights that count as zero.

        Raises:
            TraceError: It cannot run this model, or a package it needs is missing; the message says which.
            ValueError: A weight to be zeroed is none of the model's, or the engine cannot leave it out.
        """
        if zeroed:
            self.require_ablation()
        for place in zeroed:
            place.require(model)
        edits = {"zeroed": tuple(zeroed)} if zeroed else {}
        opened: Engine = importlib.import_module(self.module, __package__).open_engine(model, threads, **edits)
        return opened


# Name → entry. The first is the default.
ENGINES = {
    "streamed": RegisteredEngine(
        "layer by layer through ggufscope's own decoders, exact weights", ".streamed", ablates=True
    ),
    "llama.cpp": RegisteredEngine(
        "llama.cpp by llama-cpp-python, an independent opinion (extra runtime)", ".llama_cpp", package="llama_cpp"
    ),
}
