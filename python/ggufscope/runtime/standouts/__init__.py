"""What stands out in a model: registries, and the kinds that need only what a Recorder saw.

Importing the module of a kind registers it; a new one is a name below. They are looked for, and shown, in this order.
"""

from ..standout_document import LayerSeries, Standout, StandoutKind

from . import massive_activations, sinks  # isort: skip
from . import attending, induction_heads, quiet_neurons  # isort: skip
from .registry import Found, Kind, Kinds
from .seen import SEEN, Seen, seen_on_openings

__all__ = [
    "SEEN",
    "Found",
    "Kind",
    "Kinds",
    "LayerSeries",
    "Seen",
    "Standout",
    "StandoutKind",
    "attending",
    "induction_heads",
    "massive_activations",
    "quiet_neurons",
    "seen_on_openings",
    "sinks",
]
