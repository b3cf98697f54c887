"""Sizes that the engine llama.cpp keeps to; nothing in llama.cpp hinders it from filling the memory of a machine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ContextLimits:
    """Sizes of contexts.

    Attributes:
        sequences: prompts in one context.
        bytes_at_once: of the attention of a layer, or the scores of all tokens, which llama.cpp holds at once.
        kept_bytes: of keys and values, until all prompts are answered.
    """

    sequences: int = 64
    bytes_at_once: int = 4 << 30
    kept_bytes: int = 8 << 30


DEFAULT_LIMITS = ContextLimits()
