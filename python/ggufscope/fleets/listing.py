"""Inputs of fleets to models: names as they are, lists line by line, directories walked; every model once.

    name         a file, or anything that `ggufscope.open` takes, as hf://…          one model
    list         a text file: a name on each line, # begins a comment                its models
    directory    all .gguf and .safetensors files below it                           a split model or a checkpoint once

What a walk takes for models need not be models. Adapters, projectors and importance matrices are measured as well, and
`contents` says what they are.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import FleetError
from ..inputs.candidates import candidates
from ..models.magic import is_gguf
from .sources import Source, is_path

if TYPE_CHECKING:
    from os import PathLike

_INDEX = ".safetensors.index.json"
_WHOLE_CHECKPOINT = ("model.safetensors.index.json", "model.safetensors")  # in a directory of both, the first is it
_HEAD_BYTES = 1024
_MOST_NAMED = 4


@dataclass(frozen=True)
class Listed:
    """A model of a fleet, or what stands in its place.

    Attributes:
        source: its name.
        fault: why there is nothing to open, as in a directory that may not be read; None of all others.
    """

    source: Source
    fault: OSError | None = None


def list_models(inputs: Iterable[str | PathLike[str]], apart_from: Path) -> list[Listed]:
    """The models that inputs name, in their order and those of a directory by name; each once.

    Args:
        inputs: names, lists and directories.
        apart_from: a directory that no walk enters, as it holds results.

    Raises:
        FleetError: There are none.
        OSError: An input is a path where nothing is, or cannot be read.
    """
    names = [os.fspath(each) for each in inputs]
    models: dict[object, Listed] = {}
    for name in names:
        for listed in _expanded(name, os.path.abspath(apart_from)):
            models.setdefault(_key(listed.source), listed)
    if not models:
        raise FleetError(
            f"{', '.join(names[:_MOST_NAMED]) or 'no input'}: no model there, no .gguf and no .safetensors"
        )
    return list(models.values())


def _expanded(name: str, apart_from: str) -> Iterator[Listed]:
    if not is_path(name):
        yield Listed(Source.of(name))
        return
    path = Path(name)
    path.stat()  # a wrong argument is told before the first of many models is read
    if path.is_dir() or _is_model_file(path):
        yield from _of_path(path, apart_from)
        return
    for number, line in _lines(path):
        if not is_path(line):
            yield Listed(Source.of(line))
        elif os.path.exists(line):
            yield from _of_path(Path(line), apart_from)
        else:  # a failure of one of many
            reason = f"{os.strerror(errno.ENOENT)} (line {number} of {path})"
            yield Listed(Source.of(line), FileNotFoundError(errno.ENOENT, reason, line))


def _of_path(path: Path, apart_from: str) -> Iterator[Listed]:
    if path.is_dir():
        yield from _walked(path, apart_from)
    else:
        yield Listed(Source.of(str(_first_file(path))))


def _is_model_file(path: Path) -> bool:
    """Whether a file is no list: by its name, or since it is no text; an empty one is no list of anything."""
    if path.name.lower().endswith((".gguf", ".safetensors", _INDEX)) or is_gguf(path) or not path.is_file():
        return True
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    return not head or b"\0" in head


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Number and name of the lines of a list; bytes that are no UTF-8 stay what they are, as in names of files."""
    lines = path.read_text("utf-8", "surrogateescape").removeprefix("\ufeff").split("\n")
    for number, line in enumerate(lines, 1):
        name = line.strip()
        if name and not name.startswith("#"):
            yield number, name


def _walked(directory: Path, apart_from: str) -> Iterator[Listed]:
    """The models below a directory, by name. Links to files are followed, links to directories are not."""
    faults: list[OSError] = []
    for place, below, names in os.walk(directory, onerror=faults.append):
        below[:] = sorted(name for name in below if os.path.abspath(os.path.join(place, name)) != apart_from)
        for name in _models_among(names):
            yield Listed(Source.of(os.path.join(place, name)))
        for fault in faults:
            yield Listed(Source.of(os.fspath(fault.filename)), fault)
        faults.clear()
    for fault in faults:
        yield Listed(Source.of(os.fspath(fault.filename)), fault)


def _models_among(names: list[str]) -> list[str]:
    """Of the files of one directory those that models are opened by; of a checkpoint in several forms the usual one."""
    models = [model.path for model in candidates((name, 0) for name in names)]
    whole = next((name for name in _WHOLE_CHECKPOINT if name in models), None)
    return [name for name in models if whole in {None, name} or name.endswith(".gguf")]


def _first_file(path: Path) -> Path:
    """The file that a model is opened by, whichever of its files was named."""
    indices = path.parent.glob(f"*{_INDEX}") if path.name.endswith(".safetensors") else ()
    among = candidates((name, 0) for name in (path.name, *(index.name for index in indices)))
    return path.with_name(among[0].path) if among else path


def _key(source: Source) -> object:
    """The same for all names of one file, as links are."""
    try:
        status = os.stat(source.name if source.path is None else source.path)
    except OSError:
        return source.name
    return status.st_dev, status.st_ino
