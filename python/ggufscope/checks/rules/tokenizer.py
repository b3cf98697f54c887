"""Lists of the tokenizer that do not fit each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...text.numbers import counted
from ..findings import Place
from ..registry import Fault, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..facts import Facts
    from ..findings import Severity

_TOKENS = "tokenizer.ggml.tokens"
_MERGES = "tokenizer.ggml.merges"
_BESIDE = ("tokenizer.ggml.scores", "tokenizer.ggml.token_type")


@rule(
    "tokenizer-lists",
    "error",
    "lists of the tokenizer of unequal length, and ids beyond them",
    reads="metadata",
    why="Scores and kinds stand beside the tokens, one for each. A runtime that trusts their length reads beyond the"
    " end of the shorter one. A beginning or an end of texts that is no token is an error, another such id, as that of"
    " padding, a warning.",
    remedy="Convert again.",
)
def tokenizer_lists(facts: Facts) -> Iterator[Fault]:
    metadata = facts.model.metadata
    if _TOKENS not in metadata or not metadata.kind(_TOKENS).startswith("array"):
        return
    n_tokens = metadata.length(_TOKENS)
    for key in _BESIDE:
        if key in metadata and metadata.kind(key).startswith("array") and metadata.length(key) != n_tokens:
            yield Fault(f"{key} has {metadata.length(key)} values for {n_tokens} tokens", Place(key=key))
    for key in metadata:
        if key.startswith("tokenizer.ggml.") and key.endswith("_token_id"):
            value = metadata[key]
            if isinstance(value, int) and not isinstance(value, bool) and not -1 <= value < n_tokens and value != _NONE:
                severity: Severity | None = None if key in _ENDS else "warning"
                yield Fault(f"{key} is {value}, and there are {counted(n_tokens, 'token')}", Place(key=key), severity)


_ENDS = {"tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id"}  # of a text: others may be unused
_NONE = 0xFFFFFFFF  # −1 of 32 bits: no such token


@rule(
    "merges",
    "error",
    "merges of pieces that are no tokens",
    reads="metadata",
    why="A merge joins two tokens into a third. One whose pieces or result are not in the vocabulary cannot be applied:"
    " text is cut otherwise than the model was trained on. Some vocabularies have a few such merges: up to one in a"
    " hundred is a note.",
    remedy="Convert again, with the tokenizer of the original.",
)
def merges(facts: Facts) -> Iterator[Fault]:
    metadata = facts.model.metadata
    if any(key not in metadata or metadata.kind(key) != "array[string]" for key in (_TOKENS, _MERGES)):
        return
    tokens = set(metadata[_TOKENS])
    pairs = metadata[_MERGES]
    unknown = [number for number, pair in enumerate(pairs) if not _joins_tokens(pair, tokens)]
    if unknown:
        first = f"the first is number {unknown[0]}"
        sentence = f"{counted(len(unknown), 'merge')} of {len(pairs)} join what are no tokens, {first}"
        few = len(unknown) <= _FEW * len(pairs)
        yield Fault(sentence, Place(key=_MERGES, count=len(unknown)), "note" if few else None)


_FEW = 0.01


def _joins_tokens(pair: str, tokens: set[str]) -> bool:
    """Whether a merge is of two tokens, and makes a third; a piece may hold a space itself."""
    left, _, right = pair.partition(" ")
    if left in tokens and right in tokens and left + right in tokens:
        return True
    return any(
        pair[:at] in tokens and pair[at + 1 :] in tokens and pair[:at] + pair[at + 1 :] in tokens for at in _cuts(pair)
    )


_LONGEST_PAIR, _MOST_CUTS = 2048, 16  # characters; spaces that a pair is tried to be cut at, those in its middle


def _cuts(pair: str) -> list[int]:
    """Spaces of a pair that may stand between its pieces, of which one is made of spaces itself."""
    if len(pair) > _LONGEST_PAIR:
        return []
    cuts = [at for at, character in enumerate(pair) if character == " " and 0 < at < len(pair) - 1]
    return cuts[max(0, len(cuts) - _MOST_CUTS) // 2 :][:_MOST_CUTS]
