"""Diffs: models held against a reference, weight by weight."""

from .diff_result import Diff
from .differing import diff

__all__ = ["Diff", "diff"]
