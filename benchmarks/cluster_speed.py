"""Speed of workers of a Dask cluster on this machine, beside one process, on many models and on a large one.

python benchmarks/cluster_speed.py [LARGE.gguf] [--workers 1 2] [--models 50] [--rounds 3]

Every way of working takes its turn in each round, so that ratios hold on a machine that is not quiet; a ratio is the
median of those of the rounds. Clusters are started before, and the time of that is told apart. One process has as many
threads as there are cores, workers share them.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import gguf
import numpy as np

import ggufscope as gs
from ggufscope._core import usable_cores
from ggufscope.fleets.engines.dask import DaskEngine, open_engine
from ggufscope.fleets.engines.engine import Engine, Watch
from ggufscope.fleets.engines.local import LocalEngine
from ggufscope.fleets.task import Task

ONE_PROCESS = "one process"
WIDTH, LAYERS = 256, 4  # of the small models: 2.9 million weights each


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("large", nargs="?", type=Path, help="a model for gs.profile(client=…), in the page cache")
    parser.add_argument("--workers", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--models", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ggufscope-")))
        engines: dict[str, DaskEngine] = {}
        for n_workers in arguments.workers:
            started = time.perf_counter()
            engine = stack.enter_context(open_engine(f"local:{n_workers}", None))
            engines[name := f"{n_workers} worker{'s' * (n_workers > 1)}"] = engine
            print(f"{name}: started in {time.perf_counter() - started:.1f} s")
        print(f"{usable_cores()} cores, load {os.getloadavg()[0]:.2f}\n")
        tasks = [Task(str(path), n_bytes=path.stat().st_size) for path in _small_models(directory, arguments.models)]
        n_bytes = sum(task.n_bytes or 0 for task in tasks)
        print(
            _table(
                f"{arguments.models} models of {n_bytes / len(tasks) / 1e6:.1f} MB",
                _fleets(tasks, engines),
                arguments.rounds,
            )
        )
        if arguments.large is not None:
            print(_table(f"{arguments.large.name}, profile", _profiles(arguments.large, engines), arguments.rounds))


def _fleets(tasks: list[Task], engines: dict[str, DaskEngine]) -> dict[str, Callable[[], object]]:
    """Ways to measure a fleet; nothing is written."""

    def run(engine: Engine) -> Callable[[], object]:
        return lambda: [None for _ in engine.outcomes(tasks, Watch())]

    return {ONE_PROCESS: run(LocalEngine(None)), **{name: run(engine) for name, engine in engines.items()}}


def _profiles(path: Path, engines: dict[str, DaskEngine]) -> dict[str, Callable[[], object]]:
    """Ways to profile a model."""

    def run(engine: DaskEngine, n_workers: int) -> Callable[[], object]:
        threads = max(1, usable_cores() // n_workers)
        return lambda: gs.profile(path, threads, client=engine.client, keep_vectors=False)

    ways: dict[str, Callable[[], object]] = {ONE_PROCESS: lambda: gs.profile(path, keep_vectors=False)}
    return ways | {name: run(engine, int(name.split()[0])) for name, engine in engines.items()}


def _table(title: str, ways: dict[str, Callable[[], object]], rounds: int) -> str:
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, work in ways.items():
            started = time.perf_counter()
            work()
            if number:  # the first round warms caches, and workers import what they need
                seconds[name].append(time.perf_counter() - started)
    rows = [f"| {title} | seconds | of one process |", "|---|---|---|"]
    for name, times in seconds.items():
        ratio = median(own / one for own, one in zip(times, seconds[ONE_PROCESS], strict=True))
        rows.append(f"| {name} | {median(times):.2f} | {ratio:.2f} |")
    return "\n".join([*rows, f"\nload {os.getloadavg()[0]:.2f}\n"])


def _small_models(directory: Path, n_models: int) -> list[Path]:
    return [_write(directory / f"{seed}.gguf", seed) for seed in range(n_models)]


def _write(path: Path, seed: int) -> Path:
    rng = np.random.default_rng(seed)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(LAYERS)
    writer.add_head_count(4)
    writer.add_tensor("token_embd.weight", rng.standard_normal((4 * WIDTH, WIDTH)).astype(np.float16))
    for layer in range(LAYERS):
        for role, rows, columns in (("attn_q", 1, 1), ("attn_output", 1, 1), ("ffn_up", 4, 1), ("ffn_down", 1, 4)):
            weights = rng.standard_normal((rows * WIDTH, columns * WIDTH)).astype(np.float16)
            writer.add_tensor(f"blk.{layer}.{role}.weight", weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


if __name__ == "__main__":
    main()
