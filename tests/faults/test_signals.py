"""Ctrl-C and SIGTERM at random moments of a command: 130 or 143 within seconds, one line, whole files or none."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from support.programs import ENVIRONMENT

READY = """
import sys
from ggufscope.commands import app
app.load_command(sys.argv[1])
print("ready", flush=True)
sys.exit(app.main(sys.argv[1:]))
"""
TRIALS = 3
CALLS = {
    "profile": "{model} -o {out}/p.json",
    "check": "{model} -o {out}/c.json",
    "analyze": "{model} -o {out}",
    "trace": "{model} --probe 64 -o {out}/t.json",
    "study": "{model} -o {out}",
    "fleet": "{model} -o {out}",
}


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("command", CALLS)
def test_a_signal_at_any_moment(command: str, number: int, code: int, stories260k: Path, tmp_path: Path) -> None:
    moments = np.random.default_rng([int(number), *command.encode()]).uniform(0, 2, TRIALS)
    for trial, moment in enumerate(moments):
        out = tmp_path / f"out{trial}"
        out.mkdir()
        words = CALLS[command].format(model=stories260k, out=out).split(" ")
        call = [sys.executable, "-c", READY, command, *words]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        with subprocess.Popen(call, env=ENVIRONMENT, **pipes) as process:  # type: ignore[call-overload]
            assert process.stdout.readline() == "ready\n"
            time.sleep(moment)
            process.send_signal(number)
            _, message = process.communicate(timeout=20)
        # While Python shuts down, behind the last line, the system ends the process: the same to a shell.
        assert process.returncode in {0, code, -number}, message
        assert message.count("\n") <= 1
        assert not list(out.rglob("*.tmp"))
        for path in out.rglob("*.json"):
            assert json.loads(path.read_text())["schema"].startswith("ggufscope.")
