"""The ordinary tokens of a vocabulary."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..models.tokens import TokenType
from .limits import NotApplicableError

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..models.model import Model


def ordinary_tokens(model: Model, n_rows: int) -> tuple[npt.NDArray[np.bool_], tuple[str, ...]]:
    """Rows of the vocabulary that are neither control nor byte tokens, bool (n_rows,), and the assumptions made."""
    key = "tokenizer.ggml.token_type"
    types = model.metadata.get(key)
    if not isinstance(types, np.ndarray) or types.shape != (n_rows,) or types.dtype.kind not in "iu":
        return np.ones(n_rows, bool), (f"every row of token_embd counts: {key} does not say which are control tokens",)
    kept = ~np.isin(types, (TokenType.CONTROL, TokenType.BYTE))
    if not kept.any():
        raise NotApplicableError(f"{key} leaves no token that is neither control nor byte")
    return kept, ()
