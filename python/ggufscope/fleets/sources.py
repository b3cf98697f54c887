"""Names of models: the files on this machine that are behind them, and the directories that keep what is said of them.

A model's directory is `model=<readable>-<hash>`: the form of hive partitions, so that readers of Parquet make a column
`model` of it. The hash is of the whole name; the readable part has only characters that every file system takes and no
reader of partitions decodes.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+:")
_SHARD = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<total>\d{5})(?P<suffix>\.gguf|\.safetensors)", re.DOTALL)
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_INDEX = ".safetensors.index.json"
_ABOUT_CHECKPOINTS = ("config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json")
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
    """A model by the name that `ggufscope.open` takes: of a local file or directory its absolute path."""

    name: str

    @classmethod
    def of(cls, name: str) -> Source:
        """The source of a name as users write it."""
        return cls(name if is_remote(name) else os.path.abspath(name))

    @property
    def shown(self) -> str:
        """The name in characters that UTF-8 can hold."""
        return self.name.encode("utf-8", "backslashreplace").decode()

    @property
    def partition(self) -> str:
        """The value of `model=`: unique, and safe as the name of a directory."""
        digest = hashlib.sha256(os.fsencode(self.name)).hexdigest()[:_HASH_DIGITS]
        stem = os.path.basename(self.name.rstrip("/"))
        for suffix in (".gguf", _INDEX, ".safetensors"):
            stem = stem.removesuffix(suffix)
        readable = _UNSAFE.sub("_", stem)[:_LONGEST_READABLE].strip("._") or "model"
        return f"{readable}-{digest}"

    @property
    def directory(self) -> str:
        """The name of the directory that keeps what is said of the model."""
        return PARTITION + self.partition

    @cached_property
    def files(self) -> list[FileState]:
        """The files on this machine that the model is made of, as they are now; empty where they lie elsewhere.

        The list is looked up once, so that a source tells of one moment.
        """
        return [] if is_remote(self.name) else _states(Path(self.name))

    @property
    def n_bytes(self) -> int | None:
        """Bytes of the files; None where they lie elsewhere, or nothing is there."""
        return sum(file.size for file in self.files) if self.files else None


def is_remote(name: str) -> bool:
    """Whether a name is of a model that is no path, as `hf://…`; a file of that name goes first."""
    return _SCHEME.match(name) is not None and not os.path.lexists(name)


def shard_of(name: str) -> tuple[str, int] | None:
    """Of a file of a split model: the pattern that all its files have, and the number of this one."""
    match = _SHARD.fullmatch(name)
    if match is None:
        return None
    return f"{match['stem']}-*-of-{match['total']}{match['suffix']}", int(match["number"])


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
    if path.is_dir():
        return sorted(child for child in path.iterdir() if _is_of_checkpoint(child.name))
    if path.name.endswith(_INDEX) or path.name.endswith(".safetensors"):
        stem = path.name.removesuffix(_INDEX).removesuffix(".safetensors")
        weights = (
            [path, *path.parent.glob(f"{_literal(stem)}-*-of-*.safetensors")] if path.name.endswith(_INDEX) else [path]
        )
        return sorted({*weights, *(path.with_name(name) for name in _ABOUT_CHECKPOINTS)})
    shard = shard_of(path.name)
    if shard is None:
        return [path]
    before, _, after = shard[0].rpartition("-*-of-")
    return sorted(path.parent.glob(f"{_literal(before)}-*-of-{_literal(after)}"))


def _is_of_checkpoint(name: str) -> bool:
    return name.endswith((".safetensors", _INDEX, ".gguf")) or name in _ABOUT_CHECKPOINTS


def _literal(text: str) -> str:
    """A pattern that matches this text alone."""
    return re.sub(r"([*?\[])", r"[\1]", text)
