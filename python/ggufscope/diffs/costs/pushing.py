"""Errors pushed through their own branch, while the reference reads a text.

    stream ─ norm ─▶ read ─┬─ branch, exact ──────────────────────▶ added ─▶ stream
                           └─ branch with one matrix substituted ─▶ added + d

q, k and v go through attention and the output projection, gate and up through the activation and the down projection.
Products that the substituted matrix does not change are taken from the exact branch (`KeptProducts`). What stands in
neither branch (own inputs of layers, several streams) is pushed through its whole layer.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...architecture.substituting import matrices_in, substituted
from ...runtime.engines.streamed.kept_products import KeptProducts
from ...runtime.engines.streamed.norms import normed
from .reading_points import ReadingPoints, mean_squares

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ...architecture.layer import Layer
    from ...architecture.matrices import RowSource
    from ...architecture.parts import Norm
    from ...arrays.floats import Floats
    from ...runtime.engines.streamed.engine import StreamedEngine
    from ...runtime.engines.streamed.layer_pass import Branch
    from ...runtime.shape import Array

_WHOLE = "whole"  # in place of a branch: the layer


@dataclass(frozen=True, eq=False)
class PushedError:
    """What one substituted matrix adds to the stream.

    Attributes:
        tensor: name of the tensor.
        type_name: name of the type it is substituted in.
        squares: E by channel, see `mean_squares`.
        first_point: number of the first reading point behind it.
        largest_share: the largest ‖d‖² / ‖stream before the branch‖² of a token, token 0 included.
    """

    tensor: str
    type_name: str
    squares: Floats
    first_point: int
    largest_share: float


class ErrorWatch:
    """A `LayerWatch` that pushes the errors of candidates.

    Args:
        engine: that reads.
        candidates: rows by tensor and type.

    Attributes:
        points: that the stream was read at so far.
        errors: pushed so far.
        scale: by which layers multiplied the stream so far.
    """

    def __init__(self, engine: StreamedEngine, candidates: Mapping[str, Mapping[str, RowSource]]) -> None:
        self.points = ReadingPoints()
        self.errors: list[PushedError] = []
        self.scale = 1.0
        self._engine = engine
        self._candidates = candidates
        self._layer: Layer = engine.network.layers[0]
        self._tensors: dict[str, list[str]] = {}  # branch of this layer → names of candidates in it
        self._start: Array | None = None  # of the layer, where errors go through all of it

    def begin(self, number: int, x: Array) -> None:
        """See `LayerWatch.begin`."""
        self._layer = self._engine.network.layers[number]
        self._tensors = candidates_in(self._layer, self._candidates)
        self._start = x.copy() if self._tensors[_WHOLE] else None
        self._engine.workers.kept = KeptProducts() if any(self._tensors.values()) else None

    def read(self, x: Array, norm: Norm | None) -> None:
        """See `LayerWatch.read`."""
        self.points.add(x, norm, self.scale)

    def add(self, branch: Branch, read: Array, x: Array, added: Array) -> None:
        """See `LayerWatch.add`."""
        norms = self._layer.mixer_norms if branch == "mixer" else self._layer.feed_forward_norms
        exact = added if norms.total is None else normed(x + added, norms.total)
        for name, type_name, layer in self._variants(branch):
            run = self._engine.variant(layer)
            other = run.mixed(read) if branch == "mixer" else run.fed_forward(read)
            other = other if norms.total is None else normed(x + other, norms.total)
            self._push(name, type_name, other - exact, x)

    def end(self, number: int, x: Array) -> None:
        """See `LayerWatch.end`."""
        self.scale *= self._layer.output_scale
        for name, type_name, layer in self._variants(_WHOLE):
            assert self._start is not None  # noqa: S101
            other = self._start.copy()
            self._engine.variant(layer).run(other)
            self._push(name, type_name, other - x, self._start)
        self._engine.workers.kept = None

    def push_embedding(self, name: str, type_name: str, error: Array) -> None:
        """An error in front of the first layer: nothing is there that it could be larger than."""
        self.errors.append(PushedError(name, type_name, mean_squares(error, 1.0), 0, 0.0))

    def _variants(self, branch: str) -> Iterator[tuple[str, str, Layer]]:
        """Candidates of a branch, and the layer with each of them."""
        for name in self._tensors[branch]:
            for type_name, rows in self._candidates[name].items():
                yield name, type_name, substituted(self._layer, name, rows)

    def _push(self, name: str, type_name: str, error: Array, x: Array) -> None:
        """An error that is added to the stream x, (tokens, width), or to several, (streams, tokens, width)."""
        with np.errstate(all="ignore"):
            shares = _squares_by_token(error) / _squares_by_token(x)
        largest = float(np.max(np.nan_to_num(shares, nan=np.inf, posinf=np.inf)))
        squares = mean_squares(error, self.scale)
        self.errors.append(PushedError(name, type_name, squares, len(self.points), largest))


def candidates_in(layer: Layer, candidates: Mapping[str, Mapping[str, RowSource]]) -> dict[str, list[str]]:
    """Branch of a layer → names of the candidates that are pushed through it, each in one branch."""
    parts: dict[str, object] = {"mixer": layer.mixer, "feed_forward": layer.feed_forward}
    if layer.streams is not None:  # what a branch adds goes through their correction before anything reads it
        parts = {}
    parts[_WHOLE] = layer
    names: dict[str, list[str]] = defaultdict(list)
    seen: set[str] = set()
    for branch, part in parts.items():
        for matrix in matrices_in(part):
            name = matrix.tensor.name
            if name in candidates and name not in seen:
                seen.add(name)
                names[branch].append(name)
    return names


def _squares_by_token(x: Array) -> Floats:
    """‖x‖² of every token, of all its streams: (tokens,)."""
    squares: Floats = np.sum(np.square(x, dtype=np.float64).reshape(-1, *x.shape[-2:]), axis=(0, 2))
    return squares
