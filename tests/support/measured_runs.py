"""A command in a process of its own, and how much memory it took at most."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass

from .programs import ENVIRONMENT, PROGRAM


@dataclass(frozen=True)
class MeasuredRun:
    """What a command left.

    Attributes:
        code: its exit code; negative, the signal that ended it.
        output: its standard output.
        message: its standard error.
        megabytes: its resident memory at the most, the interpreter and its modules included.
    """

    code: int
    output: str
    message: str
    megabytes: float


# A process begins with the memory of the one that forked it, of which this small one stands in between.
_MEASURE = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[2:], stdin=subprocess.DEVNULL)
with open(sys.argv[1], "w") as file:
    file.write(f"{code} {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}")
"""


def measured_run(*words: object) -> MeasuredRun:
    """Run a command to its end."""
    with tempfile.NamedTemporaryFile("r") as file:
        command = [sys.executable, "-S", "-c", _MEASURE, file.name, *PROGRAM, *map(str, words)]
        run = subprocess.run(command, capture_output=True, text=True, check=True, env=ENVIRONMENT)
        code, most = map(int, file.read().split())
    return MeasuredRun(code, run.stdout, run.stderr, most / (2**20 if sys.platform == "darwin" else 2**10))
