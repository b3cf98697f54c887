"""Spectra: the singular values of every matrix of a model, and what they add up to.

places ──▶ gram (tiles of weights) ──▶ eigenvalues ──▶ measures, marchenko_pastur, power_law, noise ──▶ MatrixSpectrum
       ──▶ gram_products ──▶ block_lanczos ──▶ density ──▶ estimated, of matrices too large ───────▶ MatrixSpectrum
heads  ──▶ head_products (factors of a head's size) ───────────────────────────────────────────────▶ HeadSpectrum

The package is not called `spectra` because that is the function of ggufscope.
"""

from typing import TYPE_CHECKING

from ..loading import loader

if TYPE_CHECKING:
    from .computing import spectra
    from .spectra_result import Spectra, SpectraInterrupted

__all__ = ["Spectra", "SpectraInterrupted", "spectra"]

__getattr__ = loader(
    __name__, {"Spectra": "spectra_result", "SpectraInterrupted": "spectra_result", "spectra": "computing"}
)
