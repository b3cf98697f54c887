"""Diffs: models held against a reference, weight by weight."""

from .diff_result import Diff

__all__ = ["Diff"]
