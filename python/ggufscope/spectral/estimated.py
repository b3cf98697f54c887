"""The numbers of a matrix whose Gram matrix is too large to be made: ends by block Lanczos, sums by random probes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .block_lanczos import ritz_of
from .density import Density, Estimate
from .gram_products import tile_room
from .marchenko_pastur import median_of_law
from .matrix_record import ENERGY_RANKS, PowerLawFit, QuantizerShare
from .measures import shown_ranks

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..arrays.floats import Floats
    from .block_lanczos import Ritz
    from .gram_products import GramProducts
    from .places import Matrix
    from .quantizer_share import Noise

COLUMNS = 32  # of a block, the probes: each pass over the weights serves them all
STEPS = 32  # products with a block, at most
_BASIS_BYTES = 1 << 29
_SLOWER = 6  # than large products: a multiplication here, as tiles are decoded again at each step
_RESOLVED = 1e-4  # residual of an eigenvalue that is taken as one, as a share of it


def lanczos_size(matrix: Matrix) -> int:
    """About how many multiplications of a whole Gram matrix take as long."""
    steps, columns = _steps(matrix.short_side), min(COLUMNS, matrix.short_side)
    return _SLOWER * 2 * steps * columns * (matrix.n_weights + matrix.short_side * steps * columns)


def lanczos_room(matrix: Matrix) -> int:
    """Bytes that a matrix takes."""
    n, columns = matrix.short_side, min(COLUMNS, matrix.short_side)
    basis = min(n, _steps(n) * columns)
    return 8 * (basis * (n + 3 * basis) + 8 * n * columns + 2 * matrix.columns * columns) + tile_room(matrix.columns)


def lanczos_fields(
    products: GramProducts, matrix: Matrix, factor: float, rounding: Noise | None, seed: list[int]
) -> dict[str, Any]:
    """The fields of `MatrixSpectrum` of a matrix that is not zero.

    Args:
        products: with its Gram matrix.
        matrix: its place.
        factor: beside it.
        rounding: noise of it, without the factor.
        seed: of the probes.
    """
    n = products.side
    random = np.random.Generator(np.random.PCG64(seed))
    start = random.standard_normal((n, min(COLUMNS, n)))
    last, before = ritz_of(products, start, _steps(n), products.resolution)
    ritz = last.divided(products.trace)
    density = _density(ritz, n)
    entropy = density.entropy()
    if before is not None:  # what a step changes of a sum that no polynomial is
        change = entropy.value - _density(before.divided(products.trace), n).entropy().value
        entropy = Estimate(entropy.value, float(np.hypot(entropy.error, change)))
    norm = abs(factor) * float(np.sqrt(products.trace))
    fields = _Fields()
    fields.values["frobenius_norm"] = norm
    _ends(fields, ritz, density, norm, products.resolution)
    _ranks(fields, ritz, density, entropy)
    _bulk(fields, density, norm, max(matrix.rows, matrix.columns))
    if rounding is not None:
        noise = type(rounding)(abs(factor) * rounding.rms, abs(factor) * rounding.sigma)
        fields.values["quantizer"] = _rounding(fields, noise, density, norm, matrix.n_weights)
    return {
        **fields.values,
        "power_law": _not_fitted(),
        "errors": fields.errors,
    }


def _steps(side: int) -> int:
    """The number of products with a block, at most: so that the basis stays in memory."""
    return max(4, min(STEPS, _BASIS_BYTES // (8 * side * min(COLUMNS, side))))


def _density(ritz: Ritz, side: int) -> Density:
    """The spectrum in shares of the energy."""
    known = ritz.resolved(_RESOLVED)
    if len(ritz.values) < side:
        known = min(known, ritz.apart(2 * _RESOLVED))
    return Density(ritz, side, 1.0, known)


class _Fields:
    """Fields of a record, and the errors of those that are estimated."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.errors: dict[str, float] = {}

    def add(self, name: str, value: float, error: float) -> None:
        self.values[name], self.errors[name] = value, error


def _ends(fields: _Fields, ritz: Ritz, density: Density, norm: float, resolution: float) -> None:
    """Both ends of the spectrum, as far as they are resolved."""
    sigma = norm * np.sqrt(np.maximum(ritz.values, 0.0))
    errors = norm * _root_errors(ritz)
    fields.add("sigma_max", float(sigma[0]), float(errors[0]))
    fields.add("sigma_min", float(sigma[-1]), float(errors[-1]))
    floor = float(sigma[0] * np.sqrt(resolution))
    if ritz.residuals[-1] >= ritz.values[-1]:  # the least may be anything below
        floor = max(floor, norm * float(np.sqrt(max(ritz.values[-1], 0.0) + ritz.residuals[-1])))
    ranks = [rank for rank in shown_ranks(density.side) if rank <= max(1, len(density.known))]
    fields.values |= {"sigma_floor": floor, "ranks": ranks}
    fields.values["singular_values"] = [float(sigma[rank - 1]) for rank in ranks]
    fields.errors["singular_values"] = float(max(errors[rank - 1] for rank in ranks))


def _root_errors(ritz: Ritz) -> Floats:
    """What roots of eigenvalues may be off by: down to the root of what the residual leaves."""
    values = np.maximum(ritz.values, 0.0)
    above = np.sqrt(values + ritz.residuals) - np.sqrt(values)
    below = np.sqrt(values) - np.sqrt(np.maximum(values - ritz.residuals, 0.0))
    larger: Floats = np.maximum(above, below)
    return larger


def _ranks(fields: _Fields, ritz: Ritz, density: Density, entropy: Estimate) -> None:
    """Measures of how energy is spread; eigenvalues are shares of it."""
    values, residuals = np.maximum(ritz.values, 0.0), ritz.residuals
    fields.add("stable_rank", float(1 / values[0]), float(residuals[0] / values[0] ** 2))
    rank = float(np.exp(entropy.value))
    fields.add("effective_rank", rank, rank * entropy.error)
    most = float(np.log(density.side)) if density.side > 1 else None
    fields.values["normalized_entropy"] = None
    if most is not None:
        fields.add("normalized_entropy", entropy.value / most, entropy.error / most)
    squares = density.square_sum()
    fields.add("participation_ratio", 1 / squares.value, squares.error / squares.value**2)
    for top in ENERGY_RANKS:
        energy = density.top_sum(top)
        fields.add(f"energy_top_{top}", min(1.0, energy.value), energy.error)


def _bulk(fields: _Fields, density: Density, norm: float, long_side: int) -> None:
    """The Marchenko–Pastur law of the bulk, and what is beyond it."""
    n, median = density.side, density.median()
    per_median = 1 / (long_side * median_of_law(n / long_side))
    edge_ratio = per_median * float(np.sqrt(long_side) + np.sqrt(n)) ** 2
    edge, edge_error = median.value * edge_ratio, median.error * edge_ratio
    fields.add("mp_variance", norm**2 * median.value * per_median, norm**2 * median.error * per_median)
    root = float(np.sqrt(edge))
    fields.add("mp_edge", norm * root, norm * (edge_error / (2 * root) if root else 0.0))
    count = _moved(density.count_above, edge, edge_error)
    energy = _moved(density.sum_above, edge, edge_error)
    fields.add("n_beyond_edge", round(count.value), count.error)
    fields.add("share_beyond_edge", count.value / n, count.error / n)
    fields.add("energy_beyond_edge", min(1.0, energy.value), energy.error)


def _moved(above: Callable[[float], Estimate], cut: float, error: float) -> Estimate:
    """What is above a cut that is itself uncertain."""
    value, own = above(cut)
    apart = max(abs(above(max(end, 0.0)).value - value) for end in (cut - 2 * error, cut + 2 * error)) / 2
    return Estimate(value, float(np.hypot(own, apart)))


def _rounding(fields: _Fields, noise: Noise, density: Density, norm: float, n_weights: int) -> QuantizerShare:
    """The share of noise, as `share_of` has it; eigenvalues are shares of the energy."""
    cut = (noise.sigma / norm) ** 2
    count, energy = density.count_above(cut), density.sum_above(cut)
    n = density.side
    fields.errors |= {
        "quantizer.n_above": count.error,
        "quantizer.share_below": count.error / n,
        "quantizer.energy_below": energy.error,
    }
    return QuantizerShare(
        noise_rms=noise.rms,
        noise_sigma=noise.sigma,
        noise_energy=n_weights * noise.rms**2 / norm**2,
        n_above=round(count.value),
        share_below=1 - count.value / n,
        energy_below=max(0.0, 1 - energy.value),
    )


def _not_fitted() -> PowerLawFit:
    return PowerLawFit(None, None, None, None, None, None, 0, None, None, 0, "the eigenvalues are estimated, not known")
