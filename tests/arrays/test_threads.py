"""The number of threads: what is asked for, as far as there are cores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.arrays import arguments
from ggufscope.arrays.arguments import checked_threads, thread_count

if TYPE_CHECKING:
    from pathlib import Path

    from support.command_line import RunCommand


@pytest.fixture
def three_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("most_threads", "usable_cores"):
        monkeypatch.setattr(arguments, name, lambda: 3)


@pytest.mark.usefixtures("three_cores")
def test_no_more_threads_than_cores() -> None:
    assert [thread_count(threads) for threads in (None, 1, 3, 4, np.int64(999))] == [3, 1, 3, 3, 3]
    assert [checked_threads(threads) for threads in (1, 999, 10**6)] == [1, 999, 1024]
    for wrong in (0, -1, 1.5, True, "2"):
        with pytest.raises(ValueError, match="threads must be a positive integer, not "):
            thread_count(wrong)  # type: ignore[arg-type]


@pytest.mark.usefixtures("three_cores")
def test_what_is_used_is_what_is_told(run_command: RunCommand, stories260k: Path) -> None:
    run = gs.profile(stories260k, threads=999).run
    assert run is not None
    assert run.threads == 3
    code, out, err = run_command("profile", stories260k, "--threads", "999", "--fast")
    assert (code, err) == (0, "ggufscope: 3 of 999 threads used: one for each core at hand\n")
    assert "3 threads" in out
    assert run_command("check", stories260k, "--threads", "3")[2] == ""
    for command in (("bench", "--seconds", "0"), ("check", stories260k), ("fleet", stories260k, "-o", "x")):
        assert run_command(*command, "--threads", "-1") == (
            2, "", "ggufscope: threads must be a positive integer, not -1\n"
        )  # fmt: skip
