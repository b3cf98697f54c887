"""Diffs: models held against a reference, weight by weight."""

from typing import TYPE_CHECKING

from ..loading import loader

if TYPE_CHECKING:
    from .diff_result import Diff
    from .differing import diff

__all__ = ["Diff", "diff"]

__getattr__ = loader(__name__, {"Diff": "diff_result", "diff": "differing"})
