"""`ggufscope profile --spectra`: singular values beside a profile, of all matrices or of those selected."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .. import spectral
from ..spectral.choice import ALL, checked_matrices
from ..spectral.spectra_document import SPECTRA_FORM
from ..terminal.progress import progress_bar
from ..terminal.spectra import render_spectra
from ..terminal.standard_output import print_out

if TYPE_CHECKING:
    from collections.abc import Collection

    from ..models.model import Model
    from ..models.selection import Selection
    from ..spectral import Spectra
    from ..spectral.matrix_record import MatrixSpectrum
    from ..spectral.spectra_document import SpectraDocument
    from ..terminal.screen import Screen
    from .profile_asked import Asked


def compute_spectra(model: Model, asked: Asked, tensors: Collection[str] | None = None) -> Spectra | None:
    """The singular values of the matrices that were asked for, or of those of some tensors; None where nobody asked."""
    if asked.spectra is None:
        return None
    everything = checked_matrices(asked.spectra) == ALL
    with progress_bar("singular values") as progress:
        return spectral.spectra(
            model,
            all=everything,
            tensors=tensors,
            threads=asked.threads,
            progress=progress,
            stored=asked.settings.stored,
        )


def spectra_json(values: Spectra, reproducible: bool) -> str:
    """The text of the saved file, without time, threads and version where it is to be the same every time."""
    document = values.document
    return SPECTRA_FORM.to_json(replace(document, run=None) if reproducible else document)


def print_spectra(values: Spectra, asked: Asked) -> None:
    """Print singular values as JSON, of a selection those of its matrices."""
    chosen = spectral.Spectra(selected(values.document, asked.selection))
    print_out(spectra_json(chosen, asked.reproducible).rstrip("\n"))


def render_spectra_of(screen: Screen, values: Spectra | None, selection: Selection) -> None:
    """The view of singular values below that of weights, of a selection those of its matrices; None: nothing."""
    if values is not None:
        screen.blank()
        render_spectra(screen, selected(values.document, selection))


def selected(document: SpectraDocument, selection: Selection) -> SpectraDocument:
    """The matrices of a selection; heads are of whole layers, and only there where nothing was selected."""
    if not selection.narrows:
        return document
    matrices = [each for each in document.matrices if selection.matches(each.name, each.layer, each.role)]
    of_all, of_these = _measured(document.matrices), _measured(matrices)
    coverage = document.coverage * of_these / of_all if document.coverage and of_all else document.coverage
    return replace(document, matrices=matrices, heads=[], coverage=coverage)


def _measured(matrices: Collection[MatrixSpectrum]) -> int:
    """Weights in matrices that have numbers."""
    return sum(each.rows * each.columns for each in matrices if each.method is not None)
