"""The error of each type on Gaussian weights, quantized by ggml: known numbers, which a diff gives within 3 %."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

import ggufscope as gs
from ggufscope.runtime.engines.llama_cpp import quantizing
from support.needs import llama_cpp_needed
from support.quantized_files import WITH_TABLES

pytestmark = llama_cpp_needed
WriteGguf = Callable[..., Path]

# nmse of N(0, 0.02²): without an importance matrix, where ggml makes the type without; with one of ones, where that
# makes a difference.
KNOWN: dict[str, tuple[float | None, float | None]] = {
    "Q8_0": (2.875e-5, None),
    "Q6_K": (3.161e-4, 3.013e-4),
    "Q5_K": (1.310e-3, 1.255e-3),
    "Q5_1": (1.439e-3, 1.146e-3),
    "Q5_0": (1.835e-3, 1.641e-3),
    "Q4_K": (5.108e-3, 5.023e-3),
    "IQ4_NL": (5.811e-3, 5.627e-3),
    "IQ4_XS": (5.901e-3, 5.731e-3),
    "Q4_1": (6.126e-3, 4.902e-3),
    "Q4_0": (7.414e-3, 6.689e-3),
    "MXFP4": (1.303e-2, None),
    "Q3_K": (2.278e-2, 2.091e-2),
    "IQ3_S": (2.771e-2, 1.888e-2),
    "IQ3_XXS": (4.565e-2, 3.313e-2),
    "IQ2_S": (7.023e-2, 6.198e-2),
    "Q2_K": (8.819e-2, 7.204e-2),
    "IQ2_XS": (None, 9.097e-2),
    "IQ2_XXS": (None, 1.199e-1),
    "IQ1_S": (None, 2.422e-1),
    "IQ1_M": (3.394e-1, None),
    "TQ1_0": (6.536e-1, None),
    "TQ2_0": (6.536e-1, None),
}
HEAVIER = {"Q8_0": 4.664e-5, "Q6_K": 4.669e-4, "Q4_K": 6.959e-3, "Q4_0": 1.174e-2}  # Student's t with 5 degrees
COLUMNS = 4096


@pytest.fixture(autouse=True)
def whatever_ggml_makes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Types, too, that `llama-quantize` refuses to make without an importance matrix."""
    monkeypatch.setattr(quantizing, "NEED_IMPORTANCE", frozenset())
    quantizing.requires_importance.cache_clear()
    yield
    quantizing.requires_importance.cache_clear()


def blocks(weights: npt.NDArray[np.float32], type_name: str, with_ones: bool) -> tuple[npt.NDArray[np.uint8], str]:
    return quantizing.quantize(weights, type_name, np.ones(COLUMNS, np.float32) if with_ones else None), type_name


def errors(write_gguf: WriteGguf, weights: npt.NDArray[np.float32], cases: list[tuple[str, bool]]) -> list[float]:
    """The nmse of each case: a type, and whether with an importance of ones."""
    names = [f"blk.{i}.ffn_up.weight" for i in range(len(cases))]
    reference = write_gguf(dict.fromkeys(names, weights), name="reference.gguf")
    model = write_gguf({name: blocks(weights, *case) for name, case in zip(names, cases, strict=True)})
    return [tensor.nmse or 0.0 for tensor in gs.diff(reference, model, lineage=False).models[0].tensors]


@pytest.mark.parametrize(
    "names", [sorted(KNOWN.keys() - set(WITH_TABLES)), pytest.param(WITH_TABLES, marks=pytest.mark.slow)], ids=len
)
def test_gaussian_weights(write_gguf: WriteGguf, names: Sequence[str]) -> None:
    weights = (0.02 * np.random.default_rng(4).standard_normal((16, COLUMNS))).astype(np.float32)
    expected = {
        (name, with_ones): value
        for name in names
        for with_ones, value in zip((False, True), KNOWN[name], strict=True)
        if value is not None
    }
    found = errors(write_gguf, weights, list(expected))
    assert dict(zip(expected, found, strict=True)) == pytest.approx(expected, rel=0.03)


def test_heavier_tails(write_gguf: WriteGguf) -> None:
    weights = (0.02 * np.random.default_rng(5).standard_t(5, (64, COLUMNS))).astype(np.float32)
    found = errors(write_gguf, weights, [(name, False) for name in HEAVIER])
    assert found == pytest.approx(list(HEAVIER.values()), rel=0.03)
