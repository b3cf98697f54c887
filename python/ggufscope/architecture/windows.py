"""Sliding windows: which layers have one, and what the metadata say apart for these."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .hyperparameters import Hyperparameters


def window_of(hyperparameters: Hyperparameters, layer: int) -> int | None:
    """Keys that a query sees in a layer with a sliding window; the last layer of each period has none.

    The metadata may say which layers have one, layer by layer, or another period than the family's.
    """
    if hyperparameters.family.local_period == 0:
        return None
    pattern = "attention.sliding_window_pattern"
    local = hyperparameters.flag_of(pattern, layer)
    if local is None:
        period = hyperparameters.count(pattern) or hyperparameters.family.local_period
        local = _is_local(layer % period, period, hyperparameters)
    if not local:
        return None
    return hyperparameters.count("attention.sliding_window") or hyperparameters.family.local_window


def _is_local(place: int, period: int, hyperparameters: Hyperparameters) -> bool:
    return place > 0 if hyperparameters.family.local_first else place < period - 1


def count_for_window(hyperparameters: Hyperparameters, key: str, layer: int, window: int | None) -> int | None:
    """A count that the metadata may say apart for layers with a window."""
    apart = None if window is None else hyperparameters.count(f"{key}_swa", layer)
    return apart or hyperparameters.count(key, layer)
