"""Names of models: local files and directories, the hub, the web, Ollama, caches."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .located import LocalFile
from .names import KINDS
from .names.directory import in_directory

if TYPE_CHECKING:
    from os import PathLike

    from .located import Located

__all__ = ["is_remote", "locate"]


def locate(name: str | PathLike[str]) -> Located:
    """The file that a name stands for; a split model is its first file, a checkpoint its index or its one file.

    What lies here under the name comes before every other meaning. A name of no kind is the path of a local file.

    Raises:
        MissingExtraError: A package is needed that is not installed.
        OSError: Nothing can be found under the name.
        ValueError: The name is malformed, or stands for several models; the line lists them.
    """
    text = os.fsdecode(name)
    if os.path.isdir(text):
        return in_directory(text)
    if isinstance(name, str) and not os.path.lexists(text):
        for kind in KINDS:
            if kind.matches(text):
                located: Located = kind.locate(text)
                return located
    return LocalFile(text)


def is_remote(name: str | PathLike[str]) -> bool:
    """Whether a name stands for a file that lies elsewhere."""
    return locate(name).path is None
