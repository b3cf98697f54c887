"""One hostile file: how it is made, and what a reader must say of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class HostileFile:
    """A file that lies, or that is dear.

    Attributes:
        build: gives its bytes.
        refusal: part of the error that reading it ends in; None: it can be opened, and what is wrong shows later.
        size: bytes of the file where that is more than `build` gives; zeros follow, which take no room on the disk.
    """

    build: Callable[[], bytes]
    refusal: str | None = None
    size: int | None = None


HostileFiles = dict[str, HostileFile]  # by what is wrong, as in a file's name


def refused(content: bytes, refusal: str) -> HostileFile:
    """A file that no reader may open."""
    return HostileFile(lambda: content, refusal)
