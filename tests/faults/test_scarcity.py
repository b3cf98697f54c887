"""Systems that give no more threads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.system_faults import CallFaulty


@pytest.mark.parametrize("command", ["profile", "check", "analyze", "trace"])
def test_without_threads_the_caller_does_the_work(command: str, stories260k: Path, call_faulty: CallFaulty) -> None:
    options = ("--probe", "8") if command == "trace" else ()
    run = call_faulty(command, stories260k, "--threads", "2", *options, "--json", threads=1)
    assert (run.returncode, run.stderr) == (0, "")
    assert json.loads(run.stdout)
