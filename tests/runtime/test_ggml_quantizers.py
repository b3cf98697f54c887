"""ggml's quantizers: every type that is named, importance matrices, what is refused."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.errors import TraceError
from ggufscope.models.recipes.quantizer import MADE, NEED_IMPORTANCE
from ggufscope.runtime.engines.llama_cpp.quantizing import quantize, requires_importance
from support.needs import llama_cpp_needed
from support.quantized_files import WITH_TABLES

pytestmark = llama_cpp_needed


def weights() -> np.ndarray:
    return np.random.default_rng(4).normal(0, 0.02, (16, 4096)).astype(np.float32)


@pytest.mark.parametrize(
    "names", [sorted(set(MADE) - set(WITH_TABLES)), pytest.param(WITH_TABLES, marks=pytest.mark.slow)], ids=len
)
def test_all_types_that_are_named_are_made(names: Sequence[str]) -> None:
    exact = weights()[:2, :256]
    for type_name in names:
        made = gs.dequantize(quantize(exact, type_name, np.ones(256, np.float32)), type_name)
        assert 0 <= np.square(made - exact).sum() < 0.9 * np.square(exact).sum(), type_name


def test_types_that_need_an_importance_matrix_are_those_of_llama_quantize() -> None:
    assert {name for name in MADE if requires_importance(name)} == NEED_IMPORTANCE


def test_importance_moves_the_error_to_columns_that_matter_less() -> None:
    exact = weights()
    importance = np.ones(4096, np.float32)
    importance[::2] = 100
    plain, weighted = (gs.dequantize(quantize(exact, "Q4_0", each), "Q4_0") for each in (None, importance))
    assert np.square(weighted - exact)[:, ::2].sum() < 0.95 * np.square(plain - exact)[:, ::2].sum()


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
