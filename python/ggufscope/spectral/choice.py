"""Which matrices spectra are of, as one word."""

from __future__ import annotations

LAYERS, ALL = MATRICES = ("layers", "all")


def checked_matrices(word: str) -> str:
    """The word, where it is one of MATRICES.

    Raises:
        ValueError: It is none; the message says which there are.
    """
    if word not in MATRICES:
        raise ValueError(f"spectra are of {LAYERS} or of {ALL} matrices, not of {word!r}")
    return word
