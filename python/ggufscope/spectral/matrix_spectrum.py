"""The spectrum of one matrix: weights to a Gram matrix to eigenvalues to a record, or to estimates if large."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

from .eigenvalues import eigenvalues_of
from .estimated import lanczos_fields
from .gram import gram_of
from .gram_products import GramProducts
from .marchenko_pastur import bulk_measures
from .matrix_record import GRAM, LANCZOS, MatrixSpectrum
from .measures import measures
from .power_law import power_law_of
from .quantizer_share import noise_of, share_of
from .weights import Weights

if TYPE_CHECKING:
    from collections.abc import Callable

    from .places import Matrix
    from .spectra_document import SpectraSettings

_NOT_FINITE = "weights that are not finite"
_ALL_ZERO = "all weights are 0"
_ZEROS = {"frobenius_norm": 0.0, "sigma_max": 0.0, "sigma_min": 0.0, "numerical_rank": 0}


def matrix_spectrum(matrix: Matrix, settings: SpectraSettings, look: Callable[[], object]) -> MatrixSpectrum:
    """The record of a matrix.

    Args:
        matrix: its place.
        settings: of all spectra.
        look: called now and then; may raise to give up.

    Raises:
        GGUFError: The file shrank since it was opened.
        ValueError: The model is closed.
    """
    if matrix.n_weights == 0:
        return _record(matrix, None, "no weights")
    weights = Weights(matrix, stored=settings.stored, look=look)
    if is_estimated(matrix, settings):
        return _estimated(matrix, weights, settings)
    gram = gram_of(weights)
    squared_factor = weights.factor**2
    if not (np.isfinite(gram.matrix).all() and np.isfinite(squared_factor)):
        return _record(matrix, None, _NOT_FINITE)
    eigenvalues = eigenvalues_of(gram.matrix, look, single=gram.single) * squared_factor
    if not eigenvalues[0] > 0:
        return _record(matrix, GRAM, _ALL_ZERO, _ZEROS)
    long_side = max(matrix.rows, matrix.columns)
    rounding = noise_of(matrix, look)
    fields = {
        **measures(eigenvalues, long_side, gram.resolution),
        **bulk_measures(eigenvalues, long_side, gram.resolution),
        "power_law": power_law_of(
            eigenvalues,
            gram.resolution,
            draws=settings.draws,
            significance=settings.significance,
            seed=_seed_of(matrix, settings.seed),
        ),
        "quantizer": None if rounding is None else share_of(rounding, weights.factor, eigenvalues, matrix),
    }
    return _record(matrix, GRAM, None, fields)


def is_estimated(matrix: Matrix, settings: SpectraSettings) -> bool:
    """Whether the matrix is too large for its Gram matrix."""
    return matrix.short_side > settings.longest_exact


def _estimated(matrix: Matrix, weights: Weights, settings: SpectraSettings) -> MatrixSpectrum:
    products = GramProducts(weights)
    energy = products.trace * weights.factor**2
    if not np.isfinite(energy):
        return _record(matrix, None, _NOT_FINITE)
    if not energy > 0:
        return _record(matrix, LANCZOS, _ALL_ZERO, _ZEROS)
    rounding = noise_of(matrix, weights.look)
    seed = _seed_of(matrix, settings.seed)
    return _record(matrix, LANCZOS, None, lanczos_fields(products, matrix, weights.factor, rounding, seed))


def _seed_of(matrix: Matrix, seed: int) -> list[int]:
    """The seed of the draws of one matrix: they do not depend on which others there are."""
    return [seed, crc32(matrix.tensor.name.encode("utf-8", "surrogateescape")), matrix.first_row]


def _record(
    matrix: Matrix, method: str | None, reason: str | None, fields: dict[str, Any] | None = None
) -> MatrixSpectrum:
    tensor = matrix.tensor
    return MatrixSpectrum(
        name=tensor.name,
        role=tensor.role,
        layer=tensor.layer,
        stack=tensor.stack,
        expert=matrix.expert,
        part=matrix.part,
        type=tensor.type,
        rows=matrix.rows,
        columns=matrix.columns,
        method=method,
        reason=reason,
        **(fields or {}),
    )
