"""The cost of a matrix's error: what one quantized matrix does to the answers of a model.

    candidates: decoded rows of a tensor in a type ─┐
    reference ── reads a neutral text, exactly ─────┴─▶ Costs: predicted KL divergence by tensor and type

docs/costs.md says how, and how it compares with measured divergences.
"""

from .costs_result import Cost, Costs
from .measuring import Candidates, measure

__all__ = ["Candidates", "Cost", "Costs", "measure"]
