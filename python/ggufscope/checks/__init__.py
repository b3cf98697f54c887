"""Checks: rules that a model file has to keep, and the verdict on it."""

from typing import TYPE_CHECKING

from ..loading import loader

if TYPE_CHECKING:
    from .check_result import Check
    from .checking import check
    from .rules import RULES

__all__ = ["RULES", "Check", "check"]

__getattr__ = loader(__name__, {"Check": "check_result", "check": "checking", "RULES": "rules"})
