"""Rows of the token embedding that are zero, or equal for several tokens."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from ...text.numbers import counted
from ..pieces import bytes_of
from ..registry import Fault, rule
from ..wording import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from ...models.tensor import Tensor
    from ..facts import Facts, TensorFacts

_MOST = 0.5
_SMALL = 0.05  # of the median norm
_MOST_ROWS = 1 << 19  # no vocabulary has more
_PIECE_BYTES = 1 << 20


@rule(
    "embedding-rows",
    "note",
    "tokens whose embeddings are zero, equal or tiny",
    reads="weights",
    why="Tokens that were never trained keep the row that they began with: zeros, tiny numbers, or one row for all"
    " of them. Every larger vocabulary has some; a model that is given such a token does not know what it is. More than"
    " half of all rows alike are a warning, unless the file says that its weights are made up.",
    remedy="Do not feed these tokens; where they are many, compare the vocabulary with the original.",
)
def embedding_rows(facts: Facts) -> Iterator[Fault]:
    for each in facts.trained():
        if each.tensor.role != "token_embd" or len(each.tensor.shape) != 2 or each.is_constant:
            continue
        yield from _small_rows(facts, each)
        groups = _equal_rows(each)
        if not groups:
            continue
        count = sum(len(group) for group in groups)
        n_zero = len(each.norms.zero_rows)
        parts = f"{counted(count, 'token')} share {counted(len(groups), 'row')}, the most {len(groups[0])}"
        zeros = f"; {n_zero} of them zeros" if n_zero else ""
        first = groups[0]
        sentence = f"{parts}{zeros}: tokens {listed(first)} and others" if len(groups) > 1 else f"{parts}{zeros}"
        place = facts.at_element(each.tensor, int(first[0]) * each.tensor.shape[-1], count=count)
        # Made-up weights were not trained at all, and say so.
        many = count > _MOST * each.tensor.n_rows and not facts.model.synthetic
        yield Fault(f"{sentence}, in {each.tensor.name}", place, "warning" if many else None)


def _small_rows(facts: Facts, table: TensorFacts) -> Iterator[Fault]:
    """Rows that are not zero and far smaller than usual: tokens that training hardly ever saw."""
    norms = table.norms.rows
    if norms is None:
        return
    rows = np.flatnonzero((norms > 0) & (norms < _SMALL * np.median(norms)))
    if rows.size:
        sentence = f"{counted(int(rows.size), 'token')} with rows under a twentieth of the usual size, in"
        place = facts.at_element(table.tensor, int(rows[0]) * table.tensor.shape[-1], count=int(rows.size))
        yield Fault(f"{sentence} {table.tensor.name}: tokens {listed(rows.tolist())}", place)


def _equal_rows(facts: TensorFacts) -> list[npt.NDArray[np.intp]]:
    """Groups of rows that are equal byte for byte, the largest first. Equal rows have equal norms."""
    norms = facts.norms.rows
    if norms is None or len(norms) > _MOST_ROWS:
        return []
    order = np.argsort(norms, kind="stable")
    same = np.diff(norms[order]) == 0
    candidates = np.zeros(len(norms), np.bool_)
    candidates[order[1:][same]] = candidates[order[:-1][same]] = True
    rows = np.flatnonzero(candidates)
    numbers: dict[bytes, int] = {}
    group_of = np.fromiter((numbers.setdefault(each, len(numbers)) for each in _digests(facts.tensor, rows)), np.int32)
    sizes = np.bincount(group_of, minlength=len(numbers))
    groups = np.split(rows[np.argsort(group_of, kind="stable")], np.cumsum(sizes)[:-1])
    return sorted((group for group in groups if len(group) > 1), key=lambda group: (-len(group), int(group[0])))


def _digests(tensor: Tensor, rows: npt.NDArray[np.intp]) -> Iterator[bytes]:
    """Digests of the bytes of some rows, in order; those that lie close are read at once."""
    size = tensor.n_bytes // tensor.n_rows
    near = rows // max(1, _PIECE_BYTES // size)
    for piece in np.split(rows, np.flatnonzero(np.diff(near)) + 1) if rows.size else ():
        first = int(piece[0])
        data = bytes_of(tensor, first * size, (int(piece[-1]) + 1) * size)
        for at in ((piece - first) * size).tolist():
            yield hashlib.blake2b(data[at : at + size].data, digest_size=16).digest()
