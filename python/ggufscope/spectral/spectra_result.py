"""Spectra: their document, and tables of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import Interrupted
from ..saving.results import SavedResult, Tables
from ..text.numbers import counted
from .spectra_document import SPECTRA_FORM

if TYPE_CHECKING:
    from .matrix_record import MatrixSpectrum
    from .spectra_document import HeadSpectrum, SpectraDocument

SPECTRA_JSON = "spectra.json"  # beside other results of a model


class Spectra(Tables, SavedResult):
    """The singular values of the matrices of a model; made by `ggufscope.spectra`, or loaded.

    Attributes:
        document: everything, as saved.
    """

    _form = SPECTRA_FORM
    document: SpectraDocument

    def __init__(self, document: SpectraDocument) -> None:
        self.document = document

    @property
    def matrices(self) -> list[MatrixSpectrum]:
        """The record of each matrix, in the order of the file."""
        return self.document.matrices

    @property
    def heads(self) -> list[HeadSpectrum]:
        """The record of each product of each head."""
        return self.document.heads

    def _summary(self) -> str:
        measured = sum(each.method is not None for each in self.matrices)
        return f"{measured} of {len(self.matrices)} matrices, {counted(len(self.heads), 'product')} of heads"


class SpectraInterrupted(Interrupted):
    """Ctrl-C: `spectra` holds what was finished, for `ggufscope.spectra(…, previous=…)`."""

    def __init__(self, spectra: Spectra) -> None:
        super().__init__(spectra)
        self.spectra = spectra
