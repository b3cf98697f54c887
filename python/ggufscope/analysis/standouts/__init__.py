"""Kinds of things that stand out in the weights.

Importing the module of a kind registers it; a new one is a name below. They are looked for, and shown, in this order.
"""

from .source import WEIGHTS, Weights

__all__ = ["WEIGHTS", "Weights"]
