"""Names of models: local files and directories, the hub, the web, Ollama, caches."""

from __future__ import annotations

import errno
import os
import re
from typing import TYPE_CHECKING

from ..text.names import base_name
from .located import LocalFile
from .names import ELSEWHERE, KINDS
from .names.directory import in_directory
from .names.ollama import name_of_blob
from .remote.redacting import shown_url

if TYPE_CHECKING:
    from os import PathLike

    from .located import Located

_REPOSITORY = re.compile(r"(?P<owner>[A-Za-z0-9][\w.-]*)/[A-Za-z0-9][\w.-]*", re.ASCII)

__all__ = ["file_name", "is_remote", "locate", "resolved", "shown_name"]


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
        repository = _REPOSITORY.fullmatch(text)
        is_file = text.endswith((".gguf", ".safetensors", ".json"))
        if repository is not None and not is_file and not os.path.lexists(repository["owner"]):
            hint = f"No such file or directory; the repository of the hub is hf://{text}"
            raise FileNotFoundError(errno.ENOENT, hint, text)
    return LocalFile(text)


def resolved(name: str | PathLike[str]) -> str:
    """The path of what lies here under a name, or the name by which what lies elsewhere is found again.

    Raises as `locate` does.
    """
    located = locate(name)
    return located.path or located.address


def shown_name(name: str | PathLike[str]) -> str:
    """The name as lines show it, free of secrets; nothing is looked up."""
    return shown_url(os.fsdecode(name)) if is_remote(name) else os.fsdecode(name)


def file_name(path: str) -> str:
    """The name of a file of a model, as results keep and show it: its last part; of Ollama's files the model's name."""
    return name_of_blob(path) or base_name(path)


def is_remote(name: str | PathLike[str]) -> bool:
    """Whether a name is one of a file elsewhere, wherever names of this machine may lead; nothing is looked up."""
    return isinstance(name, str) and not os.path.lexists(name) and any(kind.matches(name) for kind in ELSEWHERE)
