"""Histogram and codes of hostile blocks: counting codes gives what decoding each weight and counting it gives."""

from __future__ import annotations

import pytest

from ggufscope import _core
from support import reference_formats
from support.format_registry import each_isa, each_type, hostile_blocks
from support.reference import EXPECTED, Sample, code_entropy


@each_isa
@each_type
def test_hostile_blocks_are_counted_like_their_weights(qtype: _core.TypeDescription, isa: str) -> None:
    blocks = hostile_blocks(qtype)
    rows, columns = len(blocks), qtype["elements_per_block"]
    found = _core.observe_buffer(blocks.reshape(-1), qtype["id"], rows, columns, isa=isa).fields()
    keys, counts = found["histogram"]
    weights = reference_formats.dequantize(blocks, qtype["name"]).reshape(rows, columns)
    assert (keys.tolist(), counts.tolist()) == EXPECTED["histogram"](Sample(weights))
    if qtype["code_bits"] > 0:
        codes = reference_formats.codes(blocks, qtype["name"]).reshape(-1)
        assert found["code_entropy"] == pytest.approx(code_entropy(codes), rel=1e-12)
