"""Files that cannot be read as a model at all: where the format is violated first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..registry import Fault, rule
from ..unreadable import READABLE

if TYPE_CHECKING:
    from ..facts import Facts


@rule(
    READABLE,
    "error",
    "files that are no GGUF, cut off, or malformed",
    reads="structure",
    why="The reader stops at the first place where the file violates the format: a count that the file cannot hold, a"
    " tensor beyond its end, a name that stands there twice.",
    remedy="Get the file again; an incomplete download ends in the middle of a tensor.",
)
def readable(_: Facts) -> tuple[Fault, ...]:
    """No fault is left to find in a file that was opened; `unreadable` tells of one that was not."""
    return ()
