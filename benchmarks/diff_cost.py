"""What `diff` costs beside fast profiles of both files, and `diff --run` beside traces: times and memory, in turn.

    python benchmarks/diff_cost.py REFERENCE MODEL [--tokens 465] [--runs 1]

With `--tokens`, both models read that many tokens of the neutral text that comes along.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from ggufscope.diffs.readings.material import neutral_text
from process_cost import HEAD, Cost, cost_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reference")
    parser.add_argument("model")
    parser.add_argument("--tokens", type=int, default=0)
    parser.add_argument("--runs", type=int, default=1)
    arguments = parser.parse_args()
    pair = (arguments.reference, arguments.model)
    print(HEAD)
    for _ in range(arguments.runs):
        beside_profiles(pair)
        if arguments.tokens:
            beside_traces(pair, arguments.tokens)


def beside_profiles(pair: tuple[str, str]) -> None:
    profiles = [
        shown(f"fast profile of {Path(path).name}", cost_of("gs.profile(sys.argv[1], fast=True)", path))
        for path in pair
    ]
    streamed = shown("`diff` without lineage", cost_of("gs.diff(*sys.argv[1:], lineage=False)", *pair))
    shown("`diff`", cost_of("gs.diff(*sys.argv[1:])", *pair))
    both = [sum(cost[i] for cost in profiles) for i in (0, 1)]
    print(f"\nstreamed / fast profiles: {streamed[0] / both[0]:.2f} processor time, {streamed[1] / both[1]:.2f} wall\n")


def beside_traces(pair: tuple[str, str], n_tokens: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        ids = Path(directory) / "ids.txt"
        ids.write_text(" ".join(map(str, first_tokens(pair[0], n_tokens))) + "\n", encoding="utf-8")
        trace = "gs.trace(sys.argv[1], tokens=sys.argv[2], max_new_tokens=0)"
        traces = [shown(f"trace of {Path(path).name}", cost_of(trace, path, ids)) for path in pair]
        run = "run(*sys.argv[1:3], tokens=sys.argv[3])"
        both = cost_of(run, *pair, ids, prepared="from ggufscope.diffs.readings import run")
        shown("run of both", both)
    ratios = [f"{both[i] / traces[0][i]:.2f} of the first, {both[i] / traces[1][i]:.2f} of the second" for i in (0, 1)]
    print(f"\nrun / trace: processor time {ratios[0]}; wall {ratios[1]}\n")


def first_tokens(path: str, count: int) -> list[int]:
    """Small ids from the bytes of the neutral text: what is read does not change the cost."""
    text = neutral_text().encode()
    return [32 + text[i % len(text)] for i in range(count)]


def shown(name: str, cost: Cost) -> Cost:
    print(cost.row(name), flush=True)
    return cost


if __name__ == "__main__":
    main()
