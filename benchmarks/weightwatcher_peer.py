"""Analyzes matrices with WeightWatcher as its users do, in an interpreter that has it and torch: see spectra_cost.py.

    PYTHON weightwatcher_peer.py DIRECTORY     the matrices are DIRECTORY/*.npy

Prints JSON: the seconds of the analysis, by the clock and of the processor, and of each matrix what it says.
"""

import contextlib
import io
import json
import logging
import sys
import time
from pathlib import Path

import numpy as np
import torch
import weightwatcher

COLUMNS = ("lambda_max", "norm", "stable_rank", "entropy", "matrix_rank", "alpha", "D", "xmin", "num_pl_spikes")


def module_of(directory: Path) -> torch.nn.Module:
    """A module with a linear layer for each file."""
    layers = {}
    for path in sorted(directory.glob("*.npy")):
        weights = np.load(path)
        layers[path.stem.replace(".", "-")] = layer = torch.nn.Linear(weights.shape[1], weights.shape[0], bias=False)
        layer.weight.data = torch.from_numpy(weights)
    return torch.nn.ModuleDict(layers)


def main(directory: str) -> None:
    logging.getLogger("weightwatcher").setLevel(logging.ERROR)
    module = module_of(Path(directory))
    wall, processor = time.perf_counter(), time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):
        details = weightwatcher.WeightWatcher(model=module).analyze()
    seconds = {"wall": time.perf_counter() - wall, "processor": time.process_time() - processor}
    matrices = {
        row["name"].replace("-", "."): {name: float(row[name]) for name in COLUMNS} for _, row in details.iterrows()
    }
    print(json.dumps({"version": weightwatcher.__version__, **seconds, "matrices": matrices}))


if __name__ == "__main__":
    main(sys.argv[1])
