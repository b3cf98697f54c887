"""Runs of zero bytes inside a tensor that holds something."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...arrays.arguments import describe_type
from ...text.numbers import bytes_text, counted
from ..holes import fills_pages
from ..locating import place_of_block
from ..registry import Fault, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..facts import Facts, TensorFacts
    from ..findings import Severity
    from ..zero_runs import ZeroRun


@rule(
    "hole",
    "error",
    "runs of zero bytes inside a tensor",
    reads="weights",
    why="A download that was cut off or resumed wrongly, and a disk that lost pages, leave zeros in the middle of a"
    " file of the right size. Looked for are runs of 2 KiB and more that are no whole rows and no whole experts. An"
    " error is one that begins and ends with a page of 4 KiB of the file, or with the tensor; others are a warning in a"
    " matrix of a layer, and a note elsewhere.",
    remedy="Get the file again and compare its digest, not its size.",
)
def hole(facts: Facts) -> Iterator[Fault]:
    for each in facts.weights():
        runs = each.holes
        pages = [run for run in runs if fills_pages(each.tensor, run)]
        if pages:
            yield _fault(each, pages, "error")
        elif runs:
            yield _fault(each, runs, "warning" if each.is_of_layers else "note")


def _fault(facts: TensorFacts, runs: list[ZeroRun], severity: Severity) -> Fault:
    tensor, first = facts.tensor, runs[0]
    total = sum(run.size for run in runs)
    block = -(-first.begin // describe_type(tensor.type)["bytes_per_block"])
    n_runs = f"{counted(len(runs), 'run')} of zero bytes, {bytes_text(total)} together," if len(runs) > 1 else ""
    n_runs = n_runs or f"{bytes_text(total)} of zero bytes"
    position = tensor.position(first.begin)
    where = f"{first.begin} on" if position is None else f"{position} of the file on"
    sentence = f"{n_runs} in {tensor.name}, from byte {where}"
    place = place_of_block(tensor, block, count=total)
    return Fault(sentence, replace(place, offset=position), severity)
