"""ggml's quantizers: every type that is named, known errors of Gaussian weights, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.errors import TraceError
from ggufscope.runtime.engines.llama_cpp.quantizing import MADE, quantize, requires_importance
from support.needs import llama_cpp_needed

pytestmark = llama_cpp_needed

# Relative squared error of N(0, 0.02²), 64 × 4096, by ggml without an importance matrix, or with one of ones where it
# needs one (METRICS section 4).
KNOWN = {
    "Q8_0": 2.875e-5,
    "Q6_K": 3.161e-4,
    "Q5_K": 1.310e-3,
    "Q5_1": 1.439e-3,
    "Q5_0": 1.835e-3,
    "Q4_K": 5.108e-3,
    "IQ4_NL": 5.811e-3,
    "IQ4_XS": 5.901e-3,
    "Q4_1": 6.126e-3,
    "Q4_0": 7.414e-3,
    "MXFP4": 1.303e-2,
    "Q3_K": 2.278e-2,
    "Q2_K": 8.819e-2,
    "IQ2_XXS": 1.199e-1,
    "IQ1_S": 2.422e-1,
    "TQ1_0": 6.536e-1,
    "TQ2_0": 6.536e-1,
}


def weights() -> np.ndarray:
    return np.random.default_rng(4).normal(0, 0.02, (16, 4096)).astype(np.float32)


@pytest.mark.parametrize("type_name", KNOWN)
def test_known_errors_of_gaussian_weights(type_name: str) -> None:
    exact = weights()
    ones = np.ones(4096, np.float32) if requires_importance(type_name) else None
    made = gs.dequantize(quantize(exact, type_name, ones), type_name).astype(np.float64)
    nmse = np.square(made - exact).sum() / np.square(exact.astype(np.float64)).sum()
    assert nmse == pytest.approx(KNOWN[type_name], rel=0.03)


def test_all_types_that_are_named_are_made() -> None:
    exact = weights()[:2, :256]
    for type_name in MADE:
        made = gs.dequantize(quantize(exact, type_name, np.ones(256, np.float32)), type_name)
        assert 0 <= np.square(made - exact).sum() < 0.9 * np.square(exact).sum(), type_name


def test_importance_moves_the_error_to_columns_that_matter_less() -> None:
    exact = weights()
    importance = np.ones(4096, np.float32)
    importance[::2] = 100
    plain, weighed = (gs.dequantize(quantize(exact, "Q4_0", each), "Q4_0") for each in (None, importance))
    assert np.square(weighed - exact)[:, ::2].sum() < 0.95 * np.square(plain - exact)[:, ::2].sum()


def test_what_is_refused() -> None:
    rows = np.ones((1, 64), np.float32)
    with pytest.raises(ValueError, match="ggml does not make Q8_K"):
        quantize(rows, "Q8_K")
    with pytest.raises(ValueError, match="no whole number of Q4_K blocks of 256"):
        quantize(rows, "Q4_K")
    with pytest.raises(ValueError, match="IQ2_XXS takes an importance matrix"):
        quantize(np.ones((1, 256), np.float32), "IQ2_XXS")
    rows[0, 3] = np.nan
    with pytest.raises(TraceError, match="not finite"):
        quantize(rows, "Q8_0")
