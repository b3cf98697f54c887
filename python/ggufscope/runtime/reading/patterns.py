"""Regular expressions of strangers.

A prompt file may be downloaded, and one expression such as `(a+)+$` would keep Python's `re` busy for ever. These run
in the engine of pydantic, Rust's `regex`: its time is linear in the text whatever the expression, its memory is
limited, and it has no look-around and no back references.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import cache
from typing import Annotated

from pydantic import StringConstraints, TypeAdapter, ValidationError
from pydantic_core import SchemaError

LONGEST_PATTERN = 200  # characters
LONGEST_TEXT = 2000  # characters searched


def is_pattern(answer: str) -> bool:
    """Whether an answer of a prompt file is written `/pattern/`."""
    return len(answer) > 1 and answer.startswith("/") and answer.endswith("/")


@dataclass(frozen=True)
class Span:
    """A place in a text, half open."""

    start: int
    stop: int


class Pattern:
    """An expression, searched for anywhere, letters in either case."""

    def __init__(self, expression: str) -> None:
        """Compile it.

        Raises:
            ValueError: It is malformed, too long or too large.
        """
        if not expression:
            raise ValueError("the pattern is empty")
        if len(expression) > LONGEST_PATTERN:
            raise ValueError(f"the pattern has {len(expression)} characters, the limit is {LONGEST_PATTERN}")
        self._compiled = _compile(expression)

    def matches(self, text: str) -> bool:
        try:
            self._compiled.validate_python(text[:LONGEST_TEXT])
        except ValidationError:
            return False
        return True

    def find(self, text: str) -> Span | None:
        """Where the first match ends and how late it can begin; None without a match.

        The engine only says whether there is one, so the ends are found by bisection: a longer text matches too.
        """
        text = text[:LONGEST_TEXT]
        if not self.matches(text):
            return None
        stop = bisect_left(range(len(text)), True, key=lambda end: self.matches(text[:end]))
        head = text[:stop]
        start = len(head) - bisect_left(range(len(head)), True, key=lambda size: self.matches(head[len(head) - size :]))
        return Span(start, stop)


@cache
def _compile(expression: str) -> TypeAdapter[str]:
    try:
        return TypeAdapter(Annotated[str, StringConstraints(pattern=f"(?i:{expression})")])
    except SchemaError as error:
        reason = str(error).strip().splitlines()[-1].strip().rstrip(".")
        reason = reason.removeprefix("SchemaError: ").removeprefix("error: ")
        raise ValueError(f"the pattern {expression!r} cannot be used: {reason}") from None
