"""Whether two models have one vocabulary, so that one's tokens say the same to the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import DiffError
from ...text.escape import escape
from ...text.numbers import counted

if TYPE_CHECKING:
    from ...models.model import Model

_TOKENS = "tokenizer.ggml.tokens"


def compare_vocabularies(reference: Model, model: Model, n_rows: tuple[int, int]) -> list[str]:
    """What a reader should know of two vocabularies that go together.

    Args:
        reference: whose tokenizer is used.
        model: the other.
        n_rows: tokens that each has embeddings and scores of.

    Raises:
        DiffError: A token that both have is not the same in both.
    """
    n_common = min(n_rows)
    ours, theirs = _tokens(reference), _tokens(model)
    if ours is None or theirs is None:
        if n_rows[0] != n_rows[1]:
            raise DiffError(f"the models have {n_rows[0]} and {n_rows[1]} tokens, and not both say which")
        silent = "the reference" if ours is None else "the model"
        return [f"{silent} does not say what its tokens are: those of a number are taken for the same"]
    n_named = min(n_common, len(ours), len(theirs))  # tables of embeddings may be longer than lists, by padding
    place = next((place for place in range(n_named) if ours[place] != theirs[place]), None)
    if place is not None:
        texts = f"{escape(repr(ours[place]))} and {escape(repr(theirs[place]))}"
        raise DiffError(f"the models have other vocabularies: token {place} is {texts}")
    notes = []
    if n_named < min(n_common, max(len(ours), len(theirs))):
        silent = "reference" if len(ours) < len(theirs) else "model"
        notes.append(
            f"the {silent} does not say what tokens from {n_named} on are: those of a number are taken for the same"
        )
    if n_rows[0] == n_rows[1]:
        return notes
    longer = "reference" if n_rows[0] > n_rows[1] else "model"
    left_out = counted(max(n_rows) - n_common, "more token")
    return [
        *notes,
        f"the {longer} has {left_out} than the other, behind {n_common} that are the same: they are left out, and"
        f" probabilities are over those {n_common}",
    ]


def _tokens(model: Model) -> list[str] | None:
    if _TOKENS not in model.metadata or model.metadata.kind(_TOKENS) != "array[string]":
        return None
    tokens: list[str] = model.metadata[_TOKENS]
    return tokens
