"""Presets: the ways to get scores of layers, and their registry.

Importing the module of a preset registers it; a new one is a name below. They run in this order.
"""

from . import heuristic, propagated, probe  # isort: skip  the order of the registry

__all__ = ["heuristic", "probe", "propagated"]
