"""Neurons that were never active while the model read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...architecture.limits import NotApplicableError
from ...text.numbers import counted, short
from ..standout_document import MOST_ITEMS, LayerSeries, Standout
from .registry import Found
from .seen import SEEN, Seen

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..shape import Array

QUIET = 0.01  # of the rms of a token's gated products
FEWEST = 200  # tokens


@SEEN.kind(
    "quiet_neuron",
    "Neurons never active",
    f"Neurons whose gated product stays, in absolute value, below {QUIET} of the rms over its layer's neurons at every"
    f" token that was read, {FEWEST} or more, random ones that test induction among them; in a mixture at every token"
    " that chose the expert, with the rms over its neurons.",
)
def find_quiet_neurons(seen: Seen) -> Found:
    """Neurons by the largest product of all tokens."""
    neurons, layers = seen.recorder.neurons, range(seen.shape.n_layers)
    most = max((int(neurons.n_tokens(layer).max()) for layer in layers), default=0)
    if most == 0:
        raise NotApplicableError("no layer has neurons that could be watched")
    if most < FEWEST:
        read = counted(most, "token")
        raise NotApplicableError(f"{read} were read, and {FEWEST} are needed to call a neuron never active")
    shares: list[float | None] = []
    items: list[Standout] = []
    n_found = n_judged = 0
    for layer in layers:
        peaks, n_tokens = neurons.peaks(layer), neurons.n_tokens(layer)
        judged = n_tokens >= FEWEST
        if peaks is None or not judged.any():
            shares.append(None)
            continue
        quiet = (peaks < QUIET) & judged[:, None]
        n_found, n_judged = n_found + int(quiet.sum()), n_judged + int(judged.sum()) * peaks.shape[1]
        shares.append(float(quiet[judged].mean()))
        items += [_standout(peaks, n_tokens, layer, place) for place in np.argwhere(quiet)[:MOST_ITEMS].tolist()]
    items.sort(key=lambda item: item.value or 0.0)
    series = {"share": LayerSeries("share of neurons never active", shares)}
    return Found(items[:MOST_ITEMS], series, _summary(n_found, n_judged, most), n_found)


def _standout(peaks: Array, n_tokens: npt.NDArray[np.int64], layer: int, place: list[int]) -> Standout:
    expert, neuron = place
    peak, usual = float(peaks[expert, neuron]), float(np.median(peaks[expert]))
    named = {"neuron": neuron} | ({"expert": expert} if len(peaks) > 1 else {})
    of_expert = f", expert {expert}" if len(peaks) > 1 else ""
    sentence = (
        f"Layer {layer}{of_expert}, neuron {neuron} never reached {QUIET:g} of the rms in {n_tokens[expert]} tokens: at"
        f" most {short(peak)}, where half of the neurons reach {short(usual)}."
    )
    compared = peak / usual if usual > 0 else None
    return Standout("quiet_neuron", layer, None, named, peak, compared, {"tokens": float(n_tokens[expert])}, sentence)


def _summary(n_found: int, n_judged: int, n_tokens: int) -> str | None:
    if n_found < 2:
        return None
    return f"{n_found} of {counted(n_judged, 'neuron')} were never active in {counted(n_tokens, 'token')}."
