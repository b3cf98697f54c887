"""The numbers of a spectrum that views show: what they are called, and their values by layer and role."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from .role_order import in_order

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...spectral.matrix_record import MatrixSpectrum


@dataclass(frozen=True)
class SpectralNumber:
    """A number of a matrix.

    Attributes:
        field: its name in the results, with a point between a record and what is in it.
        label: for readers.
        meaning: how it is defined, and what it tells.
        share: whether it is shown in percent.
        logarithmic: whether equal ratios are equal steps.
    """

    field: str
    label: str
    meaning: str
    share: bool = False
    logarithmic: bool = False

    @property
    def key(self) -> str:
        """Its name where points are none."""
        return self.field.replace(".", "_")


_MOST_LAYERS = 4096  # no model has more; a number in a name costs memory for all layers before it
ALPHA, FLOOR = "power_law.alpha", "quantizer.share_below"
NUMBERS = (
    SpectralNumber(
        "stable_rank",
        "Stable rank",
        "‖W‖² / σ₁²: how many directions as strong as the strongest would hold the same energy.",
        logarithmic=True,
    ),
    SpectralNumber(
        "normalized_entropy",
        "Normalized entropy",
        "Entropy of the shares of energy σᵢ² / Σσ² over its maximum: 100 % where all directions are alike. The"
        " effective rank is exp of the entropy.",
        share=True,
    ),
    SpectralNumber(
        "sigma_max", "Largest singular value", "σ₁: the most by which the matrix lengthens a vector.", logarithmic=True
    ),
    SpectralNumber(
        "energy_top_8", "Energy of the top 8", "Share of Σσ² in the eight strongest directions.", share=True
    ),
    SpectralNumber(
        "energy_beyond_edge",
        "Energy beyond the edge",
        "Share of Σσ² in singular values beyond the Marchenko–Pastur edge, which independent weights of the variance of"
        " the bulk would not pass.",
        share=True,
    ),
    SpectralNumber(
        ALPHA,
        "Power-law exponent α",
        "Of the tail of the eigenvalues σ², where a power law was accepted; left out where it was not.",
    ),
    SpectralNumber(
        FLOOR,
        "Below the floor of rounding",
        "Share of the singular values that rounding to the levels of the type reaches by itself: they are no rank.",
        share=True,
    ),
)


def value_of(matrix: MatrixSpectrum, field: str) -> float | None:
    """A number of a matrix; None where it, or the record that it stands in, is missing."""
    record, _, name = field.rpartition(".")
    holder = attrgetter(record)(matrix) if record else matrix
    value: float | None = None if holder is None else getattr(holder, name)
    return value


def role_of(matrix: MatrixSpectrum) -> str | None:
    """The role of a matrix, with its part of a tensor of several: `"attn_qkv q"`; None where nobody knows it."""
    return matrix.role if matrix.part is None or matrix.role is None else f"{matrix.role} {matrix.part}"


def of_layers(matrices: Iterable[MatrixSpectrum]) -> list[MatrixSpectrum]:
    """The matrices of the main stack of layers whose role is known, of as many layers as a model may have."""
    return [
        matrix
        for matrix in matrices
        if matrix.layer is not None
        and 0 <= matrix.layer < _MOST_LAYERS
        and matrix.stack is None
        and matrix.role is not None
    ]


def known(matrices: Iterable[MatrixSpectrum], field: str) -> list[tuple[float, MatrixSpectrum]]:
    """Every matrix that has the number, with it."""
    return [(value, matrix) for matrix in matrices if (value := value_of(matrix, field)) is not None]


def error_of(matrix: MatrixSpectrum, field: str) -> float | None:
    """The standard error of a number of a matrix; None where it is not estimated."""
    return (matrix.errors or {}).get(field)


class Place(NamedTuple):
    """A layer and a role, and the number of the matrices there."""

    layer: int
    role: str
    values: list[float]

    @property
    def middle(self) -> float:
        """The number of the only matrix, or the median over experts."""
        return statistics.median(self.values)


def places(matrices: Iterable[MatrixSpectrum], field: str) -> list[Place]:
    """The number at every layer and role that has it, by layer."""
    found: dict[tuple[int, str], list[float]] = {}
    for value, matrix in known(of_layers(matrices), field):
        found.setdefault((matrix.layer or 0, role_of(matrix) or ""), []).append(value)
    return [Place(layer, role, values) for (layer, role), values in sorted(found.items())]


def by_layer(matrices: Iterable[MatrixSpectrum], field: str) -> dict[str, list[float | None]]:
    """Role → the number of each layer, from layer 0 on; of experts the median."""
    found: dict[str, dict[int, float]] = {}
    for place in places(matrices, field):
        found.setdefault(place.role, {})[place.layer] = place.middle
    n_layers = 1 + max((layer for of_role in found.values() for layer in of_role), default=-1)
    return {role: [of_role.get(layer) for layer in range(n_layers)] for role, of_role in found.items()}


@dataclass(frozen=True)
class RoleSpectra:
    """The matrices of a role in a row: the extremes that one matrix makes, and medians of the other numbers.

    Attributes:
        role: of the matrices.
        n_matrices: of all layers and stacks, experts one by one.
        sigma_max: the largest.
        stable_rank: median; so are the following.
        normalized_entropy: likewise.
        energy_top_8: likewise.
        energy_beyond_edge: likewise.
        alpha: median of the accepted ones.
        n_accepted: matrices with an accepted power law.
        errors: field → standard error of what is estimated; of a median the largest one of the role's matrices.
    """

    role: str
    n_matrices: int
    sigma_max: float | None
    stable_rank: float | None
    normalized_entropy: float | None
    energy_top_8: float | None
    energy_beyond_edge: float | None
    alpha: float | None
    n_accepted: int
    errors: dict[str, float]


def role_spectra(matrices: Iterable[MatrixSpectrum]) -> list[RoleSpectra]:
    """A row for each role, in the order of computation; matrices of no known role have none."""
    by_role: dict[str | None, list[MatrixSpectrum]] = {}
    for matrix in matrices:
        if matrix.role is not None:
            by_role.setdefault(role_of(matrix), []).append(matrix)
    return [_row(str(role), by_role[role]) for role in in_order(by_role)]


def _row(role: str, matrices: list[MatrixSpectrum]) -> RoleSpectra:
    def values(field: str) -> list[float]:
        return [value for value, _ in known(matrices, field)]

    def middle(field: str) -> float | None:
        return statistics.median(values(field)) if values(field) else None

    return RoleSpectra(
        role,
        len(matrices),
        max(values("sigma_max"), default=None),
        middle("stable_rank"),
        middle("normalized_entropy"),
        middle("energy_top_8"),
        middle("energy_beyond_edge"),
        middle(ALPHA),
        len(values(ALPHA)),
        _errors(matrices),
    )


def _errors(matrices: list[MatrixSpectrum]) -> dict[str, float]:
    errors: dict[str, float] = {}
    for matrix in matrices:
        for field, error in (matrix.errors or {}).items():
            errors[field] = max(errors.get(field, 0.0), error)
    return errors
