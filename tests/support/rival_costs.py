"""Simpler guesses at what a quantized matrix costs, to hold beside the cost that is pushed through branches."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

import ggufscope as gs
from ggufscope.diffs.quantizing import QuantizedRows
from ggufscope.runtime.engines.streamed.engine import StreamedEngine
from ggufscope.runtime.engines.streamed.network import Network
from ggufscope.runtime.engines.streamed.tiles import product

if TYPE_CHECKING:
    from ggufscope.architecture.matrices import Matrix

Floats = npt.NDArray[np.float32]


@dataclass
class Rivals:
    """Guesses by name of the matrix.

    Attributes:
        nmse: Σ(b − a)² / Σa² of the weights.
        weighted: Σ E[x²] (b − a)² / Σ E[x²] a², E[x²] of the columns on the text.
        weighted_absolute: its numerator.
        output: ‖(B − A) x‖² / ‖A x‖² over the tokens of the text.
        size: number of weights.
    """

    nmse: dict[str, float] = field(default_factory=dict)
    weighted: dict[str, float] = field(default_factory=dict)
    weighted_absolute: dict[str, float] = field(default_factory=dict)
    output: dict[str, float] = field(default_factory=dict)
    size: dict[str, float] = field(default_factory=dict)


class _Watch:
    """Takes every matrix of a layer while the model reads."""

    def __init__(self, engine: StreamedEngine, type_name: str, names: Collection[str]) -> None:
        self.rivals = Rivals()
        self._names = names
        self._engine = engine
        self._type_name = type_name

    def __call__(self, matrix: Matrix, x: Floats, result: Floats) -> None:
        name = matrix.tensor.name
        if name not in self._names:
            return
        rows = QuantizedRows(matrix.tensor, self._type_name)
        watch, self._engine.workers.watch = self._engine.workers.watch, None
        changed = product(replace(matrix, substitute=rows), x, self._engine.workers)
        self._engine.workers.watch = watch
        self._note(name, matrix.tensor, rows, np.mean(np.square(x, dtype=np.float64), axis=0))
        error, whole = changed[1:] - result[1:], result[1:]
        self.rivals.output[name] = float(np.sum(error**2) / np.sum(whole**2))

    def _note(self, name: str, tensor: gs.Tensor, rows: QuantizedRows, squares: npt.NDArray[np.float64]) -> None:
        exact = tensor.dequantize().astype(np.float64)
        other = np.empty(tensor.shape, np.float32)
        rows.decode_into(other, 0)
        errors = np.sum(np.square(other - exact), axis=0)
        self.rivals.nmse[name] = float(errors.sum() / np.sum(exact**2))
        self.rivals.weighted_absolute[name] = float(squares @ errors)
        self.rivals.weighted[name] = float(squares @ errors / (squares @ np.sum(exact**2, axis=0)))
        self.rivals.size[name] = float(tensor.n_elements)


def rivals(path: Path, type_name: str, tokens: Sequence[int], names: Collection[str]) -> Rivals:
    """All of them, of some matrices in layers, while the model reads some tokens."""
    with gs.open(path) as model, StreamedEngine(Network(model), 1) as engine:
        watch = engine.workers.watch = _Watch(engine, type_name, names)
        engine.last_streams([np.asarray(tokens, np.int32)], None, None)
    return watch.rivals
