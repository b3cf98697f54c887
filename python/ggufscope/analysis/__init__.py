"""Static analysis: what the weights of a model say about its layers, and what each such finding is worth.

    input (GGUF, profile, Phase 1 JSON) ──▶ LayerTable ──presets──▶ scores ──▶ risk index ──▶ sensitivity, confounds
                                                                     │
                                                                     └──▶ hypotheses ──checks──▶ verdicts ──▶ Analysis

docs/analysis.md defines every number. A new score is a function with the decorator of `registry`; a new preset is a
function too, and its module a line below.
"""

from . import heuristic as _heuristic  # registers its preset
from . import probe_preset as _probe_preset
from . import propagation_preset as _propagation_preset  # and this one, its own
from .findings import Finding
from .result import Analysis
from .run import analyze

__all__ = ["Analysis", "Finding", "analyze"]

del _heuristic, _probe_preset, _propagation_preset
