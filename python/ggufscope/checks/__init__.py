"""Checks: rules that a model file has to keep, and the verdict on it."""

from .check_result import Check
from .checking import check
from .rules import RULES

__all__ = ["RULES", "Check", "check"]
