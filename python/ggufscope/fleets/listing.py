"""Inputs of fleets to models: names as they are, lists line by line, directories walked; every model once.

    name         a file, or anything that `ggufscope.open` takes, as hf://…          one model
    list         a text file: a name on each line, # begins a comment                its models
    directory    all .gguf and .safetensors files below it                           a split model or a checkpoint once

What a walk takes for models need not be models. Adapters, projectors and importance matrices are measured as well, and
`contents` says what they are.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import FleetError
from ..models.magic import is_gguf
from .sources import Source, is_remote, shard_of

if TYPE_CHECKING:
    from os import PathLike

_INDEX = ".safetensors.index.json"
_WHOLE_CHECKPOINT = ("model.safetensors.index.json", "model.safetensors")  # in a directory of both, the first is it
_HEAD_BYTES = 1024


@dataclass(frozen=True)
class Listed:
    """A model of a fleet, or what stands in its place.

    Attributes:
        source: its name.
        fault: why it cannot even be looked for, as of a directory that may not be read; None of all others.
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
    models: dict[object, Listed] = {}
    for each in inputs:
        for listed in _expanded(os.fspath(each), os.path.abspath(apart_from)):
            models.setdefault(_key(listed.source), listed)
    if not models:
        raise FleetError("there is no model in what was named: no .gguf and no .safetensors file")
    return list(models.values())


def _expanded(name: str, apart_from: str) -> Iterator[Listed]:
    if is_remote(name):
        yield Listed(Source.of(name))
        return
    path = Path(name)
    path.stat()  # a wrong argument is told before the first of many models is read
    if path.is_dir() or _is_model_file(path):
        yield from _of_path(path, apart_from)
        return
    for line in _lines(path):
        if is_remote(line) or not os.path.exists(line):  # a line that leads nowhere is a failure of one of many
            yield Listed(Source.of(line))
        else:
            yield from _of_path(Path(line), apart_from)


def _of_path(path: Path, apart_from: str) -> Iterator[Listed]:
    if path.is_dir():
        yield from _walked(path, apart_from)
    else:
        yield Listed(Source.of(str(_first_shard(path))))


def _is_model_file(path: Path) -> bool:
    """Whether a file is no list: by its name, or since it is no text."""
    if path.name.lower().endswith((".gguf", ".safetensors", _INDEX)) or is_gguf(path) or not path.is_file():
        return True
    with path.open("rb") as file:
        return b"\0" in file.read(_HEAD_BYTES)


def _lines(path: Path) -> Iterator[str]:
    """The names in a list; bytes that are no UTF-8 stay what they are, as in names of files."""
    for line in path.read_text("utf-8", "surrogateescape").removeprefix("\ufeff").splitlines():
        name = line.strip()
        if name and not name.startswith("#"):
            yield name


def _walked(directory: Path, apart_from: str) -> Iterator[Listed]:
    """The models below a directory, by name. Links to files are followed, links to directories are not."""
    faults: list[OSError] = []
    for place, below, names in os.walk(directory, onerror=faults.append):
        below[:] = sorted(name for name in below if os.path.abspath(os.path.join(place, name)) != apart_from)
        for name in _models_among(sorted(names)):
            yield Listed(Source.of(os.path.join(place, name)))
        for fault in faults:
            yield Listed(Source.of(os.fspath(fault.filename)), fault)
        faults.clear()
    for fault in faults:
        yield Listed(Source.of(os.fspath(fault.filename)), fault)


def _models_among(names: list[str]) -> Iterator[str]:
    """Of the files of one directory those that models are opened by."""
    yield from _without_later_shards([name for name in names if name.lower().endswith(".gguf")])
    whole = [name for name in _WHOLE_CHECKPOINT if name in names]
    indices = [name for name in names if name.endswith(_INDEX)]
    if whole or indices:
        yield from whole[:1] or indices
    else:
        yield from _without_later_shards([name for name in names if name.endswith(".safetensors")])


def _without_later_shards(names: list[str]) -> Iterator[str]:
    """The names, of each split model that of the first file that is there."""
    seen = set()
    for name in names:
        shard = shard_of(name)
        pattern = name if shard is None else shard[0]
        if pattern not in seen:
            seen.add(pattern)
            yield name


def _first_shard(path: Path) -> Path:
    """Of a split model the first file that is there, whichever was named."""
    shard = shard_of(path.name)
    if shard is None:
        return path
    before, after = shard[0].split("-*-of-")
    names = (f"{before}-{number:05d}-of-{after}" for number in range(1, shard[1]))
    return next((file for name in names if (file := path.with_name(name)).exists()), path)


def _key(source: Source) -> object:
    """The same for all names of one file, as links are."""
    try:
        status = os.stat(source.name)
    except OSError:
        return source.name
    return status.st_dev, status.st_ino
