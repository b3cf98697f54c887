"""Importance matrices (imatrix files), of both forms: mean squares of what goes into each column of a matrix."""

from .importance import Importance, Sums
from .opening import is_dat, is_importance, open_importance

__all__ = ["Importance", "Sums", "is_dat", "is_importance", "open_importance"]
