"""What two models of a diff are to read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from os import PathLike

    from ..runtime.reading.prompts import NamedPrompts


@dataclass(frozen=True)
class RunChoice:
    """The tokens that both models read, at most one of text, prompts and tokens; by default a neutral text.

    Attributes:
        text: a file to read in one piece.
        prompts: a file of prompts, or a set that was read already.
        tokens: a file of token ids.
        template: form to put prompts in, as for `trace`.
        exact: output errors over every token by itself, which takes a third longer; else tokens of a long text are
            added up in groups.
    """

    text: str | PathLike[str] | None = None
    prompts: str | PathLike[str] | NamedPrompts | None = None
    tokens: str | PathLike[str] | None = None
    template: str = "auto"
    exact: bool = False

    @property
    def files(self) -> list[str | PathLike[str]]:
        """Files that are read."""
        named = (self.text, self.prompts, self.tokens)
        return [each for each in named if each is not None and not isinstance(each, tuple)]
