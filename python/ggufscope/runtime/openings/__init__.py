"""Exact openings: the first tokens of a few texts that a model writes itself, read as the model reads them.

model ──▶ draft ──written by the engine──▶ openings (and whatever else is to be read) ──prefill──▶ held activations
          reading_openings.py              runtime/timed_run.py                                    holding.py

What follows an opening may be told from means and variances; the opening itself may not, for there trained models have
their massive activations and their attention sinks (docs/propagation.md).
"""

from .beginnings import read_beginnings
from .holding import Holding
from .openings import Openings
from .reading_openings import USUAL_COUNT, USUAL_POINTS, USUAL_WRITTEN, read_openings

__all__ = ["USUAL_COUNT", "USUAL_POINTS", "USUAL_WRITTEN", "Holding", "Openings", "read_beginnings", "read_openings"]
