"""Compare two builds by turns: `python benchmarks/turns.py OLD_PYTHON NEW_PYTHON [--type Q4_K …] [--model FILE]`.

Two runs after one another compare a shared machine with itself: its speed changes from minute to minute. Here both
builds, each installed for an interpreter of its own, keep the same blocks in memory and compute in alternation, some
ten milliseconds each. A ratio is the median of the rounds' ratios, new to old.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from rich.console import Console
from rich.table import Table

from ggufscope.bench.runs import DEFAULT_TYPES

KERNELS = ("full", "fast")

# What runs in both interpreters: a line on standard input asks for a round, its answer is the seconds taken.
WORKER = """
import sys, time
subject, kernel, threads, elements = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
if elements:
    from ggufscope.bench import KERNELS
    from ggufscope.bench.samples import make_sample
    prepared = KERNELS[kernel].prepare(make_sample(subject, n_elements=elements))
    run = lambda: prepared.run(threads, "")
else:
    from ggufscope import profile
    run = lambda: profile(subject, threads=threads, fast=kernel == "fast")
run()
print("ready", flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    run()
    print(time.perf_counter() - start, flush=True)
"""


class Build:
    """A build at work in its interpreter."""

    def __init__(self, python: str, stack: ExitStack, *arguments: str) -> None:
        self._python = python
        command = [python, "-c", WORKER, *arguments]
        self._worker = stack.enter_context(
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
        )
        self._answer()

    def _answer(self) -> str:
        assert self._worker.stdout is not None
        answer = self._worker.stdout.readline()
        if not answer:
            raise SystemExit(f"turns: {self._python} ended with {self._worker.wait()}")
        return answer

    def round(self) -> float:
        assert self._worker.stdin is not None
        self._worker.stdin.write("go\n")
        self._worker.stdin.flush()
        return float(self._answer())


def by_turns(pythons: Sequence[str], rounds: int, *arguments: str) -> tuple[list[float], list[float]]:
    """The seconds of each round, of the old and of the new build."""
    with ExitStack() as stack:
        old, new = (Build(python, stack, *arguments) for python in pythons)
        pairs = [(old.round(), new.round()) for _ in range(rounds)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def rows(options: argparse.Namespace) -> Iterator[tuple[str, ...]]:
    subjects = [options.model] if options.model else options.type or DEFAULT_TYPES
    elements = 0 if options.model else options.elements
    for subject in subjects:
        for kernel in KERNELS:
            arguments = (subject, kernel, str(options.threads), str(elements))
            old, new = by_turns((options.old, options.new), options.rounds, *arguments)
            ratio = statistics.median(b / a for a, b in zip(old, new, strict=True))
            yield f"{ratio:.3f}", f"{kernel} {subject}", *(f"{min(times) * 1e3:.3g} ms" for times in (old, new))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Compare two builds by turns.")
    parser.add_argument("old", help="an interpreter with the old build")
    parser.add_argument("new", help="one with the new build")
    parser.add_argument("--type", action="append", help="of blocks in memory; may be given several times")
    parser.add_argument("--model", help="a file to profile instead")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--elements", type=int, default=1 << 25, help="weights of each type")
    table = Table("new / old", "of", "old, best", "new, best")
    for row in rows(parser.parse_args(arguments)):
        table.add_row(*row)
    Console(soft_wrap=True).print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
