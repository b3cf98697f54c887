"""Which file of several is the model: of a directory, a repository, a snapshot in a cache."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..text.numbers import bytes_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MOST_LISTED = 40
_SHARD = re.compile(
    r"(?P<stem>.+)-(?P<number>[0-9]{5})-of-(?P<count>[0-9]{5})(?P<kind>\.gguf|\.safetensors)", re.DOTALL
)
_INDEX = ".safetensors.index.json"


@dataclass(frozen=True)
class Candidate:
    """A model among files.

    Attributes:
        path: of its file, of the first of a split model, or of the index of a checkpoint.
        n_bytes: of all its files.
        n_files: that it has, without the index.
    """

    path: str
    n_bytes: int
    n_files: int

    def __str__(self) -> str:
        files = f"{self.n_files} files, " if self.n_files > 1 else ""
        return f"{self.path} ({files}{bytes_text(self.n_bytes)})"


def candidates(files: Iterable[tuple[str, int]]) -> list[Candidate]:
    """The models among files, by path.

    Args:
        files: path and size of each, `/` between the parts of a path.
    """
    sizes = dict(files)
    indexes = {path.removesuffix(_INDEX): path for path in sizes if path.endswith(_INDEX)}
    models: dict[str, Candidate] = {}
    for path, size in sorted(sizes.items()):
        if not path.endswith((".gguf", ".safetensors")):
            continue
        shard = _SHARD.fullmatch(path)
        stem = shard["stem"] if shard is not None else path.removesuffix(".safetensors")
        of_index = None if path.endswith(".gguf") else indexes.get(stem)
        first = of_index or (path if shard is None else f"{stem}-00001-of-{shard['count']}{shard['kind']}")
        before = models.get(first, Candidate(first, 0, 0))
        models[first] = Candidate(first, before.n_bytes + size, before.n_files + 1)
    if not models:  # opening an index tells which of its files are missing
        models = {path: Candidate(path, 0, 0) for path in indexes.values()}
    return sorted(models.values(), key=lambda one: one.path)


def the_model(of: str, models: Sequence[Candidate], how: str) -> Candidate:
    """The one model; what goes along with a model does not count beside it.

    Args:
        of: the name that stands for these.
        models: that it may stand for.
        how: the name of one of them, with `PATH` in place of its path.

    Raises:
        FileNotFoundError: There is none.
        ValueError: There are several; the line lists them and says how one is chosen.
    """
    if not models:
        raise FileNotFoundError(f"{of}: no model here, neither .gguf nor .safetensors")
    own = [model for model in models if not _goes_along(model.path)] or list(models)
    if len(own) == 1:
        return own[0]
    listed = ", ".join(map(str, models[:_MOST_LISTED]))
    more = f", and {len(models) - _MOST_LISTED} more" if len(models) > _MOST_LISTED else ""
    raise ValueError(f"{of}: {len(models)} models; name one of them, as {how}: {listed}{more}")


def _goes_along(path: str) -> bool:
    """Whether a file is called as projectors and importance matrices are, which lie beside models."""
    name = path.rpartition("/")[2].lower()
    return name.startswith("mmproj") or "imatrix" in name
