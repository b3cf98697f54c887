"""Static analysis: findings about the layers of a model from its weights, and how far each can be trusted.

    input (GGUF, profile, Phase 1 JSON) ──▶ LayerTable ──presets──▶ scores ──▶ risk index ──▶ sensitivity, confounds
                                                                     │
                                                                     └──▶ hypotheses ──checks──▶ verdicts ──▶ Analysis

docs/analysis.md defines every number. A new score is a function with the decorator of `registry`; a new preset is a
function too, and its module a line below.
"""

from .analysis_result import Analysis
from .analyzing import analyze
from .presets import heuristic as _heuristic  # registers its preset
from .presets import probe as _probe_preset
from .presets import propagated as _propagation_preset  # and this one, its own
from .verdicts.findings import Finding

__all__ = ["Analysis", "Finding", "analyze"]

del _heuristic, _probe_preset, _propagation_preset
