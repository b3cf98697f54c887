"""Tokens that the model cannot tell apart: their rows of the embedding are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...models.token_texts import TokenTexts
from ...runtime.standouts import Found, Standout
from .source import WEIGHTS

if TYPE_CHECKING:
    from .source import Weights

NAME = "identical_tokens"
_NAMED = 4  # tokens of a group in its sentence


@WEIGHTS.kind(
    NAME, "Identical tokens", "Groups of tokens whose rows of token_embd are the same, bit for bit, and not zero."
)
def find(weights: Weights) -> Found:
    """The largest groups first."""
    groups = weights.embedding.equal
    texts = TokenTexts(weights.need_model())
    summary = None
    if len(groups) > 1:
        n_tokens = sum(map(len, groups))
        largest = _named(groups[0], texts)
        summary = f"{n_tokens} tokens have the row of another token, in {len(groups)} groups, as {largest}."
    return Found([_standout(group, texts) for group in groups], summary=summary)


def _standout(group: list[int], texts: TokenTexts) -> Standout:
    return Standout(
        kind=NAME,
        layer=None,
        head=None,
        place={"token": group[0], "other_token": group[1]},
        value=float(len(group)),
        compared=None,
        evidence={},
        sentence=f"{len(group)} tokens have one and the same row of the embedding: {_named(group, texts)}.",
    )


def _named(tokens: list[int], texts: TokenTexts) -> str:
    names = ", ".join(texts(token) for token in tokens[:_NAMED])
    return names if len(tokens) <= _NAMED else f"{names} and {len(tokens) - _NAMED} more"
