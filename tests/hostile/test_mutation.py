"""Mutated models: a documented error of one line, or an answer, within 150 MB. `support.mutation` runs more of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from support import mutation
from support.mutation import TRIED, mutated, peak_growth

TENS = range(5)


@pytest.mark.parametrize("ten", TENS)
def test_mutated_models(tmp_path: Path, ten: int) -> None:
    for number in range(10 * ten, 10 * ten + 10):
        case = mutated(number)
        assert mutation.faults(case, tmp_path / "m.gguf") == [], f"case {number} ({case.specimen}): {case.done}"


def test_a_case_is_made_again_by_its_number() -> None:
    assert mutated(3) == mutated(3)
    assert mutated(3).data != mutated(4).data


def test_faults_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Path) -> None:
        raise ZeroDivisionError("by what the file says")

    def refuse_in_two_lines(_: Path) -> None:
        raise mutation.gs.GGUFError("one\ntwo")

    def warn(_: Path) -> None:
        mutation.warnings.warn("of what", RuntimeWarning, stacklevel=1)

    def take_memory(_: Path) -> None:
        np.ones((mutation.MEGABYTES + 20) << 17)

    for tried, expected in (
        (fail, "x: ZeroDivisionError: by what the file says"),
        (refuse_in_two_lines, "x: GGUFError of 2 lines"),
        (warn, "x: RuntimeWarning: of what"),
        (take_memory, None),
    ):
        monkeypatch.setattr(mutation, "TRIED", {"x": tried})
        with peak_growth() as grown:
            pass
        if expected is None and not grown:
            continue  # a system that does not tell
        (fault,) = mutation.faults(mutated(0), tmp_path / "m.gguf")
        assert fault == expected if expected else fault.endswith(" MB")
    assert TRIED.keys() == {"inspect", "profile", "check", "analyze", "trace"}
