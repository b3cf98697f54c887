"""Tables of RoPE, shared by the layers that turn alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .....architecture.rotation import phases
from ..kernels import rotate

if TYPE_CHECKING:
    import numpy.typing as npt

    from .....architecture.rotation import Rotation
    from ....shape import Array


@dataclass(frozen=True)
class Turning:
    """Cosines and sines of RoPE, float32 (positions, pairs), and where the pairs are."""

    cosine: Array
    sine: Array
    neox: bool

    @classmethod
    def of(cls, rotation: Rotation, n_positions: int, factors: npt.NDArray[np.float64] | None) -> Turning:
        turned = phases(rotation, n_positions, factors)
        return cls(turned.real.astype(np.float32), turned.imag.astype(np.float32), rotation.pairs == "neox")

    def apply(self, vectors: Array, positions: npt.NDArray[np.int64]) -> None:
        """Turn (tokens, heads, key length) by each token's position, in place."""
        rotate(vectors, positions, self.cosine, self.sine, self.neox)


class Rotations:
    """The tables for so many positions, each made when it is first asked for."""

    def __init__(self, n_positions: int, factors: npt.NDArray[np.float64] | None) -> None:
        self._n_positions = n_positions
        self._factors = factors
        self._turnings: dict[Rotation, Turning] = {}

    def turning(self, rotation: Rotation | None) -> Turning | None:
        """The table of a rotation; None without one."""
        if rotation is None:
            return None
        if rotation not in self._turnings:
            self._turnings[rotation] = Turning.of(rotation, self._n_positions, self._factors)
        return self._turnings[rotation]
