"""Kinds of things that stand out in the weights.

Importing the module of a kind registers it; a new one is a name below. They are looked for, and shown, in this order.
"""

from .source import WEIGHTS, Ablation, ReadProbe, Weights  # isort: skip

from . import super_weights  # isort: skip
from . import tuned_gains  # isort: skip
from . import dead_neurons  # isort: skip
from . import duplicate_neurons  # isort: skip
from . import dead_heads  # isort: skip
from . import duplicate_heads  # isort: skip
from . import unused_tokens  # isort: skip
from . import identical_tokens  # isort: skip
from . import token_norms  # isort: skip
from . import common_direction  # isort: skip
from . import output_rows  # isort: skip
from . import norms_alike  # isort: skip

__all__ = [
    "WEIGHTS",
    "Ablation",
    "ReadProbe",
    "Weights",
    "common_direction",
    "dead_heads",
    "dead_neurons",
    "duplicate_heads",
    "duplicate_neurons",
    "identical_tokens",
    "norms_alike",
    "output_rows",
    "super_weights",
    "token_norms",
    "tuned_gains",
    "unused_tokens",
]
