"""Sentences about singular values that the terminal, reports and notebooks share."""

from __future__ import annotations

import statistics
from functools import cache
from typing import TYPE_CHECKING

from ..._core import types
from ...spectral.matrix_record import LANCZOS
from ...text.numbers import count_text, counted, listed, percent, rounded_percent, short
from .spectral_numbers import ALPHA, FLOOR, error_of, known, role_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...spectral.matrix_record import MatrixSpectrum
    from ...spectral.spectra_document import SpectraDocument

NONE = "There are no singular values."
FLOATS = "The weights are floats: no rounding of a quantizer is in these numbers."
_MOST_TYPES = 4
_SHOWN = 5e-5  # half of the last of four digits


def spectra_line(document: SpectraDocument) -> str:
    """How many matrices and products of heads there are, which share of the weights they hold, and what they took."""
    parts = [matrices_text(sum(each.method is not None for each in document.matrices))]
    if document.heads:
        parts.append(f"{counted(len(document.heads), 'product')} of heads")
    if document.coverage is not None:
        parts.append(f"{percent(document.coverage)} % of the weights")
    if document.run is not None:
        parts.append(f"{document.run.seconds:.3g} s")
    return ", ".join(parts)


def matrices_text(count: int) -> str:
    """`"1 matrix"`, `"210 matrices"`."""
    return f"{count} {'matrix' if count == 1 else 'matrices'}"


def matrix_words(matrix: MatrixSpectrum) -> str:
    """The tensor, with the expert and the part of it; text from a file, to be escaped."""
    expert = "" if matrix.expert is None else f" (expert {matrix.expert})"
    return f"{matrix.name}{expert}{'' if matrix.part is None else f' ({matrix.part})'}"


def quantized_sentence(document: SpectraDocument) -> str:
    """How much of the energy is rounding by type, and how many singular values do not rise above it."""
    if all(each.method is None for each in document.matrices):
        return NONE
    told = rounding_words(document)
    return FLOATS if told is None else f"Rounding is {told}."


def rounding_words(document: SpectraDocument) -> str | None:
    """The same behind a label, the type with most of it first; None where all weights are plain numbers."""
    by_type: dict[str, list[MatrixSpectrum]] = {}
    for matrix in document.matrices:
        if matrix.method is not None and matrix.type not in _plain_types():
            by_type.setdefault(matrix.type, []).append(matrix)
    if not by_type:
        return None
    shares = {name: share for name, matrices in by_type.items() if (share := _noise(matrices)) is not None}
    unknown = [name for name in by_type if name not in shares]
    ordered = sorted(shares, key=lambda name: -shares[name])
    told = [_rounding(name, by_type[name], shares[name]) for name in ordered[:_MOST_TYPES]]
    if len(ordered) > _MOST_TYPES:
        told.append(f"by {counted(len(ordered) - _MOST_TYPES, 'other type')} it is less")
    if unknown:
        told.append(f"how much it is by {listed(unknown)} is not known")
    return f"a floor of noise, and no rank: {'; '.join(told)}"


@cache
def _plain_types() -> frozenset[str]:
    """Types that store each weight by itself, as floats do."""
    return frozenset(each["name"] for each in types() if each["elements_per_block"] == 1)


def _noise(matrices: Sequence[MatrixSpectrum]) -> float | None:
    """The median share of rounding in the energy of matrices of a type; None where its steps are not known."""
    shares = [value for value, _ in known(matrices, "quantizer.noise_energy")]
    return statistics.median(shares) if shares else None


def _rounding(name: str, matrices: Sequence[MatrixSpectrum], energy: float) -> str:
    below, most = max(known(matrices, FLOOR), key=lambda pair: pair[0])
    margin = margin_text(below, error_of(most, FLOOR), share=True)
    told = f"to {name} it is {rounded_percent(energy)} % of the energy"
    if below == 0 and not margin:
        return f"{told}, and all singular values are above it"
    told += f", and up to {rounded_percent(below, 0)}{margin} % of the singular values"
    return f"{told} ({where(most)}) are not above it"


def alpha_sentence(document: SpectraDocument) -> str | None:
    """How many matrices have a power law, and its exponents; None where none was fitted."""
    fitted = [each for each in document.matrices if each.power_law is not None and each.method != LANCZOS]
    accepted = [value for value, _ in known(fitted, ALPHA)]
    if not fitted:
        return None
    if not accepted:
        return f"no power law is accepted in {matrices_text(len(fitted))}"
    return (
        f"a power law is accepted in {len(accepted)} of {matrices_text(len(fitted))}, exponents"
        f" {short(min(accepted))} to {short(max(accepted))}"
    )


def missing_sentences(document: SpectraDocument) -> Iterator[str]:
    """The matrices that have no numbers, by reason; text from a file, to be escaped."""
    reasons: dict[str, list[MatrixSpectrum]] = {}
    for matrix in document.matrices:
        if matrix.method is None:
            reasons.setdefault(matrix.reason or "no numbers", []).append(matrix)
    for reason, matrices in reasons.items():
        more = f" and {len(matrices) - 1} more" if len(matrices) > 1 else ""
        yield f"no singular values of {matrix_words(matrices[0])}{more}: {reason}"


def margin_text(value: float | None, error: float | None, *, share: bool = False) -> str:
    """The standard error behind an estimate; nothing behind a number that is none, or is right as far as it is shown.

    >>> margin_text(82.0, 0.0213), margin_text(0.82, 0.0213, share=True), margin_text(82.0, 1e-9)
    (' ± 0.02', ' ± 2', '')
    """
    if value is None or error is None or error <= _SHOWN * abs(value):
        return ""
    digit = float(f"{100 * error if share else error:.1g}")
    return f" ± {short(digit)}"


def estimated_sentences(document: SpectraDocument) -> Iterator[str]:
    """How many matrices are estimated, and the one that is known worst; text from a file, to be escaped."""
    estimated = [each for each in document.matrices if each.errors is not None and each.normalized_entropy is not None]
    if not estimated:
        return
    worst = max(estimated, key=lambda each: error_of(each, "normalized_entropy") or 0.0)
    numbers = [
        f"{label} {percent(value)}{margin_text(value, error_of(worst, field), share=True)} %"
        for label, field in (("entropy", "normalized_entropy"), ("energy beyond the edge", "energy_beyond_edge"))
        for value, _ in known([worst], field)
    ]
    side = document.settings.longest_exact
    yield (
        f"estimates with standard errors: {matrices_text(len(estimated))} whose short side exceeds {count_text(side)};"
        f" least certain is {matrix_words(worst)}: {', '.join(numbers)}"
    )


def extreme_matrix(document: SpectraDocument, field: str, *, largest: bool) -> tuple[float, MatrixSpectrum] | None:
    """The matrix where a number is largest, or least, in a layer or not; None where no matrix has it."""
    pairs = known(document.matrices, field)
    if not pairs:
        return None
    return (max if largest else min)(pairs, key=lambda pair: pair[0])


def where(matrix: MatrixSpectrum) -> str:
    """The matrix in a sentence: `"attn_q of layer 3"`; text from a file, to be escaped."""
    role = role_of(matrix)
    if role is None or matrix.layer is None:
        return matrix_words(matrix)
    expert = "" if matrix.expert is None else f"expert {matrix.expert} of "
    return f"{expert}{role} of layer {matrix.layer}"
