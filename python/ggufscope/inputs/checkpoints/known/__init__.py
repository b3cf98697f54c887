"""Architectures whose checkpoints are seen as GGUF files: class of the model, as `config.json` names it → its row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .dense import DENSE
from .experts import EXPERTS
from .fused import FUSED
from .gemma import GEMMA

if TYPE_CHECKING:
    from ..conversion import Conversion

CONVERSIONS: dict[str, Conversion] = {**DENSE, **GEMMA, **FUSED, **EXPERTS}
