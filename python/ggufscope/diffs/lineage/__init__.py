"""Where a model comes from: conversions undone, what a fine-tune moved, whose signs it has, coarser types."""

from .conversions import views_between
from .tracing import LineageTracer

__all__ = ["LineageTracer", "views_between"]
