"""ggml's own blocks decode to ggml's own weights (tests/golden/make_golden.py says how the vectors were made)."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from support.format_registry import TYPES, decode, each_isa
from support.reference_formats import assert_same_bits, dequantize

GOLDEN = Path(__file__).parent.parent / "golden"
QUANTIZED = [qtype for qtype in TYPES if qtype["scales_per_block"]]
each_quantized = pytest.mark.parametrize("qtype", QUANTIZED, ids=lambda qtype: qtype["name"])


def golden(type_name: str) -> tuple[np.ndarray, np.ndarray]:
    """Blocks by ggml, and weights by ggml; by the oracle for Q8_1, which ggml does not decode."""
    path = GOLDEN / f"{type_name}.npz"
    assert path.exists(), f"{path.name} is missing: run tests/golden/make_golden.py"
    with np.load(path) as arrays:
        blocks = arrays["blocks"]
        if "decoded" in arrays:
            return blocks, arrays["decoded"]
    assert type_name == "Q8_1"
    return blocks, dequantize(blocks, type_name)


@each_quantized
@each_isa
def test_weights_of_ggml(qtype, isa):
    blocks, expected = golden(qtype["name"])
    assert_same_bits(decode(qtype, blocks, isa=isa), expected)


@each_quantized
def test_oracle_is_ggml(qtype):
    blocks, expected = golden(qtype["name"])
    assert_same_bits(dequantize(blocks, qtype["name"]), expected)


def test_files_are_those_of_the_provenance():
    listed = json.loads((GOLDEN / "PROVENANCE.json").read_text())["files"]
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in GOLDEN.glob("*.npz")}
    assert found == {name: entry["sha256"] for name, entry in listed.items()}
    for qtype in QUANTIZED:
        assert listed[f"{qtype['name']}.npz"]["type"] == qtype["id"]
