"""Gains that are tuned to massive activations: norms that shut out a channel of the stream while it is massive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...architecture.limits import NotApplicableError
from ...runtime.standouts import Found, Standout, seen_on_openings
from ...runtime.standouts.massive_activations import find_massive_activations
from ...text.numbers import rounded
from .source import WEIGHTS, openings_in_words

if TYPE_CHECKING:
    from ...architecture.layer import Layer
    from ...architecture.parts import Norm
    from .source import Weights

NAME = "tuned_gain"
SHUT = 0.1  # of the median


@dataclass(frozen=True)
class _Gain:
    """A norm's gain at a channel, against the median |gain|, and whether no other channel has a smaller one."""

    layer: int
    ratio: float
    is_least: bool


@WEIGHTS.kind(
    NAME,
    "Gains tuned to massive activations",
    "Massive channels of the openings whose |gain|, in the norms in front of attention or FFN that read them massive,"
    f" is less than {SHUT:g} of the norm's median, in at least half of these norms.",
)
def find_tuned_gains(weights: Weights) -> Found:
    """Channel by channel, attention and FFN apart, the smallest gains first."""
    model, openings = weights.need_model(), weights.openings
    if isinstance(openings, str):
        raise NotApplicableError(f"which channels are massive shows when the model is run: {openings}")
    items = []
    for channel in find_massive_activations(seen_on_openings(model, openings)).items:
        items += [item for branch in ("attention", "FFN") if (item := _of_branch(weights, channel, branch)) is not None]
    items.sort(key=lambda item: item.compared or 0.0)
    return Found(items, seen_on=openings_in_words(openings))


def _of_branch(weights: Weights, channel: Standout, branch: str) -> Standout | None:
    """The norms in front of one branch; None where they do not shut the channel out."""
    number, first, last = (channel.place[name] for name in ("channel", "first_layer", "last_layer"))
    behind = min(last + 1, weights.blueprint.n_layers - 1)
    every = [_gain(weights, layer, branch, number) for layer in range(first + 1, behind + 1)]
    gains = [gain for gain in every if gain is not None]
    reading = [gain for gain in gains if gain.layer <= last]
    shut = [gain for gain in reading if gain.ratio < SHUT]
    if not reading or 2 * len(shut) < len(reading):
        return None
    usual = float(np.median([gain.ratio for gain in reading]))
    n_least = sum(gain.is_least for gain in reading)
    evidence = {"norms": float(len(reading)), "shut": float(len(shut)), "least_of_all": float(n_least)}
    opened = ""
    if gains[-1].layer == last + 1:
        evidence["behind_last"] = gains[-1].ratio
        opened = f"; in layer {last + 1}, which takes the channel down, it has {rounded(gains[-1].ratio)}"
    return Standout(
        kind=NAME,
        layer=None,
        head=None,
        place={
            "channel": number,
            "ffn": int(branch == "FFN"),
            "first_layer": reading[0].layer,
            "last_layer": reading[-1].layer,
        },
        value=usual,
        compared=usual,
        evidence=evidence,
        sentence=f"The norms in front of the {branch} of layers {reading[0].layer} to {reading[-1].layer} shut out the"
        f" massive channel {number}: its gain has {rounded(usual)} times the median of a norm, and is the smallest of"
        f" all in {n_least} of {len(reading)}{opened}.",
    )


def _gain(weights: Weights, layer: int, branch: str, channel: int) -> _Gain | None:
    """Of a layer; None where no norm stands in front of the branch."""
    norm = _norm(weights.blueprint.layer(layer), branch)
    if norm is None:
        return None
    sizes = np.abs(norm.gain)
    median = float(np.median(sizes))
    return _Gain(layer, float(sizes[channel] / median), bool(sizes[channel] <= sizes.min())) if median > 0 else None


def _norm(layer: Layer, branch: str) -> Norm | None:
    return (layer.mixer_norms if branch == "attention" else layer.feed_forward_norms).before
