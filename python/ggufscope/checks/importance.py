"""What is the matter with importance matrices, of either form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import ImportanceError
from ..models.importance import open_importance
from ..models.importance.coverage import coverage_of
from ..models.importance.gguf_form import COUNTS
from ..text.names import base_name
from ..text.numbers import counted
from .findings import Finding, Place
from .registry import Fault
from .tally import Tally
from .unreadable import READABLE, first_violation
from .wording import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..models.importance import Importance
    from ..models.model import Model
    from .registry import Rule
    from .wishes import Wishes

_SHOWN = 3
NAME = "importance"  # of the rule


def judged_dat(path: str, rules: Sequence[Rule], wishes: Wishes) -> tuple[dict[str, Any], list[Rule]]:
    """The verdict on an importance matrix of the older form, and the rules of all that are for it.

    Raises:
        OSError: The file cannot be read.
        ValueError: The rule for importance matrices was not chosen, or a manifest is asked for.
    """
    chosen = [each for each in rules if each.name in {READABLE, NAME}]
    if NAME not in {each.name for each in chosen}:
        raise ValueError(f"{path}: an importance matrix of the older form takes the rule {NAME!r}")
    if wishes.manifest or wishes.against is not None:
        raise ValueError(f"{path}: manifests are of GGUF files, and this is an importance matrix of the older form")
    tally, readable = Tally(chosen), True
    try:
        with open_importance(path) as importance:
            tally.add(_finding(chosen, each) for each in faults_of(importance, None, wishes.covers))
    except ImportanceError as error:
        tally.add([first_violation(path, error)])
        readable = False
    judged = {"files": [base_name(path)], "readable": readable, "model": None, "coverage": None, **tally.told()}
    return judged, chosen


def _finding(rules: Sequence[Rule], fault: Fault) -> Finding:
    severity = next(each.severity for each in rules if each.name == NAME)
    return Finding(NAME, fault.severity or severity, fault.sentence, fault.place)


def faults_of(importance: Importance, table: Model | None, covers: Model | None) -> Iterator[Fault]:
    """Matrices that nothing was summed for, and what it has of the model that it should cover.

    Args:
        importance: it.
        table: the GGUF file that it lies in, None in the older form.
        covers: the model; None where nobody says which it is.
    """
    for name, sums in importance.sums.items():
        empty = sums.without_data
        if len(empty) == sums.n_matrices:
            yield Fault(f"nothing was summed for {name}", _place(importance, table, name), "warning")
        elif empty:
            sentence = f"nothing was summed for {len(empty)} of {sums.n_matrices} experts of {name}"
            yield Fault(sentence, _place(importance, table, name, empty), "note")
    if covers is not None:
        yield from _beside(importance, table, covers)


def _beside(importance: Importance, table: Model | None, model: Model) -> Iterator[Fault]:
    whole = Place(file=base_name(importance.path))
    try:
        coverage = coverage_of(importance, model)
    except ImportanceError as error:
        yield Fault(str(error).removeprefix(f"{importance.path}: "), whole, "error")
        return
    if coverage.uncovered:
        n = len(coverage.uncovered)
        total = n + len(coverage.covered)
        sentence = f"sums of {len(coverage.covered)} of the model's {total} matrices; it lacks"
        yield Fault(f"{sentence} {listed(coverage.uncovered, _SHOWN)}", Place(file=whole.file, count=n), "warning")
    if coverage.foreign:
        names, n = listed(coverage.foreign, _SHOWN), len(coverage.foreign)
        yield Fault(f"sums of {counted(n, 'tensor')} that the model does not have: {names}", whole, "warning")
    if importance.form == "dat":  # which does not tell experts apart without their number
        for name, empty in coverage.experts_without_data.items():
            sentence = f"nothing was summed for {len(empty)} of {coverage.n_experts[name]} experts of {name}"
            yield Fault(sentence, _place(importance, table, name, empty), "note")


def _place(importance: Importance, table: Model | None, name: str, experts: list[int] | None = None) -> Place:
    file = base_name(importance.path)
    if table is None:
        return Place(tensor=name, experts=experts or [], file=file)
    tensor = table.tensors[name + COUNTS]
    return Place(tensor=tensor.name, experts=experts or [], file=base_name(tensor.file), offset=tensor.offset)
