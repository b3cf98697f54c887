"""A batch of tokens on its way through one layer: whose rows are whose, and where captured activations go."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt

    from ....architecture.parts import Norm
    from ...measuring.capture import Recording
    from ...shape import Array, PromptSpan
    from .tiles import Workers


Branch = Literal["mixer", "feed_forward"]

_MANY = 1 << 16  # activations for whose figures another thread is worth waking


class LayerWatch(Protocol):
    """Looks on while layers are computed, one after the other."""

    def begin(self, number: int, x: Array) -> None:
        """A layer begins on the stream, or the streams, x."""

    def read(self, x: Array, norm: Norm | None) -> None:
        """A branch is going to read the stream x, (tokens, width), through a norm."""

    def add(self, branch: Branch, read: Array, x: Array, added: Array) -> None:
        """`"mixer"` or `"feed_forward"` read `read` and adds `added` to the stream x, all (tokens, width)."""

    def end(self, number: int, x: Array) -> None:
        """A layer gave the stream, or the streams, x."""


@dataclass(frozen=True)
class Batch:
    """Tokens that go through a layer together.

    Attributes:
        spans: of the prompts; together all rows.
        positions: int64 (tokens,), of each in its prompt.
        recorder: None where nothing is captured.
        own_inputs: of the layers, float32 (tokens, layers, components); None without.
        watch: that looks on; None: nobody does.
    """

    spans: list[PromptSpan]
    positions: npt.NDArray[np.int64]
    recorder: Recording | None
    own_inputs: Array | None = None
    watch: LayerWatch | None = None


@dataclass(frozen=True)
class LayerPass:
    """A batch in one layer, and the workers that do its products."""

    number: int
    batch: Batch
    workers: Workers

    def alone(self) -> LayerPass:
        """The same with nobody looking on, and nothing captured."""
        return replace(self, batch=replace(self.batch, recorder=None, watch=None))

    def take(self, point: str, values: Array) -> None:
        """Hand the activations of a point, (tokens, …), to the recorder, some prompts to each worker."""
        recorder = self.batch.recorder
        if recorder is not None:
            take, spans = recorder.take_prompts, self.batch.spans
            parts = self.workers.threads if values.size >= _MANY else 1
            self.workers.each(lambda part: take(part, self.number, point, values), _parts(spans, parts))

    def take_experts(self, experts: npt.NDArray[np.int64], weights: Array) -> None:
        """Hand the choices of tokens, (tokens, used) each, to the recorder, prompt by prompt."""
        if self.batch.recorder is not None:
            for span in self.batch.spans:
                self.batch.recorder.take_experts(span.prompt, self.number, experts[span.rows], weights[span.rows])

    def taking_attention(self, prompt: int) -> Callable[[Array, int], object] | None:
        """A function that takes probabilities of some heads and the first of them; None where nothing is captured."""
        recorder = self.batch.recorder
        if recorder is None:
            return None

        def take(probabilities: Array, first_head: int) -> None:
            recorder.take(prompt, self.number, "attention", probabilities, first_head)

        return take


def _parts(spans: list[PromptSpan], count: int) -> list[list[PromptSpan]]:
    """Runs of prompts, at most so many, of about as many tokens each."""
    first, end = spans[0].rows.start, spans[-1].rows.stop
    parts: dict[int, list[PromptSpan]] = {}
    for span in spans:
        middle = (span.rows.start + span.rows.stop) / 2
        parts.setdefault(int((middle - first) / (end - first) * count), []).append(span)
    return list(parts.values())
