"""Attention sinks: heads that give the first token nearly all of their attention, and so add next to nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...architecture.limits import NotApplicableError
from ...text.numbers import counted, percent, short
from ..standout_document import LayerSeries, Standout
from .by_head import by_layer, mean_of_heads
from .registry import Found
from .seen import SEEN, Seen
from .uniform import uniform_by_layer

if TYPE_CHECKING:
    from ...arrays.floats import Floats

NAME = "sink"
_FIGURE = "first_token_share"
SINK = 0.9  # of a head's attention
FEWEST = 8  # tokens of a sequence


@SEEN.kind(
    NAME,
    "Attention sinks",
    f"Heads whose mean attention on the first token, over the positions t ≥ 1, is at least {SINK}, where uniform"
    " attention gives it 1 / (t + 1); beside it ‖v‖ of the first token over the median of the others, which says what"
    " such a head adds.",
)
def find_sinks(seen: Seen) -> Found:
    """Head by head, the most complete sinks first."""
    if min(map(len, seen.tokens), default=0) < FEWEST:
        raise NotApplicableError(f"some of what was read has fewer than {FEWEST} tokens, too few to tell")
    figure, uniform = mean_of_heads(seen, _FIGURE), uniform_by_layer(seen, _FIGURE)
    sizes = _value_sizes(seen)
    known = np.isfinite(figure)
    places = np.argwhere(known & (np.where(known, figure, 0.0) >= SINK)).tolist()
    items = [
        _standout(layer, head, float(figure[layer, head]), float(uniform[layer]), float(sizes[layer, head]))
        for layer, head in places
    ]
    items.sort(key=lambda item: -(item.value or 0.0))
    series = {
        "share": LayerSeries("attention on the first token", by_layer(figure, seen.shape.n_heads)),
        "value_size": LayerSeries(
            "‖v‖ of the first token / median of the others",
            by_layer(sizes, seen.shape.n_heads),
            logarithmic=True,
        ),
    }
    return Found(items, series, _summary(items, figure, uniform, seen))


def _value_sizes(seen: Seen) -> Floats:
    """‖v‖ of the first token, as `SinkValues.ratios`, for each query head: median over sequences, (layers, heads)."""
    ratios = seen.recorder.sink_values.ratios[: len(seen.tokens)]
    sizes = np.full((seen.shape.n_layers, max(seen.shape.n_heads, default=0)), np.nan)
    for layer, (n_heads, n_kv_heads) in enumerate(zip(seen.shape.n_heads, seen.shape.n_kv_heads, strict=True)):
        own = ratios[:, layer, :n_kv_heads]
        if n_kv_heads and n_heads % n_kv_heads == 0 and np.isfinite(own).all():
            sizes[layer, :n_heads] = np.repeat(np.median(own, axis=0), n_heads // n_kv_heads)
    return sizes


def _standout(layer: int, head: int, share: float, uniform: float, size: float) -> Standout:
    evidence = {"uniform": uniform}
    value = ""
    if np.isfinite(size):
        evidence["value_size"] = size
        value = f"; the value there has {short(size)} times the usual norm"
    return Standout(
        kind=NAME,
        layer=layer,
        head=head,
        place={"token": 0},
        value=share,
        compared=share / uniform,
        evidence=evidence,
        sentence=f"Layer {layer}, head {head} gives {percent(round(share, 3))} % of its attention to the first token,"
        f" uniform attention would give {percent(round(uniform, 3))} %{value}.",
    )


def _summary(items: list[Standout], figure: Floats, uniform: Floats, seen: Seen) -> str:
    """The attention of all heads on the first token, sinks or not."""
    known = np.isfinite(figure)
    usual = np.broadcast_to(uniform[:, None], figure.shape)[known].mean()
    over_all = (
        f"{percent(round(float(figure[known].mean()), 3))} %, where uniform attention gives"
        f" {percent(round(float(usual), 3))} %"
    )
    ids = {int(tokens[0]) for tokens in seen.tokens}
    token = f" ({seen.token_text(ids.pop())})" if len(ids) == 1 else ""
    n_heads = counted(int(known.sum()), "head")
    if not items:
        return f"No head is a sink; all {n_heads} together give the first token{token} {over_all}."
    sizes = [item.evidence["value_size"] for item in items if "value_size" in item.evidence]
    small = f" Its values have {short(float(np.median(sizes)))} times the usual norm there." if sizes else ""
    return (
        f"{len(items)} of {n_heads} give {percent(SINK)} % of their attention or more to the first token{token};"
        f" all heads together give it {over_all}.{small}"
    )
