"""Several residual streams, of which a layer computes one (AltUp, arXiv 2301.13310; Gemma 3n).

    streams x₀ … x₃ ─ predict: xᵢ + Σⱼ cᵢⱼ xⱼ ─▶ p₀ … p₃      p_active ─ layer ─▶ y
    correct: pᵢ + (1 + dᵢ) (y − p_active) ─▶ streams behind the layer

Coefficients c and d come out of tanh(router · norm(stream) / width) of the active stream, before and behind the layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .limits import NotApplicableError

if TYPE_CHECKING:
    from ..arrays.floats import Floats
    from .matrices import Matrix
    from .parts import Norm
    from .sources import Sources

_MOST_STREAMS = 64  # models have 4


@dataclass(frozen=True)
class StreamEnds:
    """How the embedding becomes several streams, and the streams one again.

    Attributes:
        spread: of the embedding to each stream but the first, (channels, channels).
        merge: of each stream but the first, (channels, channels).
    """

    spread: list[Matrix]
    merge: list[Matrix]


@dataclass(frozen=True)
class Streams:
    """Prediction and correction around a layer.

    Attributes:
        n_streams: their number.
        router_norm: of the active stream, the first one.
        router: (streams, channels).
        predict: (streams · streams, streams): rows of c, one stream that is predicted after the other.
        correct: (streams, streams).
        own_gain: (channels,), of the active stream where the layer's own input is gated by it.
    """

    n_streams: int
    router_norm: Norm
    router: Matrix
    predict: Matrix
    correct: Matrix
    own_gain: Floats

    @property
    def matrices(self) -> list[Matrix]:
        return [self.router, self.predict, self.correct]


@dataclass(frozen=True)
class Laurel:
    """A low-rank branch beside attention: x + norm(up · down · x) of what attention reads."""

    down: Matrix
    up: Matrix
    norm: Norm

    @property
    def matrices(self) -> list[Matrix]:
        return [self.down, self.up]


def stream_ends(sources: Sources) -> StreamEnds | None:
    """Gathered from tensors outside the layers; None where there is one stream.

    Raises:
        NotApplicableError: Something is missing, or does not fit.
    """
    catalog, width = sources.catalog, sources.width
    if not catalog.has(None, "altup_proj"):
        return None
    others = n_streams(sources) - 1
    spread, merge = (catalog.experts(None, role, others, width, width) for role in ("altup_proj", "altup_unembd_proj"))
    return StreamEnds(spread, merge)


def streams(sources: Sources, layer: int) -> Streams | None:
    """Gathered from the tensors of a layer; None where there is one stream.

    Raises:
        NotApplicableError: Something is missing, or does not fit.
    """
    catalog, width = sources.catalog, sources.width
    if not catalog.has(layer, "altup_router"):
        return None
    n = n_streams(sources)
    return Streams(
        n_streams=n,
        router_norm=sources.norm(layer, "altup_router_norm"),
        router=catalog.matrix(layer, "altup_router", n, width),
        predict=catalog.matrix(layer, "altup_predict_coef", n * n, n),
        correct=catalog.matrix(layer, "altup_correct_coef", n, n),
        own_gain=catalog.needed_vector(layer, "altup_correct_scale", width),
    )


def laurel(sources: Sources, layer: int) -> Laurel | None:
    """Gathered from the tensors of a layer; None where it has none.

    Raises:
        NotApplicableError: Something is missing, or does not fit.
    """
    catalog, width = sources.catalog, sources.width
    if not catalog.has(layer, "laurel_l"):
        return None
    rank = catalog.need(layer, "laurel_l").n_rows
    return Laurel(
        catalog.matrix(layer, "laurel_l", rank, width),
        catalog.matrix(layer, "laurel_r", width, rank),
        sources.norm(layer, "laurel_post_norm"),
    )


def n_streams(sources: Sources) -> int:
    """The number of streams, of which the first is active.

    Raises:
        NotApplicableError: The metadata say another is, or there are more than models have.
    """
    numbers = sources.hyperparameters
    n = numbers.needed_count("altup.num_inputs")
    if n < 2 or n > _MOST_STREAMS:
        raise NotApplicableError(f"altup.num_inputs says {n} streams")
    if numbers.value("altup.active_idx", None) not in {None, 0}:
        raise NotApplicableError("altup.active_idx says that another stream than the first is active")
    return n
