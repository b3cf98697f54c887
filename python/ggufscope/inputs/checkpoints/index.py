"""Which files a checkpoint has: one, or the shards that an index names."""

from __future__ import annotations

import errno
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..._core import GGUFError
from .side_files import SideFiles
from .stored import StoredTensor, read_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..reader import ByteReader

INDEX_ENDING = ".safetensors.index.json"
_ENDING = ".safetensors"
_SHARD = re.compile(r"(?P<stem>.+)-[0-9]{5,9}-of-(?P<count>[0-9]{5,9})\.safetensors", re.DOTALL)
_MOST_SHARDS = 1024  # the largest models have some 200
_LONGEST_NAME = 255  # bytes of a file name on usual file systems


@dataclass(frozen=True)
class CheckpointFiles:
    """The files with the weights of a checkpoint, open, and what their headers list.

    Attributes:
        readers: of the files, in the order of their names.
        tensors: of all of them.
    """

    readers: list[ByteReader]
    tensors: list[StoredTensor]

    def close(self) -> None:
        """Close all readers."""
        for reader in self.readers:
            reader.close()


def open_files(name: str, opener: Callable[[str], ByteReader | None]) -> CheckpointFiles:
    """Open the files of a checkpoint and read their headers.

    Args:
        name: of a safetensors file, of one of several, or of an index, as lines show it.
        opener: opens a file of the checkpoint's directory by its base name; None where there is none of that name.

    Raises:
        GGUFError: A file is missing or malformed, or the files are not those that the index tells of.
        OSError: One cannot be read, or the named one is not there.
    """
    directory, slash, base = name.rpartition("/")
    at = f"{directory}{slash}"
    weight_map = _weight_map(base, at, SideFiles(opener))
    names = [base] if weight_map is None else sorted(set(weight_map.values()))
    readers: list[ByteReader] = []
    try:
        for file_name in names:
            reader = opener(file_name)
            if reader is None:
                raise _missing(at, file_name, weight_map is not None)
            readers.append(reader)
        tensors = read_tables(readers)
        if weight_map is not None:
            _agree(weight_map, f"{at}{_index_of(base)}", names, tensors)
    except BaseException:
        for reader in readers:
            reader.close()
        raise
    return CheckpointFiles(readers, tensors)


def _missing(at: str, name: str, by_index: bool) -> Exception:
    """The error for a file that is not there: that the index names, or that somebody asked for."""
    if by_index:
        return GGUFError(f"{at}{name}: no such file, and the index of the checkpoint names it")
    return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), f"{at}{name}")


def _index_of(name: str) -> str:
    """The name of the index that a file would be listed in."""
    if name.endswith(INDEX_ENDING):
        return name
    shard = _SHARD.fullmatch(name)
    return f"{name.removesuffix(_ENDING) if shard is None else shard['stem']}{INDEX_ENDING}"


def _weight_map(name: str, at: str, side: SideFiles) -> dict[str, str] | None:
    """Tensor → file of a checkpoint of several files; None for one of a single file.

    Raises:
        GGUFError: The index is malformed, or a file is one of several and the index is missing.
        FileNotFoundError: An index was asked for, and is missing.
    """
    index = _index_of(name)
    contents = side.json_object(index)
    if contents is None:
        shard = _SHARD.fullmatch(name)
        if name == index:
            raise _missing(at, name, by_index=False)
        if shard is not None and int(shard["count"]) > 1:
            raise GGUFError(f"{at}{name}: one of {int(shard['count'])} files, and {index} is not beside it")
        return None
    shown, table = contents
    weight_map = _checked(table.get("weight_map"), shown)
    return weight_map if name == index or name in weight_map.values() else None


def _checked(weight_map: object, shown: str) -> dict[str, str]:
    if not isinstance(weight_map, dict) or not weight_map:
        raise GGUFError(f"{shown}: weight_map: must name the file of each tensor")
    for tensor, file in weight_map.items():
        if not isinstance(file, str) or not _is_base_name(file):
            raise GGUFError(
                f"{shown}: weight_map: tensor '{tensor}': its file must be a {_ENDING} file beside the index"
            )
    n_files = len(set(weight_map.values()))
    if n_files > _MOST_SHARDS:
        raise GGUFError(f"{shown}: weight_map: {n_files} files; the limit is {_MOST_SHARDS}")
    return weight_map


def _is_base_name(name: str) -> bool:
    """Whether a name speaks of a file of the same directory, on any system."""
    return (
        name.endswith(_ENDING)
        and name.isprintable()
        and not any(character in name for character in "/\\:")
        and not name.startswith(".")
        and len(name.encode()) <= _LONGEST_NAME
    )


def _agree(weight_map: Mapping[str, str], shown: str, names: list[str], tensors: list[StoredTensor]) -> None:
    """Make sure that files hold the tensors that the index tells of, and no others.

    Raises:
        GGUFError: They do not; names the first tensor.
    """
    where = {tensor.name: names[tensor.file] for tensor in tensors}
    for name, file in weight_map.items():
        if where.get(name) != file:
            there = f"it is in {where[name]}" if name in where else "no file has it"
            raise GGUFError(f"{shown}: tensor '{name}' should be in {file}; {there}")
    for name, file in where.items():
        if name not in weight_map:
            raise GGUFError(f"{shown}: tensor '{name}' of {file} is not in the index")
