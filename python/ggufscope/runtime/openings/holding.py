"""Activations held in memory while an engine hands them over: of the first tokens of prompts, at chosen points."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..measuring.figures import NEAR_ZERO
from ..measuring.kept import checked_points

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...arrays.floats import Floats
    from ..shape import Array

_COUNTED = frozenset({"v", "gated"})  # points whose near-zero shares are counted
_HEADS = "attention"  # the one point that has no vector of a token


class Holding:
    """The `keep` of a Recorder that holds what it is asked for.

    Sizes of vectors are reduced to numbers of each token at every point; vectors are copied at the chosen points.

    Args:
        lengths: prompt → its first so many tokens count; nothing is held of a prompt that is not among them.
        points: where vectors are held, names in `capture.POINTS`.
        points_of: prompt → points in place of those, for some prompts.

    Raises:
        ValueError: There is no such point.
    """

    def __init__(
        self,
        lengths: Mapping[int, int],
        points: Sequence[str],
        points_of: Mapping[int, Sequence[str]] | None = None,
    ) -> None:
        self._lengths = dict(lengths)
        usual = frozenset(checked_points(points))
        others = {prompt: frozenset(checked_points(names)) for prompt, names in (points_of or {}).items()}
        self._points = {prompt: others.get(prompt, usual) for prompt in lengths}
        self._vectors: dict[tuple[int, int, str], Array] = {}
        self._squares: dict[tuple[int, int, str], Floats] = {}
        self._near_zero: dict[tuple[int, int, str], Floats] = {}
        self._probabilities: dict[tuple[int, int], dict[int, Array]] = {}

    def __call__(self, prompt: int, layer: int, point: str, first_head: int, values: Array) -> None:
        """Take what an engine hands over; see `capture.Recorder.take`. From any thread."""
        length = self._lengths.get(prompt)
        if length is None:
            return
        if point == _HEADS:
            if point in self._points[prompt]:
                runs = self._probabilities.setdefault((prompt, layer), {})
                runs[first_head] = values[:, :length, :length].copy()
            return
        place = prompt, layer, point
        rows = values[:length]
        self._squares[place] = np.square(rows, dtype=np.float64).mean(axis=1)
        if point in _COUNTED:
            below = np.abs(rows) < NEAR_ZERO * np.sqrt(self._squares[place])[:, None]
            self._near_zero[place] = np.where(self._squares[place] > 0, below.mean(axis=1), np.nan)
        if point in self._points[prompt]:
            self._vectors[place] = rows.copy()

    def has(self, prompt: int, layer: int, point: str) -> bool:
        """Whether a layer handed over that point."""
        return (prompt, layer) in self._probabilities if point == _HEADS else (prompt, layer, point) in self._squares

    def at(self, prompt: int, layer: int, point: str) -> Array:
        """The vectors, (tokens, width); of `attention` (heads, tokens, keys).

        Raises:
            KeyError: The point is not held, or the layer has no such point.
        """
        if point == _HEADS:
            runs = self._probabilities[prompt, layer]
            return runs[0] if len(runs) == 1 else np.concatenate([runs[first] for first in sorted(runs)])
        return self._vectors[prompt, layer, point]

    def mean_squares(self, prompt: int, layer: int, point: str) -> Floats:
        """Mean square over the width of each token, (tokens,); KeyError where the layer has no such point."""
        return self._squares[prompt, layer, point]

    def near_zero(self, prompt: int, layer: int, point: str) -> Floats:
        """Share of each token's `v` or `gated` below 0.1 of its own rms, (tokens,); NaN where all is zero."""
        return self._near_zero[prompt, layer, point]
