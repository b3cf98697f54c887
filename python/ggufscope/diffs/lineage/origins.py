"""Whether a model was made from the reference: the signs of large weights and the gains, which survive quantization.

An error of half a step does not turn the sign of a weight of several steps, and gains are stored exactly. Weights of
models that have nothing in common agree in half of their signs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...arrays.floats import widened
from ..lineage_record import LayerOrigin
from .sampling import seen_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from ..matching import TensorPair

    Floats = npt.NDArray[np.float64]

_SAMPLE = 1 << 14  # weights of a matrix that are looked at
_LARGE = 0.75  # quantile of |a| above which a weight is large
CARRIED = 0.9  # sign agreement from which on a layer was made from the other: IQ1_S keeps .93, ternary types .97
_RELATED = 0.6  # and below which nothing is left of it


def origins(pairs: Iterable[TensorPair]) -> list[LayerOrigin]:
    """Compare signs and gains, layer by layer.

    Raises:
        GGUFError: A file shrank since it was opened.
        ValueError: A model is closed.
    """
    by_layer: dict[int | None, list[TensorPair]] = {}
    for pair in pairs:
        if pair.model.stack is None and pair.model.n_elements:
            by_layer.setdefault(pair.model.layer, []).append(pair)
    ordered = sorted(by_layer, key=lambda layer: (layer is None, layer or 0))
    return [_origin(layer, by_layer[layer]) for layer in ordered]


def made_from(layers: Sequence[LayerOrigin]) -> str | None:
    """`"all"`, `"some"` or `"none"`: of how many layers the signs are the reference's; None where none has signs."""
    shares = [layer.sign_agreement for layer in layers if layer.sign_agreement is not None]
    if not shares:
        return None
    if all(share >= CARRIED for share in shares):
        return "all"
    return "none" if all(share < _RELATED for share in shares) else "some"


def _origin(layer: int | None, pairs: list[TensorPair]) -> LayerOrigin:
    n_signs, agreeing = 0, 0
    gains: list[tuple[Floats, Floats]] = []
    for pair in pairs:
        if pair.model.kind == "matrix":
            a, b = _sample(pair)
            large = np.abs(a) > np.quantile(np.abs(a), _LARGE) if a.size else np.zeros(0, bool)
            n_signs += int(np.count_nonzero(large))
            agreeing += int(np.count_nonzero(np.sign(a[large]) == np.sign(b[large])))
        elif pair.model.kind == "vector" and (pair.model.role or "").endswith("norm"):
            gains.append(_sample(pair))
    return LayerOrigin(layer, n_signs, agreeing / n_signs if n_signs else None, _correlation(gains))


def _sample(pair: TensorPair) -> tuple[Floats, Floats]:
    """Finite weights of both sides from the first rows, seen as they are compared."""
    rows = slice(0, max(1, _SAMPLE // max(1, pair.shape[-1])))
    a = widened(seen_rows(pair.reference, pair.view.reference, rows)).reshape(-1)
    b = widened(seen_rows(pair.model, pair.view.model, rows)).reshape(-1)
    finite = np.isfinite(a) & np.isfinite(b)
    return a[finite], b[finite]


def _correlation(gains: list[tuple[Floats, Floats]]) -> float | None:
    a = np.concatenate([pair[0] for pair in gains]) if gains else np.zeros(0)
    b = np.concatenate([pair[1] for pair in gains]) if gains else np.zeros(0)
    a, b = a - np.mean(a) if a.size else a, b - np.mean(b) if b.size else b
    scale = float(np.sqrt(np.sum(a * a) * np.sum(b * b)))
    return float(np.sum(a * b)) / scale if scale > 0 else None
