"""Both models of a diff read the same tokens: the errors that reach the output, and where they come from.

text ──tokenizer of the reference──▶ tokens ──▶ reference, a layer ──▶ inputs of its matrices ──▶ output errors
                                            └─▶ model, the same layer ──▶ drift of the stream and of attention
                                       behind the last layer, a part of the vocabulary after the other ──▶ KL divergence
"""

from ..run_record import RunRecord
from .running import run

__all__ = ["RunRecord", "run"]
