"""Tensors whose weights still lie on the levels of a coarser type than the one that holds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .holders import HOLDERS, RUN, weights_with_tolerances
from .lattices import FIT, LATTICES, UNDECIDED, Lattice, fits

if TYPE_CHECKING:
    import numpy.typing as npt

    from ...models.tensor import Tensor

_PIECES = 16  # of a tensor that are looked at
_RUNS = 512  # looked at in all, at most
_FIRST = 64  # looked at before the others
_FEWEST = 16  # decided runs, below which nothing is said
_SHARE = 0.95  # of the decided runs that must fit


@dataclass(frozen=True)
class CoarserType:
    """Levels that the weights of a tensor lie on.

    Attributes:
        types: the coarser types that have such levels, as ggml names them.
        levels: how many.
        fitting: runs of weights that lie on them.
        decided: runs that could tell, by chance less than one in a million would fit.
    """

    types: tuple[str, ...]
    levels: int
    fitting: int
    decided: int


def coarser_type(tensor: Tensor) -> CoarserType | None:
    """The coarsest type on whose levels the weights lie, or None, from up to 512 runs of 32 weights.

    None, too, for types that are themselves too coarse to show another's levels, and for rows that 32 does not divide.

    Raises:
        GGUFError: The file shrank since it was opened.
        ValueError: The model is closed.
    """
    if tensor.kind != "matrix" or tensor.type not in HOLDERS or tensor.shape[-1] % RUN or not tensor.n_elements:
        return None
    weights, tolerances = _spread(tensor)
    for lattice in LATTICES:
        if tensor.type in lattice.types:
            return None  # its own levels, and what follows is finer
        few = slice(None, None, max(1, len(weights) // _FIRST))
        if _holds(*_counts(weights[few], tolerances[few], lattice), fewest=1):
            fitting, decided = _counts(weights, tolerances, lattice)
            if _holds(fitting, decided, _FEWEST):
                return CoarserType(lattice.types, len(lattice.levels), fitting, decided)
    return None


def _holds(fitting: int, decided: int, fewest: int) -> bool:
    return decided >= fewest and fitting >= _SHARE * decided


def _counts(weights: npt.NDArray[np.float64], tolerances: npt.NDArray[np.float64], lattice: Lattice) -> tuple[int, int]:
    """Runs that fit, and runs that could tell."""
    results = fits(_cut(weights, lattice), _cut(tolerances, lattice), lattice)
    return int(np.count_nonzero(results == FIT)), int(np.count_nonzero(results != UNDECIDED))


def _cut(runs: npt.NDArray[np.float64], lattice: Lattice) -> npt.NDArray[np.float64]:
    return np.ascontiguousarray(runs).reshape(-1, lattice.run)


def _spread(tensor: Tensor) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Runs from rows at equal distances, as many of each."""
    pieces = min(_PIECES, tensor.n_rows)
    firsts = [tensor.n_rows * piece // pieces for piece in range(pieces)]
    per_row = tensor.shape[-1] // RUN
    rows = max(1, min(_RUNS // pieces // per_row, tensor.n_rows // pieces))
    parts = [weights_with_tolerances(tensor, slice(first, first + rows)) for first in firsts]
    weights, tolerances = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    step = max(1, len(weights) // _RUNS)
    return np.ascontiguousarray(weights[::step]), np.ascontiguousarray(tolerances[::step])
