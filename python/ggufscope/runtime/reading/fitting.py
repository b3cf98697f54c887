"""Whether a model can read what it is to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import TraceError

if TYPE_CHECKING:
    from ..shape import ModelShape
    from .readings import Reading


def check_context(reading: Reading, shape: ModelShape) -> None:
    """Raise TraceError where a piece is empty, is longer than the context, or has a token without an embedding."""
    for item in reading.items:
        if shape.context_length is not None and len(item.tokens) > shape.context_length:
            raise TraceError(
                f"{item.id!r} has {len(item.tokens)} tokens, and the model's context is {shape.context_length}"
            )
        if len(item.tokens) == 0:
            raise TraceError(f"{item.id!r} has no tokens")
        if item.tokens.max() >= shape.n_vocabulary:
            raise TraceError(f"{item.id!r} has token {item.tokens.max()}, and token_embd has {shape.n_vocabulary} rows")
