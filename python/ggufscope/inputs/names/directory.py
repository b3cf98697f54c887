"""A directory that holds one model."""

from __future__ import annotations

import errno
import os

from ..candidates import candidates, the_model
from ..located import LocalFile


def in_directory(path: str, name: str | None = None, how: str | None = None) -> LocalFile:
    """The model of a directory, which may be split, or a checkpoint; directories in it are not looked into.

    Args:
        path: of the directory.
        name: that stands for it, by default its path.
        how: the name of one of several, with `PATH` in it.

    Raises:
        IsADirectoryError: No model is in it.
        ValueError: Several are; the line lists them.
        OSError: It cannot be read.
    """
    with os.scandir(path) as entries:
        files = [(file.name, file.stat().st_size) for file in entries if file.is_file()]
    models = candidates(files)
    if not models:
        raise IsADirectoryError(errno.EISDIR, "is a directory without a model (.gguf, .safetensors)", name or path)
    model = the_model(name or path, models, how or os.path.join(path, "PATH"))
    return LocalFile(os.path.join(path, model.path))
