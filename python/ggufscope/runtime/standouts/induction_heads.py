"""Induction heads: they look for what followed the query's token before, and so continue what was read already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...architecture.limits import NotApplicableError
from ...text.numbers import counted, percent
from ..standout_document import LayerSeries, Standout
from .by_head import by_layer
from .registry import Found
from .seen import SEEN, Seen

if TYPE_CHECKING:
    from ..measuring.induction import Induction

LEAST = 0.3  # in four draws no head of SmolLM2 or Gemma 3 had 0.31 to 0.34, and few had 0.26 to 0.4
TIMES_CONTROL = 4.0


@SEEN.kind(
    "induction_head",
    "Induction heads",
    "Heads that, where random tokens stand twice in a row, give the token behind the earlier occurrence of the query's"
    f" token at least {LEAST} of their attention in the second half, and {TIMES_CONTROL:g} times what they give the"
    " same places where nothing repeats.",
)
def find_induction_heads(seen: Seen) -> Found:
    """Scores of a reading of its own: the text alone seldom repeats."""
    measured = seen.induction
    if isinstance(measured, str):
        raise NotApplicableError(measured)
    known = np.isfinite(measured.score) & np.isfinite(measured.control)
    if not known.any():
        raise NotApplicableError(f"no head sees {measured.length} tokens back")
    score, control = (np.where(known, table, 0.0) for table in (measured.score, measured.control))
    places = np.argwhere(known & (score >= LEAST) & (score >= TIMES_CONTROL * control))
    items = [_standout(measured, int(layer), int(head)) for layer, head in places]
    items.sort(key=lambda item: -(item.value or 0.0))
    captions = {"score": "attention on what followed before", "control": "the same where nothing repeats"}
    tables = {"score": measured.score, "control": measured.control}
    series = {name: LayerSeries(captions[name], by_layer(tables[name], seen.shape.n_heads)) for name in captions}
    return Found(items, series, _summary(measured, items, int(known.sum())))


def _standout(measured: Induction, layer: int, head: int) -> Standout:
    value, control = float(measured.score[layer, head]), float(measured.control[layer, head])
    uniform = float(measured.uniform[layer])
    sentence = (
        f"Layer {layer}, head {head} gives {percent(round(value, 3))} % of its attention to the token that followed"
        f" before ({percent(round(control, 3))} % where nothing repeats)."
    )
    evidence = {"control": control, "uniform": uniform, "deviation": float(measured.deviation[layer, head])}
    return Standout("induction_head", layer, head, {}, value, value / uniform, evidence, sentence)


def _summary(measured: Induction, items: list[Standout], n_heads: int) -> str:
    read = (
        f"{measured.length} random tokens twice in a row, {counted(measured.n_repeated, 'sequence')} and"
        f" {counted(measured.n_controls, 'control')}"
    )
    if not items:
        best = np.unravel_index(np.nanargmax(measured.score), measured.score.shape)
        highest = f"{percent(round(float(measured.score[best]), 3))} %"
        return f"No head of {n_heads} looks for what followed before: at most {highest} ({read})."
    layers = sorted({item.layer for item in items if item.layer is not None})
    return f"{len(items)} of {counted(n_heads, 'head')}, in layers {', '.join(map(str, layers))} ({read})."
