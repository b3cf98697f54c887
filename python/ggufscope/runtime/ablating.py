"""Effects of weights on the answers: distributions of the next token with and without them, on the same tokens."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .divergences import divergences
from .engines.streamed import open_engine
from .measuring.capture import Recorder
from .timed_run import Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ..models.model import Model
    from ..models.weight_place import WeightPlace
    from .engines.engine import Progress, Tokens
    from .engines.streamed.engine import StreamedEngine
    from .shape import Array

    Watched = Iterable[tuple[int, int]]

_MOST_SCORES = 1 << 24  # that are held at once of each of two models


@dataclass(frozen=True)
class Effect:
    """The effect of leaving weights out, over all positions of some sequences.

    Attributes:
        kl_mean: Σ p ln(p / q) in nats, p with the weights and q without, mean over the positions.
        kl_end: likewise, mean over the last position of each sequence.
        same_top: share of positions whose likeliest token stays.
        left: (layer, channel) → largest |x| of the channel behind the layer, over what it is with the weights; of those
            that were watched.
    """

    kl_mean: float
    kl_end: float
    same_top: float
    left: dict[tuple[int, int], float]


def ablation_effects(
    model: Model,
    sequences: Tokens,
    variants: Sequence[Sequence[WeightPlace]],
    *,
    watched: Watched = (),
    threads: int,
    announce: Callable[[Plan], object] | None = None,
    progress: Progress | None = None,
) -> list[Effect]:
    """The effect of each set of weights that counts as zero, one pass for each and one without any.

    Args:
        model: an open one, that gives scores of a next token.
        sequences: token ids.
        variants: the sets.
        watched: (layer, channel) of the residual stream.
        threads: to compute with.
        announce: called with the plan before the work starts.
        progress: called as `progress(what, share)`; may raise to cancel.

    Raises:
        TraceError: The engine cannot run the model; the message says why.
        ValueError: A weight is none of a matrix that is multiplied.
    """
    places = list(watched)
    n_passes = 1 + len(variants)

    def part(number: int) -> Progress | None:
        return None if progress is None else lambda what, share: progress(what, (number + share) / n_passes)

    with contextlib.ExitStack() as stack:
        engines = [stack.enter_context(open_engine(model, threads, zeroed=zeroed)) for zeroed in ([], *variants)]
        if announce is not None:
            seconds = n_passes * sum(engines[0].estimate(sequences, 0))
            announce(Plan(len(sequences), n_passes * sum(map(len, sequences)), 0, seconds))
        runs = [_read(engine, sequences, places, part(number)) for number, engine in enumerate(engines)]
        return _effects(engines, runs)


@dataclass(frozen=True)
class _Run:
    """The stream behind the last layer of each sequence, (tokens, width), and the largest |x| of what was watched."""

    streams: list[Array]
    sizes: dict[tuple[int, int], float]


def _read(engine: StreamedEngine, sequences: Tokens, watched: list[tuple[int, int]], progress: Progress | None) -> _Run:
    sizes = dict.fromkeys(watched, 0.0)

    def keep(_prompt: int, layer: int, point: str, _head: int, values: Array) -> None:
        for place in watched if point == "residual" else ():
            if place[0] == layer:
                sizes[place] = max(sizes[place], float(np.abs(values[:, place[1]]).max()))

    recorder = Recorder(len(sequences), engine.shape, keep) if watched else None
    return _Run(engine.last_streams(sequences, recorder, progress), sizes)


def _effects(engines: Sequence[StreamedEngine], runs: Sequence[_Run]) -> list[Effect]:
    """Those of all runs but the first, which is compared with each."""
    lengths = [len(stream) for stream in runs[0].streams]
    streams = [np.concatenate(run.streams) for run in runs]
    kl = np.empty((len(runs) - 1, sum(lengths)))
    same = np.empty(kl.shape, bool)
    step = max(1, _MOST_SCORES // engines[0].shape.n_vocabulary)
    for first in range(0, sum(lengths), step):
        rows = slice(first, first + step)
        scores = engines[0].scores_of(streams[0][rows])
        for number, (engine, stream) in enumerate(zip(engines[1:], streams[1:], strict=True)):
            others = engine.scores_of(stream[rows])
            kl[number, rows] = divergences(scores, others)
            same[number, rows] = scores.argmax(axis=1) == others.argmax(axis=1)
    ends = np.cumsum(lengths) - 1
    return [
        Effect(
            kl_mean=float(kl[number].mean()),
            kl_end=float(kl[number, ends].mean()),
            same_top=float(same[number].mean()),
            left={place: run.sizes[place] / size for place, size in runs[0].sizes.items() if size > 0},
        )
        for number, run in enumerate(runs[1:])
    ]
