"""The order of heads by attention entropy, band of positions by band: within one text the bands agree but roughly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..runtime.bands import entropy_in_bands
from .quantity_document import BandOrder
from .rank_kernels import spearman_rows
from .sources import MissingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..arrays.floats import Floats
    from ..runtime.bands import Band
    from ..runtime.trace_result import Trace
    from .sources import Sources

_FEWEST_HEADS = 3  # for a rank correlation


def orders_in_bands(trace: Trace, sources: Sources, whole: Mapping[str, Floats]) -> list[BandOrder] | None:
    """The orders in every band that a prompt reaches; None where there are no bands.

    Args:
        trace: that was measured.
        sources: of predictions.
        whole: predictor → its number of each head for all positions, (layers, heads), where it has none for a band.
    """
    return list(_orders(trace, sources, whole)) or None


def _orders(trace: Trace, sources: Sources, whole: Mapping[str, Floats]) -> Iterator[BandOrder]:
    for band, measured in entropy_in_bands(trace).items():
        there = np.isfinite(trace.head_figure(band.figure)).any(axis=(1, 2))
        if not there.any():
            continue
        of_band = {name: _of_band(name, band, sources) for name in whole}
        yield BandOrder(
            first=band.first,
            last=band.last,
            n_prompts=int(there.sum()),
            spearman={name: _rho(_or(of_band[name], values), measured) for name, values in whole.items()},
            by_band=[name for name in whole if of_band[name] is not None],
        )


def _or(own: Floats | None, whole: Floats) -> Floats:
    return whole if own is None else own


def _of_band(name: str, band: Band, sources: Sources) -> Floats | None:
    """The prediction of a band, (layers, heads); None where the source has none."""
    if name == "probe" and sources.probe is not None:
        return entropy_in_bands(sources.probe).get(band)
    try:
        table = sources.preset(name).per_head.get(f"head_entropy_{band.key}")
    except MissingError:
        return None
    return None if table is None else sources.of_heads(table)


def _rho(predicted: Floats, measured: Floats) -> float | None:
    both = np.isfinite(predicted) & np.isfinite(measured)
    if both.sum() < _FEWEST_HEADS:
        return None
    rho = float(spearman_rows(predicted[both], np.ascontiguousarray(measured[both][None]))[0])
    return rho if np.isfinite(rho) else None
