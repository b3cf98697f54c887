"""Commands in a process whose system fails: reads, writes, or the start of threads (`system_faults.c`)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.building import CXX
from support.programs import ENVIRONMENT

SOURCE = Path(__file__).with_suffix(".c")
# Variables take effect when all modules are there, whose own threads are not ours.
CALL = """
import os, sys
import scipy.linalg, scipy.stats, threadpoolctl
from ggufscope.commands import app
app.load_command(sys.argv[2])
os.environ.update(pair.split("=", 1) for pair in sys.argv[1].split(";"))
sys.exit(app.main(sys.argv[2:]))
"""

CallFaulty = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def call_faulty(tmp_path_factory: pytest.TempPathFactory) -> CallFaulty:
    """A function that calls a command with faults, given as keywords: `read`, `write`, `threads`, and their `file`."""
    if sys.platform != "linux":
        pytest.skip("needs a dynamic linker that preloads, and /proc")
    library = tmp_path_factory.mktemp("faults") / "system_faults.so"
    subprocess.run([*CXX, "-x", "c", "-O1", "-fPIC", "-shared", SOURCE, "-o", library, "-ldl"], check=True)

    def call(*words: object, **faults: object) -> subprocess.CompletedProcess[str]:
        variables = ";".join(f"FAULT_{name.upper()}={value}" for name, value in faults.items())
        environment = ENVIRONMENT | {"LD_PRELOAD": str(library)}
        command = [sys.executable, "-c", CALL, variables, *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=300)

    return call
