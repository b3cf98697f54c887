"""What `spectra` costs beside WeightWatcher on the same weights, and how far both agree where they define the same.

    python -m venv ww && ww/bin/pip install weightwatcher torch          # several GB unless torch is one for CPUs
    python benchmarks/spectra_cost.py MODEL --peer ww/bin/python [--layers 0-2]

WeightWatcher gets the decoded matrices as linear layers of a torch module. Importing and compiling are in neither time;
decoding is in ours alone, as is the test of every power law.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import ggufscope as gs
from ggufscope.models.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Callable

    from ggufscope.spectral import Spectra
    from ggufscope.spectral.matrix_record import MatrixSpectrum

PEER = Path(__file__).with_name("weightwatcher_peer.py")


class Number(NamedTuple):
    """A number that both have: what it is, and how each of them says it."""

    name: str
    ours: Callable[[MatrixSpectrum], float | None]
    theirs: Callable[[dict[str, float]], float]


NUMBERS = (
    Number("σ_max²", lambda each: (each.sigma_max or 0.0) ** 2, lambda row: row["lambda_max"]),
    Number("‖W‖²", lambda each: (each.frobenius_norm or 0.0) ** 2, lambda row: row["norm"]),
    Number("stable rank", lambda each: each.stable_rank, lambda row: row["stable_rank"]),
    Number("normalized entropy", lambda each: each.normalized_entropy, lambda row: row["entropy"]),
    Number("numerical rank", lambda each: each.numerical_rank, lambda row: row["matrix_rank"]),
    Number("exponent α", lambda each: each.power_law and each.power_law.exponent, lambda row: row["alpha"]),
    Number("its KS distance", lambda each: each.power_law and each.power_law.ks_distance, lambda row: row["D"]),
    Number("its λ_min", lambda each: each.power_law and each.power_law.lambda_min, lambda row: row["xmin"]),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a file of floats, as F16, so that both see the same weights")
    parser.add_argument("--peer", required=True, help="an interpreter with weightwatcher and torch")
    parser.add_argument("--layers", help="only these, as 0-2")
    arguments = parser.parse_args()
    with gs.open(arguments.model) as model:
        names = [name for name, tensor in model.tensors.items() if is_chosen(tensor, arguments.layers)]
        gs.spectra(model, tensors=names[:1])  # compiles
        ours, mine = timed(lambda: gs.spectra(model, tensors=names))
        theirs = analyzed(model, names, arguments.peer)
    print_costs(mine, theirs, len(names))
    print_agreement(ours, theirs["matrices"])


def is_chosen(tensor: gs.Tensor, layers: str | None) -> bool:
    """Whether it is a plain matrix of one of these layers, as WeightWatcher takes it."""
    matches = Selection.of(layers=layers).matches(tensor.name, tensor.layer, tensor.role)
    return matches and tensor.layer is not None and tensor.kind == "matrix" and len(tensor.shape) == 2


def timed(work: Callable[[], Spectra]) -> tuple[Spectra, dict[str, float]]:
    wall, processor = time.perf_counter(), time.process_time()
    made = work()
    return made, {"wall": time.perf_counter() - wall, "processor": time.process_time() - processor}


def analyzed(model: gs.Model, names: list[str], interpreter: str) -> dict[str, Any]:
    """The matrices by WeightWatcher."""
    with tempfile.TemporaryDirectory() as directory:
        for name in names:
            tensor = model.tensors[name]
            np.save(Path(directory) / f"{name}.npy", tensor.dequantize().reshape(tensor.shape))
        words = [interpreter, str(PEER), directory]
        printed = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603  as asked
    analysis: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return analysis


def print_costs(mine: dict[str, float], theirs: dict[str, Any], n_matrices: int) -> None:
    print(f"| {n_matrices} matrices | processor time | wall |\n|---|---|---|")
    print(f"| `gs.spectra`, products of heads too | {mine['processor']:.1f} s | {mine['wall']:.1f} s |")
    print(f"| WeightWatcher {theirs['version']} | {theirs['processor']:.1f} s | {theirs['wall']:.1f} s |")
    ratios = [theirs[clock] / mine[clock] for clock in ("processor", "wall")]
    print(f"| ratio | {ratios[0]:.1f} | {ratios[1]:.1f} |\n")


def print_agreement(ours: Spectra, theirs: dict[str, dict[str, float]]) -> None:
    print("| number | matrices | within 1e-6 | within 1e-3 | median difference | largest |\n|---|---|---|---|---|---|")
    for number in NUMBERS:
        pairs = [(number.ours(each), number.theirs(theirs[each.name])) for each in ours.matrices if each.name in theirs]
        known = np.array([(mine, other) for mine, other in pairs if mine is not None], np.float64)
        off = np.abs(known[:, 0] / known[:, 1] - 1)
        shares = [f"{(off <= limit).mean():.0%}" for limit in (1e-6, 1e-3)]
        print(f"| {number.name} | {len(off)} | {' | '.join(shares)} | {np.median(off):.1e} | {off.max():.1e} |")


if __name__ == "__main__":
    main()
