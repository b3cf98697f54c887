"""What two models of a diff are to read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from os import PathLike

    from ..runtime.reading.given import AskedPrompts, AskedText


@dataclass(frozen=True)
class RunChoice:
    """The tokens that both models read, at most one of text, prompts and tokens; by default a neutral text.

    Attributes:
        text: a file to read in one piece, or the text itself, as for `trace`.
        prompts: a file of prompts, or prompts themselves, as for `trace`.
        tokens: a file of token ids.
        template: form to put prompts in, as for `trace`.
        exact: output errors over every token by itself, which takes a third longer; else tokens of a long text are
            added up in groups.
    """

    text: AskedText | None = None
    prompts: AskedPrompts = None
    tokens: str | PathLike[str] | None = None
    template: str = "auto"
    exact: bool = False

    @property
    def files(self) -> list[str | PathLike[str]]:
        """Files that are read."""
        from ..runtime.reading.given import input_files  # noqa: PLC0415  with pydantic; a choice alone needs none

        return [*input_files(self.prompts, self.text), *([] if self.tokens is None else [self.tokens])]
