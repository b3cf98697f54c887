"""Spectra that a directory holds already, of which those of single matrices are still true."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .._version import __version__
from ..errors import SpectraError
from ..spectral import Spectra
from ..spectral.computing import DRAWS, LONGEST_EXACT, SIGNIFICANCE
from ..spectral.spectra_document import SpectraSettings
from .digests import file_digest

if TYPE_CHECKING:
    from pathlib import Path

    from .part import Work

_USUAL = SpectraSettings(
    all=False, stored=False, longest_exact=LONGEST_EXACT, draws=DRAWS, significance=SIGNIFICANCE, seed=0
)


def earlier_spectra(path: Path, work: Work) -> Spectra | None:
    """Spectra as an earlier run wrote them, by this version: of a run that was interrupted, or of fewer matrices.

    Raises:
        OSError: The file is there, and cannot be read.
    """
    if not path.is_file() or work.digests.get(path.name) != file_digest(path):
        return None
    try:
        earlier = Spectra.load(path)
    except SpectraError:
        return None
    run, settings = earlier.document.run, earlier.document.settings
    same = run is not None and run.version == __version__ and replace(settings, all=False) == _USUAL
    return earlier if same and work.is_of(earlier.subject) else None
