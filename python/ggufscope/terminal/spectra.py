"""The terminal view of singular values: roles over their layers, the most extreme matrices, the quantizer's share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..report.content.spectral_numbers import by_layer, role_spectra
from ..report.content.spectral_words import (
    alpha_sentence,
    estimated_sentences,
    extreme_matrix,
    margin_text,
    matrix_words,
    missing_sentences,
    rounding_words,
    spectra_line,
)
from ..text.numbers import aligned, percent, short
from .columns import Column, Drawing
from .curves import peaks
from .headline import render_headline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..report.content.spectral_numbers import RoleSpectra
    from ..spectral.spectra_document import SpectraDocument
    from .screen import Screen

_MOST_ROLES = 128
_LABEL = len("rounding")


_LEGEND = (
    "largest: of the role's matrices; other numbers: medians over them",
    "entropy: of the energy over directions, 100 % where all are alike",
    "edge: of noise as large as the bulk (Marchenko-Pastur); energy beyond it",
)


def render_spectra_alone(screen: Screen, document: SpectraDocument) -> None:
    """The view of a saved file: the model, then its singular values."""
    model = document.model
    render_headline(screen, model.file, model.title, model, [])
    screen.blank()
    render_spectra(screen, document)


def render_spectra(screen: Screen, document: SpectraDocument) -> None:
    """Roles in a table, then extremes, exponents, the quantizer's share, and what has no numbers."""
    screen.heading("singular values")
    screen.line(spectra_line(document), "dim")
    rows = role_spectra(document.matrices)
    if rows:
        _render_roles(screen, document, rows[:_MOST_ROLES])
        screen.tell_rest(len(rows) - _MOST_ROLES, "role")
    margin = screen.glyphs.plus_minus
    for label, text in _facts(document):
        screen.fact(label, text.replace("±", margin), width=_LABEL)
    for sentence in estimated_sentences(document):
        screen.line(sentence.replace("±", margin))
    for sentence in missing_sentences(document):
        screen.line(f"! {sentence}", "yellow")
    for note in document.notes:
        screen.line(note)
    if rows:
        for line in _LEGEND:
            screen.line(line, "dim")


def _render_roles(screen: Screen, document: SpectraDocument, rows: Sequence[RoleSpectra]) -> None:
    nothing = screen.glyphs.nothing

    def with_margins(texts: Sequence[str], field: str, *, share: bool = False) -> list[str]:
        margins = [margin_text(getattr(row, field), row.errors.get(field), share=share) for row in rows]
        return [
            text + margin.replace("±", screen.glyphs.plus_minus) for text, margin in zip(texts, margins, strict=True)
        ]

    def shares(field: str) -> list[str]:
        values: list[float | None] = [getattr(row, field) for row in rows]
        texts = [nothing if value is None else percent(value) for value in values]
        return with_margins(texts, field, share=True)

    ranks = by_layer(document.matrices, "stable_rank")
    title = "stable rank\nby layer"
    curves = Drawing(
        lambda width: [screen.glyphs.curve(peaks(ranks.get(row.role, ()), width)) for row in rows],
        shortest=len("stable rank"),
        longest=max(map(len, ranks.values()), default=0),
    )
    screen.table(
        [
            Column("role", [row.role for row in rows], "name"),
            Column(
                "largest\nσ" if screen.glyphs.blocks else "largest\nsigma",
                with_margins(aligned([row.sigma_max for row in rows], nothing), "sigma_max"),
            ),
            Column("stable\nrank", with_margins(aligned([row.stable_rank for row in rows], nothing), "stable_rank")),
            Column("entropy\n%", shares("normalized_entropy"), yields=1),
            Column("top 8\n%", shares("energy_top_8"), yields=2),
            Column("beyond\nedge %", shares("energy_beyond_edge"), yields=4),
            Column(
                "exponent\nα" if screen.glyphs.blocks else "exponent\nalpha",
                aligned([row.alpha for row in rows], nothing),
                yields=3,
            ),
            *([Column(title, drawing=curves, name="stable rank by layer")] if ranks else []),
        ]
    )


def _facts(document: SpectraDocument) -> list[tuple[str, str]]:
    """Labels and texts below the table."""
    facts = []
    if highest := extreme_matrix(document, "sigma_max", largest=True):
        value, matrix = highest
        facts.append(("largest", f"{short(value)} in {matrix_words(matrix)}"))
    if lowest := extreme_matrix(document, "stable_rank", largest=False):
        value, matrix = lowest
        side = min(matrix.rows, matrix.columns)
        facts.append(("lowest", f"stable rank {short(value)} of {side} in {matrix_words(matrix)}"))
    if (accepted := alpha_sentence(document)) is not None:
        facts.append(("tails", accepted))
    if facts:
        facts.append(("rounding", rounding_words(document) or "none: the weights are floats"))
    return facts
