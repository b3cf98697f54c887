"""Heads that do one thing whatever they read: they look at the token before, at their own, or at everything alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...text.numbers import counted, percent
from ..standout_document import LayerSeries, Standout
from .by_head import by_layer, mean_of_heads
from .registry import Found
from .seen import SEEN, Seen
from .uniform import uniform_by_layer

if TYPE_CHECKING:
    from ...arrays.floats import Floats

HALF = 0.5  # of a head's attention
TIMES_UNIFORM = 3.0
NEARLY_UNIFORM = 0.95
USUAL = 0.25  # of all heads: what so many do stands out nowhere


@dataclass(frozen=True, eq=False)
class _Heads:
    """A figure of every head, and from when on it stands out.

    Attributes:
        kind: name of the kind.
        figure: mean over the sequences, (layers, heads); NaN for none.
        least: likewise.
        uniform: the figure of attention that is the same on all keys seen, (layers,); None: nothing is compared.
        doing: of a head in the middle of a sentence, behind its number.
    """

    kind: str
    figure: Floats
    least: Floats
    uniform: Floats | None
    doing: str


@SEEN.kind(
    "previous_token_head",
    "Heads on the token before",
    f"Heads whose mean attention on the token before, over the positions t ≥ 2, is at least {HALF}, and"
    f" {TIMES_UNIFORM:g} times what uniform attention on the keys seen would give.",
)
def find_previous_token_heads(seen: Seen) -> Found:
    """Heads that carry each token's content on to the next, the first half of induction."""
    return _on_one_key(seen, "previous_token_head", "previous_token_share", "the token before")


@SEEN.kind(
    "own_token_head",
    "Heads on their own token",
    f"Heads whose mean attention on the query's own token, over the positions t ≥ 1, is at least {HALF}, and"
    f" {TIMES_UNIFORM:g} times what uniform attention on the keys seen would give.",
)
def find_own_token_heads(seen: Seen) -> Found:
    """Heads that mix nothing, or little: what they add depends on the token alone."""
    return _on_one_key(seen, "own_token_head", "own_token_share", "its own token")


def _on_one_key(seen: Seen, kind: str, name: str, key: str) -> Found:
    figure, uniform = mean_of_heads(seen, name), uniform_by_layer(seen, name)
    least = np.maximum(HALF, TIMES_UNIFORM * uniform)[:, None]
    heads = _Heads(kind, figure, np.broadcast_to(least, figure.shape), uniform, f"of its attention to {key}")
    return _found(heads, seen, f"attention on {key.replace('its', 'the')}")


@SEEN.kind(
    "spread_head",
    "Heads that spread their attention",
    f"Heads whose attention has at least {NEARLY_UNIFORM} of the entropy of uniform attention on the keys seen, mean"
    " over the positions.",
)
def find_spread_heads(seen: Seen) -> Found:
    """Heads that take a mean over everything."""
    figure = mean_of_heads(seen, "entropy_share")
    least = np.full_like(figure, NEARLY_UNIFORM)
    heads = _Heads("spread_head", figure, least, None, "of the entropy that uniform attention has")
    return _found(heads, seen, "attention entropy / ln(keys seen)")


def _found(heads: _Heads, seen: Seen, caption: str) -> Found:
    """The heads that reach what is asked for, the highest first; none where it is usual in this model."""
    known = np.isfinite(heads.figure)
    places = np.argwhere(known & (np.where(known, heads.figure, 0.0) >= heads.least))
    series = {"share": LayerSeries(caption, by_layer(heads.figure, seen.shape.n_heads))}
    n_heads = int(known.sum())
    if len(places) > USUAL * n_heads:
        usual = f"{len(places)} of {counted(n_heads, 'head')} do so: in this model it is usual"
        return Found(series=series, summary=usual)
    items = [_standout(heads, int(layer), int(head)) for layer, head in places]
    items.sort(key=lambda item: -(item.value or 0.0))
    return Found(items, series, _summary(items, n_heads))


def _standout(heads: _Heads, layer: int, head: int) -> Standout:
    value = float(heads.figure[layer, head])
    if heads.uniform is None:
        compared, evidence, beside, verb = None, {}, "", "has"
    else:
        usual = float(heads.uniform[layer])
        compared, evidence, verb = value / usual, {"uniform": usual}, "gives"
        beside = f"; uniform attention would give {percent(round(usual, 3))} %"
    sentence = f"Layer {layer}, head {head} {verb} {percent(round(value, 3))} % {heads.doing}{beside}."
    return Standout(heads.kind, layer, head, {}, value, compared, evidence, sentence)


def _summary(items: list[Standout], n_heads: int) -> str | None:
    if len(items) < 2:
        return None
    layers = sorted({item.layer for item in items if item.layer is not None})
    strongest = f"the strongest is head {items[0].head} of layer {items[0].layer}"
    return f"{len(items)} of {counted(n_heads, 'head')}, in layers {', '.join(map(str, layers))}; {strongest}."
