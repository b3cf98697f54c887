"""A few passes over the rows of the embedding: norms, equal rows, a direction that many share, and the output's rows.

Rows of tokens that training never met stay as they began, or are moved all alike by what is common to every step: they
point one way. That way is looked for where the signs of many random products agree: rows within a few degrees of one
another have most signs in common, and so one bucket of signs holds a good part of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...architecture.limits import NotApplicableError
from .alike import by_signature, random_vectors

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from ...arrays.floats import Floats
    from ...models.model import Model
    from ...models.tensor import Tensor

ALIKE = 0.99  # cosine with the shared direction, from which on a row counts as one of those alike
FEWEST_ALIKE = 8
_SIGNS = 16
_MOST_ROWS = 1 << 22  # beyond any vocabulary; sixteen products of each are held
_BUCKETS = 16  # of signs, the fullest, that are looked at
_LOOKED_AT = 256  # rows of a bucket
_COHERENT = 0.95  # ‖mean of unit rows‖ of a bucket whose rows share a direction
_ROUNDS = 3  # of moving the direction to the middle of the rows that share it


@dataclass(frozen=True)
class EmbeddingRows:
    """The rows of token_embd.

    Attributes:
        norms: of each row, (vocabulary,).
        width: numbers of each row.
        mean_norm: ‖mean of all rows that are finite‖; NaN without any.
        with_mean: cosine of every row with that mean, (vocabulary,); NaN where either is zero or not finite.
        equal: groups of rows that are the same bit for bit, the largest first; zero rows are none.
        alike: ids of rows that point one way, the closest first; empty without.
        cosines: of those with that direction.
        output: cosine of every row with the output layer's of the same token; None where these are one tensor, or
            where there is none.
        why_no_output: the reason for None.
    """

    norms: Floats
    width: int
    mean_norm: float
    with_mean: Floats
    equal: list[list[int]]
    alike: npt.NDArray[np.int64]
    cosines: Floats
    output: Floats | None
    why_no_output: str


def read_embedding(model: Model, threads: int, seed: int) -> EmbeddingRows:
    """Read token_embd, and the output layer where it is another tensor.

    Raises:
        NotApplicableError: There is no token_embd of rows.
    """
    table = model.tensors.get("token_embd.weight")
    if table is None or len(table.shape) != 2 or 0 in table.shape:
        raise NotApplicableError("there is no matrix token_embd.weight")
    if table.n_rows > _MOST_ROWS:
        raise NotApplicableError(f"token_embd.weight has {table.n_rows} rows, and at most {_MOST_ROWS} are compared")
    width = table.shape[-1]
    products = table.row_products(random_vectors(width, seed, _SIGNS), squares=np.ones(width), threads=threads)
    linear, squares = products.both()
    norms = np.sqrt(squares)
    equal = _equal(table, linear, norms)
    alike, cosine = _shared_direction(table, linear > 0, norms, equal, threads)
    mean = _mean_row(table, np.isfinite(norms))
    mean_norm = float(np.linalg.norm(mean))
    output, why = _output(model, table, norms, threads)
    return EmbeddingRows(
        norms=norms,
        width=width,
        mean_norm=mean_norm,
        with_mean=_cosines(table, mean, mean_norm, norms, threads),
        equal=equal,
        alike=alike,
        cosines=cosine,
        output=output,
        why_no_output=why,
    )


def _mean_row(table: Tensor, finite: npt.NDArray[np.bool_]) -> Floats:
    """The mean of the rows that are finite, tile by tile; NaN without any."""
    sums = np.zeros(table.shape[-1])
    step = max(1, (1 << 20) // table.shape[-1])
    for start in range(0, table.n_rows, step):
        rows = slice(start, min(start + step, table.n_rows))
        sums += table.dequantize(rows=rows)[finite[rows]].sum(axis=0, dtype=np.float64)
    count = int(finite.sum())
    mean: Floats = sums / count if count else np.full_like(sums, np.nan)
    return mean


def _cosines(table: Tensor, mean: Floats, mean_norm: float, norms: Floats, threads: int) -> Floats:
    """Cosines of the rows with their mean."""
    if not (math.isfinite(mean_norm) and mean_norm > 0):
        return np.full_like(norms, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _products(table, mean, threads) / (norms * mean_norm)


def _equal(table: Tensor, linear: Floats, norms: Floats) -> list[list[int]]:
    """Groups of equal rows: those of equal products, compared bit for bit."""
    rows = np.flatnonzero(np.isfinite(norms) & (norms > 0))
    groups = []
    for ids in by_signature(linear[:2].T, rows)[1]:
        first, others = ids[0], np.array(ids[1:])
        stored_alike = table.rows_equal(first, others)
        same = [
            other
            for other, is_stored_alike in zip(others.tolist(), stored_alike, strict=True)
            if is_stored_alike or np.array_equal(_decoded(table, first), _decoded(table, other))  # by other blocks
        ]
        if same:
            groups.append([first, *same])
    return sorted(groups, key=lambda group: (-len(group), group))


def _decoded(table: Tensor, row: int) -> npt.NDArray[np.float32]:
    return table.dequantize(rows=slice(int(row), int(row) + 1)).reshape(-1)


def _shared_direction(
    table: Tensor, signs: npt.NDArray[np.bool_], norms: Floats, equal: list[list[int]], threads: int
) -> tuple[npt.NDArray[np.int64], Floats]:
    """The rows that share a direction, the closest first, and their cosines with it."""
    usable = np.isfinite(norms) & (norms > 0)
    for rows in (*_full_buckets(signs, usable), *map(np.array, equal[:_BUCKETS])):
        members = _around(table, rows, norms, usable, threads)
        if members is not None:
            return members
    return np.zeros(0, np.int64), np.zeros(0)


def _full_buckets(signs: npt.NDArray[np.bool_], usable: npt.NDArray[np.bool_]) -> Iterator[npt.NDArray[np.int64]]:
    """Some rows of each of the fullest buckets."""
    buckets = (signs << np.arange(_SIGNS)[:, None]).sum(axis=0)
    counts = np.bincount(buckets[usable], minlength=1 << _SIGNS)
    for bucket in np.argsort(-counts, kind="stable")[:_BUCKETS]:
        if counts[bucket] < 3:
            break
        rows = np.flatnonzero(usable & (buckets == bucket))
        yield rows[np.linspace(0, len(rows) - 1, min(len(rows), _LOOKED_AT)).astype(int)]


def _around(
    table: Tensor, rows: npt.NDArray[np.int64], norms: Floats, usable: npt.NDArray[np.bool_], threads: int
) -> tuple[npt.NDArray[np.int64], Floats] | None:
    """The rows that point where the core of some rows points; None where those point nowhere, or too few do."""
    direction = _core_direction(np.array([_decoded(table, row) for row in rows], np.float64))
    if direction is None:
        return None
    for _ in range(_ROUNDS):
        with np.errstate(divide="ignore", invalid="ignore"):
            cosine = np.where(usable, _products(table, direction, threads) / norms, -1.0)
        members = np.flatnonzero(cosine >= ALIKE)
        if len(members) < FEWEST_ALIKE:
            return None
        direction = _unit_sum(table, members)
    order = np.argsort(-cosine[members], kind="stable")
    return members[order], cosine[members][order]


def _core_direction(rows: Floats) -> Floats | None:
    """The middle of the rows that lie close to most others; None where they have none."""
    units = rows / np.linalg.norm(rows, axis=1)[:, None]
    middle = np.median(units @ units.T, axis=1).argmax()
    core = units[units @ units[middle] >= ALIKE]
    mean = core.mean(axis=0)
    length = float(np.linalg.norm(mean))
    return mean / length if len(core) > 2 and length >= _COHERENT else None


def _unit_sum(table: Tensor, members: npt.NDArray[np.int64]) -> Floats:
    """The direction of the sum of some unit rows, of at most _LOOKED_AT of them, evenly spread."""
    chosen = members[np.linspace(0, len(members) - 1, min(len(members), _LOOKED_AT)).astype(int)]
    rows = np.array([_decoded(table, row) for row in chosen], np.float64)
    total = (rows / np.linalg.norm(rows, axis=1)[:, None]).sum(axis=0)
    unit: Floats = total / np.linalg.norm(total)
    return unit


def _products(table: Tensor, vector: Floats, threads: int) -> Floats:
    linear = table.row_products(vector, threads=threads).linear
    assert linear is not None  # noqa: S101
    return linear


def _output(model: Model, table: Tensor, norms: Floats, threads: int) -> tuple[Floats | None, str]:
    """Cosines of rows with the output layer's, or None and the reason."""
    output = model.tensors.get("output.weight")
    if output is None:
        return None, "the output layer is the embedding itself"
    if output.shape != table.shape:
        return None, "the output layer has another shape than the embedding"
    ones = np.ones(table.shape[-1])
    squares = output.row_products(squares=ones, threads=threads).squares
    dots = table.row_products(squares=ones, other=output, threads=threads).squares
    assert squares is not None and dots is not None  # noqa: S101, PT018
    with np.errstate(divide="ignore", invalid="ignore"):
        cosine: Floats = dots / (norms * np.sqrt(squares))
    return cosine, ""
