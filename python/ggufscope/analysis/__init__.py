"""Static analysis: findings about the layers of a model from its weights, and how far each can be trusted.

    input (GGUF, profile, Phase 1 JSON) ──▶ LayerTable ──presets──▶ scores ──▶ risk index ──▶ sensitivity, confounds
                                                                     │
                                                                     └──▶ hypotheses ──checks──▶ verdicts ──▶ Analysis

docs/analysis.md defines every number, and says how a score, a preset or a hypothesis is added.
"""

from typing import TYPE_CHECKING

from ..loading import loader

if TYPE_CHECKING:
    from .analysis_result import Analysis
    from .analyzing import analyze
    from .verdicts.findings import Finding

__all__ = ["Analysis", "Finding", "analyze"]

__getattr__ = loader(__name__, {"Analysis": "analysis_result", "analyze": "analyzing", "Finding": "verdicts.findings"})
