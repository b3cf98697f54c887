"""Holes: runs of zero bytes in a tensor that are neither rows nor experts of zeros, which have rules of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..arrays.arguments import describe_type
from .zero_runs import LEAST, ZeroRun

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from ..models.tensor import Tensor

_PAGE = 4096
_CHANCE = 8  # bytes that are zero by chance beside a row of zeros: the scale of a block, a number


def holes(tensor: Tensor, runs: Sequence[ZeroRun], zero_experts: Sequence[bool]) -> list[ZeroRun]:
    """The runs of zero bytes that no rows and no experts explain, in order.

    Args:
        tensor: in which they are.
        runs: of zero bytes in it.
        zero_experts: whether each of its experts is all zeros; empty where it is one piece.
    """
    return [
        piece
        for run in runs
        for piece in _outside(run, tensor.n_bytes, zero_experts)
        if piece.size >= LEAST and not _is_of_rows(tensor, piece)
    ]


def fills_pages(tensor: Tensor, run: ZeroRun) -> bool:
    """Whether a run begins and ends where pages of the file do, or the tensor does.

    What lies in front of the first page, or behind the last, may be zero by itself: a block at either end.
    """
    begin, end = tensor.offset + run.begin, tensor.offset + run.end
    first = begin if run.begin == 0 else -(-begin // _PAGE) * _PAGE
    last = end if run.end == tensor.n_bytes else end // _PAGE * _PAGE
    slack = _block_bytes(tensor)
    return last - first >= min(_PAGE, run.size) and first - begin <= slack and end - last <= slack


def touched(runs: Sequence[ZeroRun], places: npt.NDArray[np.intp], size: int) -> npt.NDArray[np.bool_]:
    """Whether rows or blocks, at places counted in their size in bytes, share a byte with one of the runs, in order."""
    if not runs:
        return np.zeros(len(places), np.bool_)
    begins, ends = np.array(runs).T
    run = np.searchsorted(begins, (places + 1) * size) - 1  # the last that begins in front of the end
    shared: npt.NDArray[np.bool_] = (run >= 0) & (ends[run] > places * size)
    return shared


def _block_bytes(tensor: Tensor) -> int:
    """Zero bytes by chance at the ends of a run: those of a block."""
    return max(int(describe_type(tensor.type)["bytes_per_block"]), 8)


def _is_of_rows(tensor: Tensor, run: ZeroRun) -> bool:
    """Whether a run is of whole rows, and what may be zero by chance around them."""
    row, slack = tensor.n_bytes // tensor.n_rows, _CHANCE
    first, last = -(-run.begin // row) * row, run.end // row * row
    return first < last and first - run.begin < slack and run.end - last < slack


def _outside(run: ZeroRun, n_bytes: int, zero_experts: Sequence[bool]) -> Iterator[ZeroRun]:
    """The parts of a run that lie in experts which hold something."""
    if not any(zero_experts):
        yield run
        return
    size = n_bytes // len(zero_experts)
    begin: int | None = None
    for expert in range(run.begin // size, -(-run.end // size)):
        if not zero_experts[expert] and begin is None:
            begin = max(run.begin, expert * size)
        if zero_experts[expert] and begin is not None:
            yield ZeroRun(begin, expert * size)
            begin = None
    if begin is not None:
        yield ZeroRun(begin, run.end)
