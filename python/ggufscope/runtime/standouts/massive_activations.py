"""Massive activations: a few channels of the residual stream that are thousands of times as large as the others.

Trained models make them on their first tokens, early, keep them through most layers as a constant, and take them down
at the end (Sun et al. 2024, "Massive Activations in Large Language Models", whose threshold this is).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...architecture.limits import NotApplicableError
from ...text.numbers import count_text, counted, rounded
from ..standout_document import LayerSeries, Standout
from .registry import Found
from .seen import SEEN, Seen

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...arrays.floats import Floats
    from ..measuring.stream_peaks import StreamPeaks

NAME = "massive_activation"
MASSIVE = 1000  # times the median
LEFT = 0.5  # of the peak: with less the activation is taken down


@dataclass(frozen=True, eq=False)
class _Channel:
    """What was seen of one channel.

    Attributes:
        channel: its number.
        values: x of each sequence and layer, (sequences, layers); 0 where others are larger.
        ratios: |x| over the median of the stream there, likewise.
        tokens: that carry it, likewise; −1 where others are larger.
    """

    channel: int
    values: Floats
    ratios: Floats
    tokens: npt.NDArray[np.int32]


@SEEN.kind(
    NAME,
    "Massive activations",
    f"Channels of the residual stream in which, behind some layer, the largest |x| over the tokens is at least"
    f" {count_text(MASSIVE)} times the median |x| of the stream there, the median over the sequences; they last from"
    f" that layer to the last with {LEFT:g} of their peak.",
)
def find_massive_activations(seen: Seen) -> Found:
    """Channel by channel, the largest first."""
    peaks = seen.recorder.stream_peaks
    largest = [_median(ratios) for ratios in peaks.ratios[: len(seen.tokens), :, 0].T]
    if all(ratio is None for ratio in largest):
        raise NotApplicableError("the stream behind no layer was finite and of any size")
    caption = "largest |x| / median |x| of the stream"
    series = {"largest": LayerSeries(caption, largest, logarithmic=True)}
    items = [item for channel in _channels(peaks, len(seen.tokens)) if (item := _standout(channel, seen)) is not None]
    items.sort(key=lambda item: -(item.compared or 0.0))
    return Found(items, series, _summary(items))


def _channels(peaks: StreamPeaks, n_sequences: int) -> list[_Channel]:
    """The channels that are massive anywhere."""
    ratios, channels = np.nan_to_num(peaks.ratios[:n_sequences]), peaks.channels[:n_sequences]
    numbers = np.unique(channels[ratios >= MASSIVE])
    found = []
    for number in numbers.tolist():
        there = channels == number
        found.append(
            _Channel(
                number,
                np.where(there, peaks.values[:n_sequences], 0.0).sum(axis=2),
                np.where(there, ratios, 0.0).sum(axis=2),
                np.where(there, peaks.tokens[:n_sequences], 0).sum(axis=2) + np.where(there.any(axis=2), 0, -1),
            )
        )
    return found


def _standout(channel: _Channel, seen: Seen) -> Standout | None:
    """The finding; None where the channel is massive in less than half of the sequences."""
    ratios = np.median(channel.ratios, axis=0)
    if not (ratios >= MASSIVE).any():
        return None
    sizes = np.median(np.abs(channel.values), axis=0)
    first = int(np.flatnonzero(ratios >= MASSIVE)[0])
    peak = first + int(sizes[first:].argmax())
    lower = np.flatnonzero(sizes[peak:] < LEFT * sizes[peak])
    last = len(sizes) - 1 if lower.size == 0 else peak + int(lower[0]) - 1
    highest = first + int(ratios[first : last + 1].argmax())
    token, n_carried = Counter(channel.tokens[:, peak].tolist()).most_common(1)[0]
    sign = 1.0 if np.median(channel.values[:, peak]) >= 0 else -1.0
    growth = _growth(seen.recorder.stream_peaks, channel, first)
    evidence = {"size_at_first_layer": float(sizes[first]), "carried_by_token": n_carried / len(seen.tokens)}
    if growth is not None:
        evidence["growth"] = growth
    if last + 1 < len(sizes):
        evidence["left_behind_last"] = float(sizes[last + 1] / sizes[peak])
    place = {"channel": channel.channel, "token": int(token), "first_layer": first, "last_layer": last}
    return Standout(
        kind=NAME,
        layer=None,
        head=None,
        place=place,
        value=sign * float(sizes[peak]),
        compared=float(ratios[highest]),
        evidence=evidence,
        sentence=_sentence(place, sign * float(sizes[peak]), float(ratios[highest]), growth, seen),
    )


def _growth(peaks: StreamPeaks, channel: _Channel, layer: int) -> float | None:
    """|x| behind a layer over the largest of any channel in front of it, median over sequences."""
    if layer == 0:
        return None
    before = np.abs(peaks.values[: len(channel.values), layer - 1, 0])
    with np.errstate(divide="ignore", invalid="ignore"):
        return _median(np.abs(channel.values[:, layer]) / before)


def _sentence(place: dict[str, int], value: float, ratio: float, growth: float | None, seen: Seen) -> str:
    first, last, token = place["first_layer"], place["last_layer"], place["token"]
    ids = {int(tokens[token]) for tokens in seen.tokens if token < len(tokens)}
    text = f" ({seen.token_text(ids.pop())})" if len(ids) == 1 else ""
    layers = f"layers {first} to {last}" if first < last else f"layer {first}"
    grown = "" if growth is None else f", {rounded(growth)} times the largest value in front of it"
    n_layers = seen.shape.n_layers
    end = "it lasts to the last layer" if last + 1 == n_layers else f"layer {last + 1} takes it down"
    return (
        f"Channel {place['channel']} of the residual stream reaches {rounded(value)} behind {layers}, up to"
        f" {rounded(ratio)} times the median, on the token at position {token}{text}; layer {first} makes it{grown};"
        f" {end}."
    )


def _summary(items: list[Standout]) -> str | None:
    if len(items) < 2:
        return None
    channels = ", ".join(str(item.place["channel"]) for item in items)
    tokens = sorted({item.place["token"] for item in items})
    positions = f"position{'' if len(tokens) == 1 else 's'} {', '.join(map(str, tokens))}"
    return f"{counted(len(items), 'channel')} ({channels}) hold massive activations, on the token at {positions}."


def _median(values: Floats) -> float | None:
    """Over those that are finite; None without any."""
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else None
