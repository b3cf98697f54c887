"""Where a model comes from: conversions undone, what a fine-tune moved, whose signs it has, coarser types."""

from .conversions import views_between
from .tracing import lineage_of

__all__ = ["lineage_of", "views_between"]
