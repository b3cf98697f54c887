"""Rows that ggml quantizes as they are asked for."""

from __future__ import annotations

from typing import Any

import numpy as np

import ggufscope as gs
from ggufscope.diffs.quantizing import QuantizedRows
from ggufscope.runtime.engines.llama_cpp.quantizing import quantize
from support.needs import llama_cpp_needed

pytestmark = llama_cpp_needed


def test_any_rows_are_those_of_the_whole(write_gguf: Any) -> None:
    """Experts keep their own importance wherever the rows are cut; one without data has ones."""
    chance = np.random.default_rng(2)
    exact = chance.standard_normal((3, 4, 64), np.float32)
    importance = chance.random((3, 64))
    importance[1] = 0
    with gs.open(write_gguf({"blk.0.ffn_up_exps.weight": exact})) as model:
        rows = QuantizedRows(model.tensors["blk.0.ffn_up_exps.weight"], "Q4_0", importance)
        for first, count in ((0, 12), (3, 6), (5, 1)):
            made = np.empty((count, 64), np.float32)
            rows.decode_into(made, first)
            for place in range(count):
                expert, row = divmod(first + place, 4)
                weights = importance[expert] if expert != 1 else np.ones(64)
                blocks = quantize(exact[expert, row : row + 1], "Q4_0", weights.astype(np.float32))
                np.testing.assert_array_equal(made[place], gs.dequantize(blocks, "Q4_0")[0])
