"""Judges what sanitized programs and fuzz targets printed: whether each ran what it had to, and what it reached."""

from __future__ import annotations

import re
from dataclasses import dataclass


class SanitizeError(Exception):
    """Something was found, or did not run as it must."""


@dataclass(frozen=True)
class Fuzzed:
    """Figures of a target, as libFuzzer printed them."""

    seeds: int
    executions: int
    edges: int
    corpus: int


def read_fuzzed(output: str) -> Fuzzed:
    """The figures that a run of libFuzzer printed.

    Raises:
        SanitizeError: It printed none.
    """
    seeds = re.search(r"seed corpus: files: (\d+)", output)
    executions = re.search(r"stat::number_of_executed_units: *(\d+)", output)
    reached = re.findall(r"cov: (\d+) ft: \d+ corp: (\d+)/", output)
    if seeds is None or executions is None or not reached:
        raise SanitizeError(f"no figures of libFuzzer in:\n{output[-2000:]}")
    edges, corpus = reached[-1]
    return Fuzzed(int(seeds[1]), int(executions[1]), int(edges), int(corpus))


def read_replayed(output: str) -> Fuzzed:
    """The figures that a target without libFuzzer printed, which runs its seeds once and counts no edges.

    Raises:
        SanitizeError: It printed none.
    """
    replayed = re.search(r"^(\d+) inputs$", output, re.MULTILINE)
    if replayed is None:
        raise SanitizeError(f"no number of inputs in:\n{output[-2000:]}")
    return Fuzzed(int(replayed[1]), int(replayed[1]), 0, int(replayed[1]))


def require_all_seeds(target: str, seeds: int, made: int) -> None:
    """Raises SanitizeError unless a target ran every seed that was made for it, and there were any."""
    if seeds != made or made == 0:
        raise SanitizeError(f"{target}: {seeds} of {made} seeds were run")


def require_caught(name: str, report: str, returncode: int, output: str) -> None:
    """Raises SanitizeError unless a planted fault ended its program, and with this report."""
    if returncode == 0 or report not in output:
        raise SanitizeError(f"{name}: a planted fault was not caught, {report!r} is not in its output:\n{output}")


def require_equal_bits(output: str) -> int:
    """The lines of core_selftest for each instruction set.

    Raises:
        SanitizeError: Instruction sets differ in what they print, or there are none.
    """
    hashes: dict[str, list[str]] = {}
    for line in output.splitlines():
        isa, _, rest = line.partition("\t")
        hashes.setdefault(isa, []).append(rest)
    differing = [isa for isa, lines in hashes.items() if lines != hashes.get("generic")]
    if differing or not hashes:
        raise SanitizeError(f"core_selftest: other bits than the generic instruction set's: {differing or 'no line'}")
    return len(hashes["generic"])
