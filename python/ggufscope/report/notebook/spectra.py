"""Singular values in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...text.numbers import percent, short
from ..content.spectral_numbers import role_spectra
from ..content.spectral_words import (
    estimated_sentences,
    margin_text,
    missing_sentences,
    quantized_sentence,
    spectra_line,
)
from .html import NOTHING, line_html, list_html, table_html

if TYPE_CHECKING:
    from ...spectral.spectra_document import SpectraDocument

_HEADER = (
    "role",
    "matrices",
    "largest σ",
    "stable rank",
    "entropy %",
    "top 8 %",
    "beyond the edge %",
    "α",
    "α accepted",
)


def spectra_html(document: SpectraDocument) -> str:
    """The model in a line, its roles, the quantizer's share, and what has no numbers."""
    rows = [
        (
            row.role,
            row.n_matrices,
            _number(row.sigma_max, row.errors.get("sigma_max")),
            _number(row.stable_rank, row.errors.get("stable_rank")),
            _share(row.normalized_entropy, row.errors.get("normalized_entropy")),
            _share(row.energy_top_8, row.errors.get("energy_top_8")),
            _share(row.energy_beyond_edge, row.errors.get("energy_beyond_edge")),
            _number(row.alpha),
            row.n_accepted,
        )
        for row in role_spectra(document.matrices)
    ]
    told = [
        quantized_sentence(document),
        *estimated_sentences(document),
        *missing_sentences(document),
        *document.notes,
    ]
    return line_html(document.model.title, spectra_line(document)) + table_html(_HEADER, rows) + list_html(told)


def _number(value: float | None, error: float | None = None) -> str:
    return NOTHING if value is None else short(value) + margin_text(value, error)


def _share(value: float | None, error: float | None) -> str:
    return NOTHING if value is None else percent(value) + margin_text(value, error, share=True)
