"""The tokens of a vocabulary, with their kinds and scores, in the order of their numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum


class TokenKind(IntEnum):
    """Values of `tokenizer.ggml.token_type`."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


@dataclass
class TokenList:
    """Tokens by their numbers.

    Attributes:
        model: `tokenizer.ggml.model`.
        texts: of the tokens; bytes where the file has no valid UTF-8.
        kinds: of them.
        scores: of them; empty where the kind of tokenizer has none.
        merges: pairs of tokens that become one, in order; empty without.
        pre: `tokenizer.ggml.pre`; None where the tokenizer cuts text in a way that has no name.
    """

    model: str
    texts: list[str | bytes]
    kinds: list[int]
    scores: list[float] = field(default_factory=list)
    merges: list[str] = field(default_factory=list)
    pre: str | None = None

    def cut_or_padded(self, n_tokens: int, kind: TokenKind, score: float) -> None:
        """Leave as many tokens as the embedding has rows."""
        for number in range(len(self.texts), n_tokens):
            self.texts.append(f"[PAD{number}]")
            self.kinds.append(kind)
            if self.scores:
                self.scores.append(score)
        del self.texts[n_tokens:], self.kinds[n_tokens:], self.scores[n_tokens:]


def looks_special(text: str) -> bool:
    """Whether a token that its tokenizer does not call special has the look of one, by the converter's rule."""
    return (
        text in {"<pad>", "<mask>", "<2mass>", "[@BOS@]"}
        or (text.startswith("<|") and text.endswith("|>"))
        or (text.startswith("<｜") and text.endswith("｜>"))  # noqa: RUF001  DeepSeek's
        or (text.startswith("<unused") and text.endswith(">"))
    )
