"""The type table against the gguf package's, and big-endian blocks against its converter."""

from __future__ import annotations

import re
from types import SimpleNamespace

import numpy as np
import pytest
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.scripts.gguf_convert_endian import byteswap_tensors

from support.format_registry import GGML_TYPES, TYPES, decode, each_isa, each_type, random_blocks
from support.reference_formats import assert_same_bits, dequantize

SIZES = {qtype.name: size for qtype, size in GGML_QUANT_SIZES.items()}
SIZES["Q8_1"] = (32, 36)  # gguf says 40: it still counts two float32; ggml's struct has two halfs
SIZES.setdefault("Q2_0", (64, 18))  # newer than gguf 0.19
IDS = {qtype.name: qtype.value for qtype in GGMLQuantizationType} | {"Q2_0": 42}
# Of safetensors alone; their ids are in pickles, and may not change.
OWN_IDS = {
    name: 2**31 + number
    for number, name in enumerate(("F8_E4M3", "F8_E5M2", "U8", "U16", "U32", "U64", "BOOL"))
}  # fmt: skip
SIZES |= {name: (1, int(re.sub(r"\D", "", name) or 8) // 8 if name.startswith("U") else 1) for name in OWN_IDS}


def test_every_type_of_ggml_is_decoded():
    assert {qtype["name"] for qtype in GGML_TYPES} == set(IDS)


def test_every_number_of_safetensors_is_decoded():
    assert {qtype["name"] for qtype in TYPES} - set(IDS) == set(OWN_IDS)
    assert min(OWN_IDS.values()) > max(IDS.values())


@each_type
def test_sizes_and_ids(qtype):
    assert (qtype["elements_per_block"], qtype["bytes_per_block"]) == SIZES[qtype["name"]]
    assert qtype["id"] == (IDS | OWN_IDS)[qtype["name"]]
    assert (qtype["scales_per_block"] > 0) == (qtype["elements_per_block"] > 1)
    assert qtype["code_bits"] in {0, 1, 2, 4, 8}


def test_table_is_sorted_and_unique():
    ids = [qtype["id"] for qtype in TYPES]
    assert ids == sorted(set(ids))


def big_endian(qtype, blocks: np.ndarray) -> np.ndarray:
    """Turn little-endian blocks into what gguf's converter makes of them."""
    if qtype["elements_per_block"] == 1:
        return np.ascontiguousarray(blocks[:, ::-1])
    swap = byteswap_tensors[GGMLQuantizationType[qtype["name"]]]
    data = blocks.reshape(-1).copy()
    for start in range(0, data.size, qtype["bytes_per_block"]):
        swap(SimpleNamespace(data=data), start)
    return data.reshape(blocks.shape)


@each_isa
@each_type
def test_big_endian(qtype, isa):
    blocks = random_blocks(qtype, 131)
    if qtype["big_endian"]:
        found = decode(qtype, big_endian(qtype, blocks), isa=isa, swapped=True)
        assert_same_bits(found, dequantize(blocks, qtype["name"]))
    else:
        with pytest.raises(ValueError, match=f"{qtype['name']} has no big-endian form"):
            decode(qtype, blocks, isa=isa, swapped=True)


def test_big_endian_types_are_those_gguf_converts():
    quantized = {qtype["name"] for qtype in TYPES if qtype["big_endian"] and qtype["elements_per_block"] > 1}
    assert quantized == {qtype.name for qtype in byteswap_tensors}
    assert all(qtype["big_endian"] for qtype in TYPES if qtype["elements_per_block"] == 1)


@pytest.mark.parametrize("qtype", [qtype for qtype in TYPES if qtype["big_endian"]], ids=lambda qtype: qtype["name"])
def test_swapping_does_not_touch_the_input(qtype):
    blocks = random_blocks(qtype, 131)
    before = blocks.copy()
    decode(qtype, blocks, swapped=True)
    assert np.array_equal(blocks, before)
