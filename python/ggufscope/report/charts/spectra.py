"""Singular values: the numbers of every matrix by layer and role, and how the matrices of a head meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...text.escape import escape
from ..content.chart import SPECTRA, Chart, ChartColumn, ChartTable
from ..content.role_order import in_order
from ..content.spectral_numbers import ALPHA, NUMBERS, by_layer, of_layers, places, role_of
from ..content.spectral_words import extreme_matrix, quantized_sentence, where
from .access import spectra_of
from .heads import head_picture, head_sentence
from .layer_curves import LayerCurve, curve_picture, curve_table
from .panels import Panel, family
from .registry import LeftOutError, NotAskedError, chart
from .theme import SHAPES
from .words import ends, name, number, unique

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...spectral.spectra_document import HeadSpectrum, SpectraDocument
    from ..content.results import ReportData
    from ..content.spectral_numbers import SpectralNumber

_MOST_CURVES = len(SHAPES)  # that can be told apart
_PRODUCTS = {
    "qk": ("Queries and keys", "W_qᵀ W_k"),
    "vo": ("Values and outputs", "W_o W_v"),
}


@chart("spectra")
def spectra(data: ReportData) -> Iterator[Chart]:
    """Ranks, largest singular values, exponents and shares of energy of every matrix, by layer and role."""
    document = spectra_of(data)
    roles = [str(role) for role in in_order(role_of(matrix) for matrix in of_layers(document.matrices))]
    panels = [
        Panel(each.label, panel)
        for each in NUMBERS
        if (panel := _curves(document, each, roles[:_MOST_CURVES])) is not None
    ]
    if not panels:
        raise LeftOutError("no matrix belongs to a layer")
    more = len(roles) - _MOST_CURVES
    left = f" Drawn are the first {_MOST_CURVES} of {len(roles)} roles." if more > 0 else ""
    yield family(
        "spectra",
        "Singular values of the matrices, by layer and role",
        panels,
        keys=1,
        definition=f"A point is one matrix, or the median over the experts of a layer.{left}",
        sentence=" ".join([*_told(document), escape(quantized_sentence(document))]),
        shared=("color", "shape"),
    )


def _told(document: SpectraDocument) -> Iterator[str]:
    """The matrices of the lowest stable rank and of the largest singular value."""
    if lowest := extreme_matrix(document, "stable_rank", largest=False):
        value, matrix = lowest
        side = min(matrix.rows, matrix.columns)
        yield f"The stable rank is lowest in {name(where(matrix))}: {number(value)} of {side}."
    if highest := extreme_matrix(document, "sigma_max", largest=True):
        value, matrix = highest
        yield f"The largest singular value, {number(value)}, is in {name(where(matrix))}."


def _curves(document: SpectraDocument, what: SpectralNumber, roles: Sequence[str]) -> Chart | None:
    """A panel: a curve for each role; None where no matrix of these roles has the number."""
    of_roles = by_layer(document.matrices, what.field)
    there = [role for role in roles if role in of_roles]
    cells = [cell for cell in places(document.matrices, what.field) if cell.role in there]
    if not cells:
        return None
    curves = [
        LayerCurve(f"{what.key}_{label}", label, of_roles[role])
        for role, label in zip(there, unique(there), strict=True)
    ]
    low, high = (pick(cells, key=lambda cell: cell.middle) for pick in (min, max))
    least, most = ends(low.middle, high.middle, "%" if what.share else "")
    sentence = f"From {least} ({name(low.role)}, layer {low.layer}) to {most} ({name(high.role)}, layer {high.layer})."
    if low.middle == high.middle:
        sentence = f"It is {least} throughout."
    return Chart(
        name=what.key.replace("_", "-"),
        title=what.label,
        sentence=sentence,
        definition=what.meaning,
        alt=f"{len(curves)} lines over {len(curves[0].values)} layers. {sentence}",
        table=curve_table(curves, "share" if what.share else ""),
        specification=curve_picture(
            curves, logarithmic=what.logarithmic, percent=what.share, joined=what.field != ALPHA
        ),
        section=SPECTRA,
    )


@chart("spectra-heads")
def spectra_heads(data: ReportData) -> Iterator[Chart]:
    """How well the two matrices of every head meet: queries with keys, values with outputs."""
    document = spectra_of(data)
    panels = [
        Panel(title, panel)
        for product, (title, formula) in _PRODUCTS.items()
        if (panel := _meeting(document.heads, product, title, formula)) is not None
    ]
    if not panels:
        raise NotAskedError
    yield family(
        "spectra-heads",
        "How the two matrices of a head meet",
        panels,
        keys=2,
        definition=(
            "σ₁(AB) / (σ₁(A) σ₁(B)) of the two matrices of a head: 1 where the strongest direction of one is that of"
            " the other, near 0 where they pass each other by. As stored: without gains, positions and biases."
        ),
        height=170,
    )


def _meeting(heads: Sequence[HeadSpectrum], product: str, title: str, formula: str) -> Chart | None:
    rows = sorted(
        (each.layer, each.head, each.alignment) for each in heads if each.product == product and each.stack is None
    )
    if all(value is None for *_, value in rows):
        return None
    layers = sorted({layer for layer, *_ in rows})
    sentence = head_sentence(rows, "alignment")
    return Chart(
        name=f"{product}-alignment",
        title=title,
        sentence=sentence,
        definition=f"Of {formula}.",
        alt=f"A map of {len(layers)} layers and {1 + max(head for _, head, _ in rows)} heads. {sentence}",
        table=ChartTable(
            (ChartColumn("layer", "layer"), ChartColumn("head", "head"), ChartColumn(f"{product}_alignment", title)),
            tuple(rows),
        ),
        specification=head_picture(rows, layers, ""),
        section=SPECTRA,
    )
