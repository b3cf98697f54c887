"""The command line as a process of its own: on a terminal, and slow enough to be interrupted."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
import sys
from pathlib import Path

import ggufscope

PROGRAM = [sys.executable, "-m", "ggufscope"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(ggufscope.__file__).parents[1])}

# The command line, told by its arguments, with a model that reads slowly: a line "taking" for every layer.
SLOW_READING = """
import sys, time
from ggufscope.commands import app as cli
from ggufscope.runtime.measuring.capture import Recorder
take = Recorder.take
def slow(self, *arguments, **options):
    print('taking', flush=True)
    time.sleep(0.1)
    take(self, *arguments, **options)
Recorder.take = slow
sys.exit(cli.main(sys.argv[1:]))
"""


def on_a_terminal(*words: object, output_apart: bool = False, **variables: str) -> tuple[str, str]:
    """Run a command on a terminal, which must end well.

    Args:
        words: of the call.
        output_apart: whether standard output is a pipe, and standard error alone a terminal.
        variables: of the environment.

    Returns:
        The text on the terminal, and that in the pipe.
    """
    leader, follower = pty.openpty()
    environment = {name: value for name, value in ENVIRONMENT.items() if name != "NO_COLOR"} | {"TERM": "xterm"}
    output = subprocess.PIPE if output_apart else follower
    command = [*PROGRAM, *map(str, words)]
    with subprocess.Popen(command, stdout=output, stderr=follower, env=environment | variables) as process:
        os.close(follower)
        shown = b""  # decoded as a whole: a read may end within a character
        with contextlib.suppress(OSError):  # the other side is closed
            while chunk := os.read(leader, 1 << 16):
                shown += chunk
        piped = b"" if process.stdout is None else process.stdout.read()
    os.close(leader)
    assert process.returncode == 0
    return shown.decode(), piped.decode()
