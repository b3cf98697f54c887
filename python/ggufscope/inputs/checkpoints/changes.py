"""The changes that llama.cpp's converter makes to tensors: rows reordered, 1 added to gains, matrices turned or cut.

A change takes a tensor by the name that the checkpoint gives it and returns the tensors that are made of it, each with
the name under which the tables of the gguf package know it; None where it has nothing to do with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from ..._core import GGUFError

if TYPE_CHECKING:
    from .config import Config
    from .parts import Part

Named = list[tuple[str, "Part"]]
Heads = Callable[["Config"], int]


class Change(Protocol):
    """One kind of change."""

    def __call__(self, name: str, part: Part, config: Config) -> Named | None: ...


@dataclass(frozen=True)
class PairedRows:
    """Rows of each head in pairs, for the form of RoPE that turns neighbours: the checkpoint has the halves apart."""

    endings: tuple[str, ...]
    heads: Heads

    def __call__(self, name: str, part: Part, config: Config) -> Named | None:
        if not name.endswith(self.endings):
            return None
        heads = self.heads(config)
        if part.n_rows % (2 * heads):
            raise GGUFError(f"tensor '{name}': {part.n_rows} rows are no {heads} heads of two halves ({config.name})")
        return [(name, replace(part, paired_heads=heads))]


@dataclass(frozen=True)
class OneAdded:
    """Gains that the model adds 1 to when it runs."""

    ending: str = "norm.weight"

    def __call__(self, name: str, part: Part, config: Config) -> Named | None:
        return [(name, replace(part, plus=1.0))] if name.endswith(self.ending) else None


@dataclass(frozen=True)
class Transposed:
    """Matrices that the checkpoint has with inputs as rows (Conv1D)."""

    endings: tuple[str, ...]

    def __call__(self, name: str, part: Part, config: Config) -> Named | None:
        if not name.endswith(self.endings):
            return None
        return [(name, transposed(name, part))]


def transposed(name: str, part: Part) -> Part:
    """A part with its last two dimensions in the other order.

    Raises:
        GGUFError: It has fewer.
    """
    if len(part.shape) < 2:
        raise GGUFError(f"tensor '{name}': a vector, where a matrix is transposed")
    *leading, rows, columns = part.shape
    return replace(part, shape=(*leading, columns, rows), transposed=True)


@dataclass(frozen=True)
class GroupedQueries:
    """One matrix of queries, keys and values, which the checkpoint has by groups of heads: all queries come first.

    Attributes:
        groups: groups of some queries, one key and one value.
        heads: all queries.
    """

    ending: str
    groups: Heads
    heads: Heads

    def __call__(self, name: str, part: Part, config: Config) -> Named | None:
        if not name.endswith(self.ending):
            return None
        groups, heads = self.groups(config), self.heads(config)
        per_group = heads // max(1, groups) + 2
        if heads % groups or part.n_rows % (groups * per_group):
            raise GGUFError(
                f"tensor '{name}': {part.n_rows} rows are no {groups} groups of {per_group} heads ({config.name})"
            )
        size = part.n_rows // (groups * per_group)
        starts = [group * per_group for group in range(groups)]
        queries = [(start * size, (per_group - 2) * size) for start in starts]
        keys = [((start + per_group - 2) * size, size) for start in starts]
        values = [((start + per_group - 1) * size, size) for start in starts]
        return [(name, part.with_rows(part.shape, (*queries, *keys, *values)))]


@dataclass(frozen=True)
class Halved:
    """Matrices that hold the gate and then the up projection, of each expert where there are several."""

    ending: str
    gate: str
    up: str

    def __call__(self, name: str, part: Part, config: Config) -> Named | None:
        if not name.endswith(self.ending):
            return None
        if len(part.shape) < 2 or part.shape[-2] % 2:
            raise GGUFError(f"tensor '{name}': {list(part.shape)} are no two halves, gate and up")
        *leading, rows, columns = part.shape
        half, n_matrices = rows // 2, part.n_rows // rows if rows else 0
        shape = (*leading, half, columns)
        stem = name.removesuffix(self.ending)
        return [
            (stem + ending, part.with_rows(shape, tuple((each * rows + begin, half) for each in range(n_matrices))))
            for ending, begin in ((self.gate, 0), (self.up, half))
        ]


@dataclass(frozen=True)
class Renamed:
    """Names that the tables do not know as they are.

    Attributes:
        pattern: what is replaced, wherever it stands.
        by: what takes its place; None leaves the tensor out, as the converter does.
    """

    pattern: str
    by: str | None

    def __call__(self, name: str, part: Part, config: Config) -> Named | None:
        if re.search(self.pattern, name) is None:
            return None
        return [] if self.by is None else [(re.sub(self.pattern, self.by, name), part)]
