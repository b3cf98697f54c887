"""Predicted against measured, and the weights of the risk index fitted to answers (docs/validation.md).

analysis ──▶ sources ──predictions──┐
probe ─────▶ sources.py             ├──▶ compare ──▶ Quantity ──┐
trace ──────▶ measured ──points─────┘    compare.py             ├──▶ Validation
          └─▶ features ──per prompt───▶ fit ──▶ Fit ────────────┘
"""

from typing import TYPE_CHECKING

from ..loading import loader

if TYPE_CHECKING:
    from .validating import validate
    from .validation_result import Validation

__all__ = ["Validation", "validate"]

__getattr__ = loader(__name__, {"validate": "validating", "Validation": "validation_result"})
