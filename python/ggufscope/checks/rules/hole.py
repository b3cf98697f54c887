"""Runs of zero bytes inside a tensor that holds something."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...arrays.arguments import describe_type
from ...text.numbers import bytes_text, counted
from ..locating import place_of_block
from ..registry import Fault, rule
from ..zero_runs import LEAST, ZeroRun

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..facts import Facts, TensorFacts
    from ..findings import Severity

_PAGE = 4096


@rule(
    "hole",
    "error",
    "runs of zero bytes inside a tensor",
    reads="weights",
    why="A download that was cut off or resumed wrongly, and a disk that lost pages, leave zeros in the middle of a"
    " file of the right size. An error is a run that begins and ends with pages of 4 KiB of the file, inside a matrix"
    " of a layer; other runs are whole rows or blocks of zero weights, a warning in such a matrix and a note in tables"
    " of embeddings, whose unused rows are often zero.",
    remedy="Get the file again and compare its digest, not its size.",
)
def hole(facts: Facts) -> Iterator[Fault]:
    for each in facts.weights():
        runs = [run for run in each.zero_runs if not _is_of_zero_expert(each, run)]
        pages = [run for run in runs if _fills_pages(each, run)]
        if pages:
            yield _fault(each, pages, "error" if each.is_of_layers else "warning")
        elif runs:
            yield _fault(each, runs, "warning" if each.is_of_layers else "note")


def _fills_pages(facts: TensorFacts, run: ZeroRun) -> bool:
    """Whether a run is of whole pages of the file: what lies in front of it, or behind, may be zero by itself."""
    begin, end = facts.tensor.offset + run.begin, facts.tensor.offset + run.end
    whole = end // _PAGE - -(-begin // _PAGE)
    slack = run.size - whole * _PAGE
    return whole >= 1 and slack <= _block_bytes(facts)


def _block_bytes(facts: TensorFacts) -> int:
    """Zero bytes by chance at the ends of a run: those of a block."""
    return max(describe_type(facts.tensor.type)["bytes_per_block"], 8)


def _is_of_zero_expert(facts: TensorFacts, run: ZeroRun) -> bool:
    """Whether a run is an expert of zeros, which `zeros` names."""
    if not facts.experts:
        return False
    size = facts.tensor.n_bytes // len(facts.experts)
    experts = range(run.begin // size, -(-run.end // size))
    return any(facts.experts[expert].get("abs_max") == 0 for expert in experts)


def _fault(facts: TensorFacts, runs: list[ZeroRun], severity: Severity) -> Fault:
    tensor, first = facts.tensor, runs[0]
    total = sum(run.size for run in runs)
    block = -(-first.begin // describe_type(tensor.type)["bytes_per_block"])
    n_runs = counted(len(runs), "run") if len(runs) > 1 else "a run"
    sentence = (
        f"{n_runs} of at least {LEAST} zero bytes in {tensor.name}, {bytes_text(total)} together,"
        f" first at byte {tensor.offset + first.begin} of the file"
    )
    place = place_of_block(tensor, block, count=total)
    return Fault(sentence, replace(place, offset=tensor.offset + first.begin), severity)
