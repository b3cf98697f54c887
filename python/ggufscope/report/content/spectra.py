"""Singular values in a report: roles, charts over the layers, definitions, and the quantizer's share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .blocks import Figures, Items, Paragraph, TextTable, heads
from .cells import number, number_within, percent_within
from .chart import SPECTRA
from .spectral_numbers import NUMBERS, role_spectra
from .spectral_words import alpha_sentence, estimated_sentences, missing_sentences, quantized_sentence, spectra_line
from .words import Own

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .blocks import Block
    from .shown import Shown

NAME = "spectra"  # of the part
_COLUMNS = (
    "matrices",
    "largest σ",
    "stable rank",
    "entropy %",
    "top 8 %",
    "beyond the edge %",
    "α",
    "α accepted",
)


def spectra_summary(shown: Shown) -> Iterator[Block]:
    """How many matrices, what is missing, the quantizer's share, and each role in numbers."""
    document = shown.spectra
    if document is None:
        return
    yield Paragraph(Own(f"{spectra_line(document)}."), "aside")
    if not shown.charts(SPECTRA):  # which say it
        yield Paragraph(quantized_sentence(document))
    if (accepted := alpha_sentence(document)) is not None:
        yield Paragraph(Own(f"{accepted[:1].upper()}{accepted[1:]}."))
    if told := [*estimated_sentences(document), *missing_sentences(document), *document.notes]:
        yield Items(told)
    yield TextTable(
        "spectra-by-role",
        Own("Singular values by role"),
        heads("role", *_COLUMNS, numeric="|".join(_COLUMNS)),
        [
            (
                row.role,
                Own(row.n_matrices),
                number_within(row.sigma_max, row.errors.get("sigma_max")),
                number_within(row.stable_rank, row.errors.get("stable_rank")),
                percent_within(row.normalized_entropy, row.errors.get("normalized_entropy")),
                percent_within(row.energy_top_8, row.errors.get("energy_top_8")),
                percent_within(row.energy_beyond_edge, row.errors.get("energy_beyond_edge")),
                number(row.alpha),
                Own(row.n_accepted),
            )
            for row in role_spectra(document.matrices)
        ],
        Own("The largest σ of a role; of the other numbers the median over its matrices."),
        folded=False,
    )


def spectra_figures(shown: Shown) -> Iterator[Block]:
    """The charts of singular values."""
    charts = shown.charts(SPECTRA)
    if charts:
        yield Figures(charts)


def spectra_definitions(shown: Shown) -> Iterator[Block]:
    """The numbers of a spectrum, each with its definition."""
    if shown.spectra is None:
        return
    yield TextTable(
        "spectral-numbers",
        Own("Numbers of singular values"),
        heads("number", "definition", long="definition"),
        [(Own(each.label), Own(each.meaning)) for each in NUMBERS],
    )
