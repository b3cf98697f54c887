"""What a piece of work costs in a process of its own: processor time, wall time and memory. Linux alone."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import NamedTuple

_MEASURED = """
import json, sys, threading, time
from pathlib import Path
import ggufscope as gs

def megabytes(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name + ":")).split()[1]) / 1024

largest, done = [0.0], threading.Event()

def watch():
    while not done.wait(0.005):
        largest[0] = max(largest[0], megabytes("RssAnon"))

{prepared}
watcher = threading.Thread(target=watch)
watcher.start()
processor, wall = time.process_time(), time.perf_counter()
{work}
processor, wall = time.process_time() - processor, time.perf_counter() - wall
done.set()
watcher.join()
print(json.dumps([processor, wall, largest[0], megabytes("VmHWM")]))
"""
HEAD = "| | processor time | wall | anonymous memory | resident memory |\n|---|---|---|---|---|"


class Cost(NamedTuple):
    """Seconds and MiB.

    Anonymous memory is looked at every 5 ms. What resident memory has beside it are libraries, and pages of files that
    the system may take back.
    """

    processor: float
    wall: float
    anonymous: float
    resident: float

    def row(self, name: str) -> str:
        """The row of a Markdown table."""
        times = f"{self.processor:.1f} s | {self.wall:.1f} s"
        return f"| {name} | {times} | {self.anonymous:.0f} MB | {self.resident:.0f} MB |"


def cost_of(work: str, *arguments: object, prepared: str = "") -> Cost:
    """What a statement costs.

    Args:
        work: Python, with `gs` and `sys.argv[1:]`.
        arguments: of the process.
        prepared: Python that runs before and is not measured.
    """
    program = _MEASURED.format(work=work, prepared=prepared)
    words = [sys.executable, "-c", program, *map(str, arguments)]
    run = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603  this interpreter
    return Cost(*json.loads(run.stdout))
