"""Measure how many exact zeros ggml's quantizers make of Gaussian and of Laplace weights.

Run by hand, never by the tests, with any interpreter that has `llama-cpp-python` and `numpy`, as for
tests/golden/make_golden.py, which shows the way to ggml's library:

    python tools/make_expected_zeros.py

It writes python/ggufscope/analysis/inputs/data/expected_zeros.json: for every type that ggml can quantize to, the
share of weights that are 0 after quantizing and decoding, how much they come in clusters, and where the numbers come
from. Rows are as long and weights as large as a real model's. Types whose quantizer needs an importance matrix get a
uniform one.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import platform
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "python" / "ggufscope" / "analysis" / "inputs" / "data" / "expected_zeros.json"
SEED = 20_240_911
ROWS, COLUMNS = 1024, 4096
SLOW_ROWS = 128  # the quantizers that search a codebook take minutes for more
STD = 0.02
DIGITS = 4
PLAIN = ("f32", "f16", "bf16")


def load_golden() -> Any:
    """tests/golden/make_golden.py as a module."""
    spec = importlib.util.spec_from_file_location("make_golden", ROOT / "tests" / "golden" / "make_golden.py")
    if spec is None or spec.loader is None:
        raise SystemExit("tests/golden/make_golden.py is not there")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def draw(distribution: str, rows: int) -> np.ndarray:
    """float32, (rows, COLUMNS), of standard deviation STD."""
    rng = np.random.default_rng(SEED)
    if distribution == "gaussian":
        return rng.normal(0.0, STD, (rows, COLUMNS)).astype(np.float32)
    return rng.laplace(0.0, STD / np.sqrt(2), (rows, COLUMNS)).astype(np.float32)


def zeros_of(golden: Any, ggml: Any, type_id: int, traits: Any, values: np.ndarray) -> np.ndarray | None:
    """Which weights are 0 after quantizing and decoding; None where ggml has no decoder."""
    if traits.type_name == b"f32":  # kept as it is, and so without a decoder
        return values == 0
    decoded = golden.decode(ggml, traits, golden.quantize(ggml, type_id, traits, values))
    return None if decoded is None else decoded == 0


def clustering(zeros: np.ndarray, block_size: int) -> float:
    """Variance of the zeros of a block over their mean.

    It is 1 where weights are zero one by one, and more where they come in clusters: where the grid of a block meets 0,
    all weights of that code are zero at once.
    """
    per_block = zeros.reshape(-1, block_size).sum(axis=1)
    return float(per_block.var() / per_block.mean()) if per_block.any() else 1.0


def measure(golden: Any, ggml: Any) -> dict[str, dict[str, float | int]]:
    measured: dict[str, dict[str, float | int]] = {}
    for type_id in range(golden.TYPE_COUNT):
        traits = ggml.ggml_get_type_traits(type_id).contents
        name = (traits.type_name or b"").decode()
        if traits.type_size == 0 or not (traits.is_quantized or name in PLAIN):
            continue
        rows = SLOW_ROWS if name.startswith("iq") else ROWS
        drawn = {kind: zeros_of(golden, ggml, type_id, traits, draw(kind, rows)) for kind in ("gaussian", "laplace")}
        zeros = {kind: flags for kind, flags in drawn.items() if flags is not None}
        if len(zeros) == len(drawn):
            shares = {kind: _rounded(float(flags.mean())) for kind, flags in zeros.items()}
            clusters = max(clustering(flags, int(traits.block_size)) for flags in zeros.values())
            measured[name.upper()] = {**shares, "weights": rows * COLUMNS, "clustering": _rounded(clusters)}
            print(name, measured[name.upper()], flush=True)
    return measured


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def main() -> None:
    golden = load_golden()
    golden.COLUMNS = COLUMNS
    ggml = golden.load_ggml()
    table = {
        "about": (
            "share of weights that are exactly 0 after ggml's quantizer and decoder, by type and distribution;"
            " variance of the zeros of a block over their mean, of the distribution where it is larger"
        ),
        "types": measure(golden, ggml),
        "provenance": {
            "made_by": "tools/make_expected_zeros.py",
            "seed": SEED,
            "std": STD,
            "columns": COLUMNS,
            "ggml": {"version": ggml.ggml_version().decode(), "commit": ggml.ggml_commit().decode()},
            "llama_cpp_python": importlib.metadata.version("llama-cpp-python"),
            "numpy": np.__version__,
            "machine": platform.machine(),
            "license": "computed by ggml (MIT) from random numbers; no model's weights",
        },
    }
    TARGET.write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
