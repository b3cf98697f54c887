"""The contents of `tokenizer.json` and the files beside it, each part checked for its type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...._core import GGUFError

if TYPE_CHECKING:
    from ..side_files import SideFiles

MOST_TOKENS = 1 << 21  # twice those of the largest vocabularies


@dataclass(frozen=True)
class AddedToken:
    """A token beside the vocabulary that was learned."""

    number: int
    text: str
    special: bool
    normalized: bool


@dataclass
class TokenizerFiles:
    """Contents of the files; empty where one is missing.

    Attributes:
        name: of `tokenizer.json`, for error lines.
        tokenizer: that file's contents; None without it.
        config: of `tokenizer_config.json`; None without it.
    """

    name: str
    tokenizer: dict[str, Any] | None
    config: dict[str, Any] | None
    config_name: str

    @classmethod
    def read(cls, side: SideFiles) -> TokenizerFiles:
        """Read both.

        Raises:
            GGUFError: One is no JSON object.
            OSError: One cannot be read.
        """
        tokenizer = side.json_object("tokenizer.json")
        config = side.json_object("tokenizer_config.json")
        return cls(
            "tokenizer.json" if tokenizer is None else tokenizer[0],
            None if tokenizer is None else tokenizer[1],
            None if config is None else config[1],
            "tokenizer_config.json" if config is None else config[0],
        )

    @property
    def model(self) -> dict[str, Any]:
        """The part of `tokenizer.json` that has the vocabulary."""
        return as_object((self.tokenizer or {}).get("model"))

    def added(self) -> list[AddedToken]:
        """The added tokens of `tokenizer.json`.

        Raises:
            GGUFError: They are malformed.
        """
        tokens = (self.tokenizer or {}).get("added_tokens") or []
        if not isinstance(tokens, list):
            raise self.refusal("added_tokens", "must be a list")
        return [self._added(each) for each in tokens]

    def _added(self, each: object) -> AddedToken:
        values = as_object(each)
        number, text = values.get("id"), values.get("content")
        if not isinstance(text, str) or not isinstance(number, int) or not _is_number(number):
            raise self.refusal("added_tokens", "each must have an id and a content")
        return AddedToken(number, text, values.get("special") is True, values.get("normalized") is True)

    def vocabulary(self) -> dict[str, int]:
        """Text → number of the tokens that were learned.

        Raises:
            GGUFError: They are malformed, or more than any model has.
        """
        vocabulary = self.model.get("vocab")
        if not isinstance(vocabulary, dict) or not all(_is_number(number) for number in vocabulary.values()):
            raise self.refusal("model.vocab", "must give each token a number")
        return vocabulary

    def merges(self) -> list[str]:
        """Pairs that become one token, as `left right`; a space inside a token is written as U+0120.

        Raises:
            GGUFError: They are malformed.
        """
        merges = self.model.get("merges")
        if not isinstance(merges, list):
            raise self.refusal("model.merges", "must be a list")
        if all(isinstance(each, str) for each in merges):
            return merges
        if not all(
            isinstance(each, list) and len(each) == 2 and all(isinstance(part, str) for part in each) for each in merges
        ):
            raise self.refusal("model.merges", "must be texts, or pairs of texts")
        return [f"{left.replace(' ', 'Ġ')} {right.replace(' ', 'Ġ')}" for left, right in merges]

    def refusal(self, key: str, reason: str) -> GGUFError:
        """The error to raise for a key of `tokenizer.json`."""
        return GGUFError(f"{self.name}: {key}: {reason}")


def as_object(value: object) -> dict[str, Any]:
    """A JSON object; empty for anything else."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """A JSON array; empty for anything else."""
    return value if isinstance(value, list) else []


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST_TOKENS
