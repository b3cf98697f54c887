"""Singular values of W_qᵀ W_k and of W_o W_v of every query head, through Gram matrices of a head's size.

With A of length × width, and B too, AᵀB has the singular values of G_A^½ G_B^½, where G_A = A Aᵀ and G_B = B Bᵀ are of
length × length: no product of width × width is made. A head of W_o is a run of its columns, whose Gram matrix is
A Aᵀ for A the transposed run.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..models.heads import heads
from .measures import energy_measures
from .spectra_document import HeadSpectrum
from .weights import Weights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ..arrays.floats import Floats
    from ..models.heads import HeadGeometry
    from ..models.model import Model
    from ..models.tensor import Tensor
    from .places import Matrix

Kind = Literal["q", "k", "v", "o"]
_PRODUCTS: tuple[tuple[str, Kind, Kind], ...] = (("qk", "q", "k"), ("vo", "o", "v"))
_TILE_WEIGHTS = 1 << 22


@dataclass(frozen=True)
class HeadRun:
    """All heads of one kind of a layer: a matrix whose rows, or columns, are theirs."""

    matrix: Matrix
    kind: Kind
    n_heads: int
    length: int


@dataclass(frozen=True)
class LayerHeads:
    """The heads of a layer by kind."""

    layer: int
    stack: str | None
    runs: dict[Kind, HeadRun]

    @property
    def pairs(self) -> list[tuple[str, HeadRun, HeadRun]]:
        """Each product with the run of query heads and that of key and value heads, where both fit each other."""
        return [
            (product, self.runs[query], self.runs[key_value])
            for product, query, key_value in _PRODUCTS
            if query in self.runs
            and key_value in self.runs
            and self.runs[query].length == self.runs[key_value].length
            and self.runs[query].n_heads % self.runs[key_value].n_heads == 0
            and _width(self.runs[query]) == _width(self.runs[key_value])
        ]

    @property
    def size(self) -> int:
        """Multiplications of the Gram matrices, about."""
        return sum(run.length * run.matrix.n_weights for _, *both in self.pairs for run in both)

    @property
    def room(self) -> int:
        """Bytes that they take, about."""
        return sum(8 * run.n_heads * run.length**2 for _, *both in self.pairs for run in both) + 12 * _TILE_WEIGHTS


def _width(run: HeadRun) -> int:
    return run.matrix.rows if run.kind == "o" else run.matrix.columns


def layers_with_heads(model: Model, matrices: Iterable[Matrix]) -> list[LayerHeads]:
    """The heads of every layer that has both matrices of a product, in the order of the file."""
    layers: dict[tuple[int, str | None], dict[Kind, HeadRun]] = defaultdict(dict)
    for matrix in matrices:
        tensor = matrix.tensor
        geometry = heads(model, tensor)
        if geometry is not None and tensor.layer is not None:
            run = _run_of(matrix, tensor, geometry)
            layers[tensor.layer, tensor.stack].setdefault(run.kind, run)
    measured = [LayerHeads(layer, stack, runs) for (layer, stack), runs in layers.items()]
    return [each for each in measured if each.pairs]


def _run_of(matrix: Matrix, tensor: Tensor, geometry: HeadGeometry) -> HeadRun:
    group = next(each for each in geometry.groups if matrix.part in {None, each.kind})
    return HeadRun(matrix, group.kind, group.n_heads, geometry.size)


def head_spectra(of_layer: LayerHeads, look: Callable[[], object], *, stored: bool) -> Iterator[HeadSpectrum]:
    """The products of all heads of a layer.

    Args:
        of_layer: its matrices.
        look: called now and then; may raise to give up.
        stored: leave out factors beside matrices.

    Raises:
        GGUFError: The file shrank since it was opened.
    """
    for product, query, key_value in of_layer.pairs:
        left = head_grams(query, Weights(query.matrix, stored=stored, look=look))
        right = head_grams(key_value, Weights(key_value.matrix, stored=stored, look=look))
        group = query.n_heads // key_value.n_heads
        for head in range(query.n_heads):
            pair = left[head], right[head // group]
            about = (of_layer.layer, of_layer.stack, product, head, head // group, query.length)
            yield HeadSpectrum(*about, **_product_measures(*pair))


def head_grams(run: HeadRun, weights: Weights) -> Floats:
    """The Gram matrix of every head, with the factor of the matrix: float64 (heads, length, length)."""
    out = np.zeros((run.n_heads, run.length, run.length))
    step = max(1, _TILE_WEIGHTS // weights.columns)
    with np.errstate(over="ignore", invalid="ignore"):
        if run.kind == "o":
            for first in range(0, weights.rows, step):
                tile = weights.tile(first, min(first + step, weights.rows)).astype(np.float64)
                by_head = tile.reshape(len(tile), run.n_heads, run.length).transpose(1, 2, 0)
                out += by_head @ by_head.transpose(0, 2, 1)
        else:
            for head in range(run.n_heads):
                rows = weights.tile(head * run.length, (head + 1) * run.length).astype(np.float64)
                out[head] = rows @ rows.T
        return out * weights.factor**2


def _product_measures(left: Floats, right: Floats) -> dict[str, Any]:
    """The fields of a product, from both Gram matrices."""
    if not (np.isfinite(left).all() and np.isfinite(right).all()):
        return {"reason": "weights of the head are not finite"}
    left_root, left_largest = _root(left)
    right_root, right_largest = _root(right)
    sigma = np.linalg.svd(left_root @ right_root, compute_uv=False)
    if not sigma[0] > 0:
        return {"reason": "the product is zero", "frobenius_norm": 0.0, "sigma_max": 0.0}
    spread = energy_measures(np.square(sigma))
    norms = np.sqrt(np.trace(left)) * np.sqrt(np.trace(right))
    return {
        "frobenius_norm": spread["frobenius_norm"],
        "sigma_max": float(sigma[0]),
        "stable_rank": spread["stable_rank"],
        "effective_rank": spread["effective_rank"],
        "alignment": min(1.0, float(sigma[0] / np.sqrt(left_largest * right_largest))),
        "overlap": min(1.0, float((spread["frobenius_norm"] or 0.0) / norms)),
    }


def _root(gram: Floats) -> tuple[Floats, float]:
    """The symmetric root, and the largest eigenvalue."""
    values, vectors = np.linalg.eigh(gram)
    values = np.maximum(values, 0.0)
    root: Floats = (vectors * np.sqrt(values)) @ vectors.T
    return root, float(values[-1])
