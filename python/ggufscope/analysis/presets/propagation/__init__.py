"""Means and variances of the residual stream, propagated through the layers of a model: docs/propagation.md."""

from .prediction import Limit, Propagation
from .walk import propagate

__all__ = ["Limit", "Propagation", "propagate"]
