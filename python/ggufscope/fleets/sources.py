"""Names of models: the files on this machine that are behind them, and the directories that keep what is said of them.

A model's directory is `model=<readable>-<hash>`: the form of hive partitions, so that readers of Parquet make a column
`model` of it. The hash is of the whole name; the readable part has only characters that every file system takes and no
reader of partitions decodes.
"""

from __future__ import annotations

import glob
import hashlib
import os
import re
import stat
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from .._core import GGUFError
from ..inputs.names import KINDS
from ..inputs.naming import locate, shown_name
from ..text.names import short_name

_SHARD = re.compile(r"(?P<stem>.+)-\d{5}-of-(?P<end>\d{5}\.(gguf|safetensors))", re.DOTALL)
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_INDEX = ".safetensors.index.json"
_ABOUT_CHECKPOINTS = ("config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json")
_KEPT_HERE = ("file://", "hf-cache:", "ollama:")  # names of files on this machine that are no paths
_LONGEST_READABLE = 80
_HASH_DIGITS = 12
PARTITION = "model="


@dataclass(frozen=True)
class FileState:
    """A file as it was: when it has another size or time, it has to be read anew."""

    name: str
    size: int
    modified_ns: int


@dataclass(frozen=True)
class Source:
    """A model by the name that `ggufscope.open` takes: of a local file or directory its absolute path.

    Attributes:
        name: that name, which may hold passwords and signatures.
    """

    name: str

    @classmethod
    def of(cls, name: str) -> Source:
        """The source of a name as users write it."""
        return cls(os.path.abspath(name) if is_path(name) else name)

    @cached_property
    def shown(self) -> str:
        """The name in characters that UTF-8 can hold, free of secrets: what is kept and printed."""
        return shown_name(self.name).encode("utf-8", "backslashreplace").decode()

    @cached_property
    def partition(self) -> str:
        """The value of `model=`: unique, and safe as the name of a directory."""
        digest = hashlib.sha256(os.fsencode(self.name)).hexdigest()[:_HASH_DIGITS]
        stem = short_name(self.shown)
        for suffix in (".gguf", _INDEX, ".safetensors"):
            stem = stem.removesuffix(suffix)
        readable = _UNSAFE.sub("_", stem)[:_LONGEST_READABLE].strip("._") or "model"
        return f"{readable}-{digest}"

    @property
    def directory(self) -> str:
        """The name of the directory that keeps what is said of the model."""
        return PARTITION + self.partition

    @cached_property
    def path(self) -> Path | None:
        """The file on this machine that the model is opened by; None of one elsewhere, and where none is found."""
        if is_path(self.name):
            return Path(self.name)
        if not self.name.startswith(_KEPT_HERE):
            return None
        try:
            path = locate(self.name).path
        except (GGUFError, OSError, ValueError):  # whoever opens the model says so
            return None
        return None if path is None else Path(path)

    @cached_property
    def files(self) -> list[FileState]:
        """The files on this machine that the model is made of, as they are now; empty where they lie elsewhere.

        The list is looked up once, so that a source tells of one moment.
        """
        return [] if self.path is None else _states(self.path)

    @property
    def n_bytes(self) -> int | None:
        """Bytes of the files; None where they lie elsewhere, or nothing is there."""
        return sum(file.size for file in self.files) if self.files else None


def is_path(name: str) -> bool:
    """Whether a name is a path, and no name of a model elsewhere, as `hf://…`; a file of that name goes first."""
    return os.path.lexists(name) or not any(kind.matches(name) for kind in KINDS)


def _states(path: Path) -> list[FileState]:
    states = []
    for file in _files_of(path):
        try:
            status = file.stat()
        except OSError:
            continue  # whoever opens the model says so
        if stat.S_ISREG(status.st_mode):
            name = file.name.encode("utf-8", "backslashreplace").decode()
            states.append(FileState(name, status.st_size, status.st_mtime_ns))
    return states


def _files_of(path: Path) -> list[Path]:
    """The file, all shards of its model, or what a checkpoint is read from."""
    beside = [path.with_name(name) for name in _ABOUT_CHECKPOINTS]
    shard = _SHARD.fullmatch(path.name)
    if path.name.endswith(_INDEX):
        stem = glob.escape(path.name.removesuffix(_INDEX))
        return sorted({path, *path.parent.glob(f"{stem}*.safetensors"), *beside})
    if shard is not None:
        return sorted(path.parent.glob(f"{glob.escape(shard['stem'])}-*-of-{shard['end']}"))
    return sorted([path, *beside]) if path.name.endswith(".safetensors") else [path]
