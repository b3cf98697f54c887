"""Singular values in columns: a row for each matrix, expert or part of a tensor, and for each product of a head."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from ...saving.tables import columns_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...saving.tables import ColumnAbout, DataColumn
    from ...spectral.matrix_record import MatrixSpectrum
    from ..content.results import ReportData

_MATRICES: tuple[ColumnAbout, ...] = (
    ("name", "text", "of the tensor"),
    ("role", "text", "what it is in its layer; empty for names nobody knows"),
    ("layer", "integer", ""),
    ("stack", "text", "empty for the main stack of layers"),
    ("expert", "integer", "whose matrix it is"),
    ("part", "text", "of a tensor that holds several matrices"),
    ("type", "text", "of ggml"),
    ("rows", "integer", "outputs"),
    ("columns", "integer", "inputs"),
    ("method", "text", "gram: exact; lanczos: estimated"),
    ("reason", "text", "why there are no numbers"),
    ("frobenius_norm", "number", "√Σσ²"),
    ("sigma_max", "number", "largest singular value σ₁"),
    ("sigma_min", "number", "smallest"),
    ("sigma_floor", "number", "singular values below are not told from 0"),
    ("stable_rank", "number", "‖W‖² / σ₁²"),
    ("effective_rank", "number", "exp of the entropy of the shares of energy σᵢ² / Σσ²"),
    ("normalized_entropy", "number", "that entropy over ln of the short side"),
    ("participation_ratio", "number", "(Σσ²)² / Σσ⁴"),
    ("numerical_rank", "integer", "singular values above the rounding of float32"),
    ("energy_top_1", "number", "share of Σσ² in the largest singular value"),
    ("energy_top_8", "number", "in the largest 8"),
    ("energy_top_64", "number", "in the largest 64"),
    ("mp_variance", "number", "of the weights of the random matrix that the bulk is held against"),
    ("mp_edge", "number", "its Marchenko–Pastur edge, as a singular value"),
    ("n_beyond_edge", "integer", "singular values beyond it"),
    ("share_beyond_edge", "number", "the same as a share of all"),
    ("energy_beyond_edge", "number", "share of Σσ² in those"),
)
_POWER_LAW: tuple[ColumnAbout, ...] = (
    ("alpha", "number", "exponent of a power law of the eigenvalues, where it is accepted"),
    ("alpha_low", "number", "lower end of its 95 % interval"),
    ("alpha_high", "number", "upper end"),
    ("exponent", "number", "of the likeliest power law, accepted or not"),
    ("exponent_error", "number", "its standard error"),
    ("lambda_min", "number", "eigenvalue from which on the law is fitted"),
    ("n_tail", "integer", "eigenvalues from there on"),
    ("ks_distance", "number", "Kolmogorov–Smirnov distance of the fit"),
    ("p_value", "number", "share of spectra drawn from the fit that are as far off"),
)
_QUANTIZER: tuple[ColumnAbout, ...] = (
    ("noise_rms", "number", "rms of the rounding error of a weight"),
    ("noise_sigma", "number", "largest singular value of such noise: the floor"),
    ("noise_energy", "number", "share of Σσ² that the noise has"),
    ("n_above", "integer", "singular values above the floor"),
    ("share_below", "number", "share of the singular values that are not"),
    ("energy_below", "number", "share of Σσ² in those"),
)
_ESTIMATED = (
    "sigma_max",
    "sigma_min",
    "stable_rank",
    "effective_rank",
    "normalized_entropy",
    "participation_ratio",
    "energy_top_8",
    "energy_top_64",
    "mp_edge",
    "n_beyond_edge",
    "energy_beyond_edge",
    "n_above",
    "share_below",
)
_ERRORS: tuple[ColumnAbout, ...] = tuple(
    (f"{name}_error", "number", f"standard error of `{name}`, where it is estimated") for name in _ESTIMATED
)
_HEADS: tuple[ColumnAbout, ...] = (
    ("layer", "integer", ""),
    ("stack", "text", "empty for the main stack of layers"),
    ("product", "text", "qk: of queries and keys; vo: of values and outputs"),
    ("head", "integer", "query head"),
    ("key_value_head", "integer", "that it reads"),
    ("length", "integer", "of the head: number of singular values"),
    ("frobenius_norm", "number", "‖AB‖ of the product"),
    ("sigma_max", "number", "its largest singular value"),
    ("stable_rank", "number", "‖AB‖² / σ₁²"),
    ("effective_rank", "number", "exp of the entropy of the shares of energy"),
    ("alignment", "number", "σ₁(AB) / (σ₁(A) σ₁(B))"),
    ("overlap", "number", "‖AB‖ / (‖A‖ ‖B‖)"),
    ("reason", "text", "why there are no numbers"),
)


def matrix_spectrum_columns(data: ReportData) -> list[DataColumn]:
    """A row for each matrix, in the order of the file."""
    rows = [_flat(matrix) for matrix in data.spectra.document.matrices] if data.spectra else []
    return columns_of((*_MATRICES, *_POWER_LAW, *_QUANTIZER, *_ERRORS), rows)


def head_spectrum_columns(data: ReportData) -> list[DataColumn]:
    """A row for each product of each head."""
    return columns_of(_HEADS, [vars(head) for head in data.spectra.document.heads] if data.spectra else [])


def spectral_columns_of(data: ReportData, names: Iterable[str]) -> list[DataColumn]:
    """The main numbers beside the statistics of tensors of these names; of one that holds several matrices none."""
    if data.spectra is None:
        return []
    rows: dict[str, list[dict[str, Any]]] = {}
    for matrix in data.spectra.document.matrices:
        rows.setdefault(matrix.name, []).append(_flat(matrix))
    only = {name: of_tensor[0] for name, of_tensor in rows.items() if len(of_tensor) == 1}
    about = [column for column in (*_MATRICES, *_POWER_LAW, *_QUANTIZER) if column[0] in _BESIDE]
    return columns_of(about, [only.get(name, {}) for name in names])


_BESIDE = frozenset({"sigma_max", "stable_rank", "effective_rank", "normalized_entropy", "alpha", "share_below"})


def _flat(matrix: MatrixSpectrum) -> dict[str, Any]:
    """The record with what is in its records beside it."""
    flat = dict(vars(matrix))
    flat |= {f"{field.rpartition('.')[2]}_error": error for field, error in (matrix.errors or {}).items()}
    for record in (flat.pop("power_law"), flat.pop("quantizer")):
        if record is not None:
            flat |= {field.name: getattr(record, field.name) for field in fields(record) if field.name != "reason"}
    return flat
