"""Opens importance matrices of either form, which the first bytes tell apart."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ...errors import ImportanceError
from ...inputs.naming import is_remote
from ..magic import is_gguf
from ..model import open as open_model
from .dat_form import looks_like_dat, read_dat
from .gguf_form import is_importance_model, read_gguf

if TYPE_CHECKING:
    from os import PathLike

    from .importance import Importance


def open_importance(path: str | PathLike[str]) -> Importance:
    """Open an importance matrix: GGUF, wherever it lies, or the older form, usually called `.dat`, of this machine.

    Everything in the file is checked before this returns: sizes against the file's, sums and counts for what can be
    sums of squares and counts.

    Raises:
        ImportanceError: The file is no importance matrix, or a malformed one; names the place.
        GGUFError: A GGUF file that is malformed.
        OSError: The file cannot be read.
    """
    name = os.fsdecode(path)
    if not (is_remote(path) or is_gguf(name)):
        # A pipe would be waited for.
        if os.path.exists(name) and not os.path.isfile(name) and not os.path.isdir(name):
            raise ImportanceError(f"{name}: is no regular file but a device, pipe or socket")
        return read_dat(name)
    model = open_model(name)
    try:
        return read_gguf(model)
    except BaseException:
        model.close()
        raise


def is_importance(path: str | PathLike[str]) -> bool:
    """Whether a file looks like an importance matrix of either form; what it holds is checked when it is opened.

    Raises:
        GGUFError: A GGUF file that is malformed.
        OSError: The file cannot be read.
    """
    if not (is_remote(path) or is_gguf(path)):
        return is_dat(path)
    with open_model(path) as model:
        return is_importance_model(model)


def is_dat(path: str | PathLike[str]) -> bool:
    """Whether a file is called as importance matrices of the older form are, or begins as one.

    Raises:
        OSError: The file cannot be read.
    """
    name = os.fsdecode(path)
    return os.path.isfile(name) and not is_gguf(name) and (name.endswith(".dat") or looks_like_dat(name))
