"""Budgets: which type each tensor should have, so that a model of a size costs the least.

    options of each tensor: type, bytes, cost ──▶ frontier ──▶ the mix of least cost within the budget ──▶ a recipe

docs/bits.md says how, and what it is worth.
"""

from typing import TYPE_CHECKING

from ...loading import loader

if TYPE_CHECKING:
    from .allotting import bits
    from .bits_result import Bits

__all__ = ["Bits", "bits"]

__getattr__ = loader(__name__, {"bits": "allotting", "Bits": "bits_result"})
