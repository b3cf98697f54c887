"""What `check` costs beside `profile`: processor time, wall time and memory of both on one file, in turn.

    python benchmarks/check_cost.py MODEL [--runs 2]

Anonymous memory is looked at every 5 ms; what resident memory has beside it are libraries, and pages of the mapped file
that the system may take back. Linux alone.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

_MEASURED = """
import sys, threading, time
from pathlib import Path
import ggufscope as gs

def megabytes(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name + ":")).split()[1]) / 1024

largest, done = [0.0], threading.Event()

def watch():
    while not done.wait(0.005):
        largest[0] = max(largest[0], megabytes("RssAnon"))

work = {"profile": gs.profile, "check": gs.check}[sys.argv[1]]
watcher = threading.Thread(target=watch)
watcher.start()
processor, wall = time.process_time(), time.perf_counter()
work(sys.argv[2])
processor, wall = time.process_time() - processor, time.perf_counter() - wall
done.set()
watcher.join()
print(f"{processor:.1f} s | {wall:.1f} s | {largest[0]:.0f} MB | {megabytes('VmHWM'):.0f} MB")
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--runs", type=int, default=2)
    arguments = parser.parse_args()
    print("| | processor time | wall | anonymous memory | resident memory |\n|---|---|---|---|---|")
    for _ in range(arguments.runs):
        for name in ("profile", "check"):
            words = [sys.executable, "-c", _MEASURED, name, arguments.model]
            run = subprocess.run(words, check=True, capture_output=True, text=True)  # noqa: S603  this interpreter
            print(f"| `{name}` | {run.stdout.strip()} |")


if __name__ == "__main__":
    main()
