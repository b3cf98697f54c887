"""Formats of integers (cpp/kernels/fused.h) against decoding every weight and observing it.

Blocks are made so that groups of all kinds meet in one run: those that integers stand for, those whose weights would
round, those with steps of zero, below zero, Inf and NaN; and rows that end inside a group.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ggufscope import _core
from support import reference_formats
from support.gguf_writer import Gguf, Tensor
from support.observing import assert_close, assert_histogram_fields
from support.reference import EXPECTED, Sample, code_entropy, scale_statistics

TYPES = {qtype["name"]: qtype for qtype in _core.types()}
Q4_0, Q4_1, Q4_K, Q8_0 = TYPES["Q4_0"], TYPES["Q4_1"], TYPES["Q4_K"], TYPES["Q8_0"]

FUSED = [qtype for qtype in TYPES.values() if qtype["fused"]]
# Blocks keep d in half precision, and dmin or m where weights have a base of their own.
WITH_BASE = [qtype for qtype in FUSED if len(qtype["halves"]) > 1]
CENTERED = [qtype for qtype in FUSED if len(qtype["halves"]) == 1]
MXFP4 = TYPES["MXFP4"]  # has an exponent, its first byte
Blocks = npt.NDArray[np.uint8]

# Bits of halves: zeros, denormals, Inf, NaN and ordinary numbers of both signs.
HALVES = st.one_of(
    st.sampled_from([0x0000, 0x8000, 0x0001, 0x83FF, 0x7C00, 0xFC00, 0x7E01, 0x7BFF, 0xFBFF]),
    st.integers(0x1800, 0x2800),
    st.integers(0x9800, 0xA800),
)


def with_halves(blocks: Blocks, offset: int, halves: npt.ArrayLike) -> None:
    blocks[:, offset : offset + 2] = np.asarray(halves, np.uint16).reshape(-1, 1).view(np.uint8)


def ordinary(qtype: _core.TypeDescription, n: int, rng: np.random.Generator) -> Blocks:
    """Random codes and sub-block scales; block scales a few powers of two apart, as quantizers have them."""
    blocks = rng.integers(0, 256, (n, qtype["bytes_per_block"]), dtype=np.uint8)
    if qtype is Q8_0:
        blocks[:, 2:][blocks[:, 2:] == 128] = 127  # −128 is no code that a quantizer writes
    for offset in qtype["halves"]:
        with_halves(blocks, offset, rng.uniform(0.001, 0.004, n).astype(np.float16).view(np.uint16))
    if qtype is MXFP4:
        blocks[:, 0] = rng.integers(117, 121, n)
    return blocks


def assert_as_decoded(qtype: _core.TypeDescription, blocks: Blocks, rows: int, columns: int, isa: str = "") -> None:
    found: dict[str, Any] = _core.observe_buffer(blocks.reshape(-1), qtype["id"], rows, columns, isa=isa).fields()
    weights = reference_formats.dequantize(blocks, qtype["name"]).reshape(rows, columns)
    sample = Sample(weights)
    for name, expected in EXPECTED.items():
        assert_close(name, found[name], expected(sample), sample)
    assert_histogram_fields(sample, found)
    scales = reference_formats.scales(blocks, qtype["name"]).astype(np.float32).reshape(-1)
    for name, share in scale_statistics(scales).items():
        assert found[name] == (share if share is None else pytest.approx(share, rel=1e-9, abs=0)), name
    assert_codes(qtype, blocks, found)
    fast = _core.observe_buffer(blocks.reshape(-1), qtype["id"], rows, columns, fast=True, isa=isa).fields()
    assert {name: found[name] for name in fast} == fast


def assert_codes(qtype: _core.TypeDescription, blocks: Blocks, found: dict[str, Any]) -> None:
    if qtype["code_bits"] == 0:
        assert "code_entropy" not in found
        return
    codes = reference_formats.codes(blocks, qtype["name"]).reshape(-1)
    assert found["code_entropy"] == pytest.approx(code_entropy(codes), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("qtype", FUSED, ids=lambda qtype: qtype["name"])
def test_weights_lie_in_the_declared_range(qtype: _core.TypeDescription) -> None:
    """Squares are added up in float32 because of that."""
    assert qtype["magnitudes"] is not None
    least, below = qtype["magnitudes"]
    rng = np.random.default_rng(1)
    blocks = rng.integers(0, 256, (4000, qtype["bytes_per_block"]), dtype=np.uint8)
    blocks[:1000] = rng.choice(np.array([0x00, 0x7F, 0x80, 0xFF], np.uint8), (1000, 1))
    blocks[1000:2000] = rng.choice(np.array([0x00, 0x7F, 0x80, 0xFF], np.uint8), (1000, qtype["bytes_per_block"]))
    for offset in qtype["halves"]:
        with_halves(blocks, offset, rng.choice([0x0001, 0x8001, 0x03FF, 0x0400, 0x7BFF, 0xFBFF], len(blocks)))
    if qtype is MXFP4:
        blocks[:, 0] = rng.choice([77, 78, 127, 176, 177], len(blocks))  # beyond, weights are decoded
    magnitudes = np.abs(reference_formats.dequantize(blocks, qtype["name"]))
    assert magnitudes[magnitudes > 0].min() >= 2.0**least
    assert 2.0 ** (below - 2) < magnitudes.max() < 2.0**below


@pytest.mark.parametrize("columns", [256, 1536, 2304, 4096])
@pytest.mark.parametrize("qtype", FUSED, ids=lambda qtype: qtype["name"])
def test_ordinary_blocks(qtype: _core.TypeDescription, columns: int, isa: str) -> None:
    rows = 19
    blocks = ordinary(qtype, rows * columns // qtype["elements_per_block"], np.random.default_rng(columns))
    assert_as_decoded(qtype, blocks, rows, columns, isa)


@pytest.mark.parametrize("qtype", FUSED, ids=lambda qtype: qtype["name"])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_hostile_blocks_among_ordinary_ones(qtype: _core.TypeDescription, data: st.DataObject) -> None:
    rows, columns = data.draw(st.sampled_from([(6, 1280), (20, 512), (9, 1536)]))
    n = rows * columns // qtype["elements_per_block"]
    blocks = ordinary(qtype, n, np.random.default_rng(data.draw(st.integers(0, 1000))))
    for _ in range(data.draw(st.integers(1, 8))):
        block = blocks[data.draw(st.integers(0, n - 1)) :][:1]
        for offset in qtype["halves"]:
            with_halves(block, offset, [data.draw(HALVES)])
        if qtype is MXFP4:
            block[0, 0] = data.draw(st.sampled_from([0, 1, 2, 76, 77, 177, 178, 254, 255]) | st.integers(0, 255))
        if qtype is Q8_0:
            block[0, data.draw(st.integers(2, 33))] = 128
    assert_as_decoded(qtype, blocks, rows, columns)


@pytest.mark.parametrize("apart", range(-12, 15))
@pytest.mark.parametrize("qtype", WITH_BASE, ids=lambda qtype: qtype["name"])
def test_scales_and_minima_any_distance_apart(qtype: _core.TypeDescription, apart: int) -> None:
    """Up to where a weight needs more bits than float32 has, sums are exact; beyond, weights are decoded."""
    step, base = qtype["halves"]
    blocks = ordinary(qtype, 64, np.random.default_rng(apart + 12))
    blocks[::2] = 0xFF  # the largest codes, scales and minima
    with_halves(blocks, step, (14 << 10) + np.arange(64) * 13)
    with_halves(blocks, base, (14 + apart << 10) + np.arange(64) * 11)
    assert_as_decoded(qtype, blocks, 4, 16 * qtype["elements_per_block"])


@pytest.mark.parametrize("apart", range(-12, 15))
@pytest.mark.parametrize("sign", [0x0000, 0x8000], ids=["above zero", "below zero"])
@pytest.mark.parametrize("qtype", WITH_BASE, ids=lambda qtype: qtype["name"])
def test_weights_that_all_round_the_same_way(qtype: _core.TypeDescription, sign: int, apart: int) -> None:
    """Sums of integers would differ by what rounding takes from every weight: they may be used only where it is 0."""
    step, base = qtype["halves"]
    blocks = np.full((16, qtype["bytes_per_block"]), 0xFF, np.uint8)
    with_halves(blocks, step, 14 << 10 | 0x3FF)
    with_halves(blocks, base, 14 + apart << 10 | 0x3FF | sign)
    assert_as_decoded(qtype, blocks, 1, 16 * qtype["elements_per_block"])


@pytest.mark.parametrize("qtype", WITH_BASE, ids=lambda qtype: qtype["name"])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_level_lines(qtype: _core.TypeDescription, data: st.DataObject) -> None:
    """Sub-blocks whose weights are all the same, on either side of zero or at it, with steps of 0, −0 and denormals."""
    rows, columns = 4, 1024
    n = rows * columns // qtype["elements_per_block"]
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    blocks = ordinary(qtype, n, rng)
    for offset in qtype["halves"]:
        size = data.draw(st.sampled_from([0x0400, 0x1000, 0x2400]))  # alike, so that nothing rounds
        signs = rng.integers(0, 2, n) * 0x8000 * data.draw(st.integers(0, 1))
        zeros = rng.random(n) < data.draw(st.sampled_from([0, 0.5]))
        with_halves(blocks, offset, np.where(zeros, 0, rng.integers(0, size, n)) | signs)
    if qtype["elements_per_block"] == 256:  # scales and minima of sub-blocks
        packed = blocks[:, :16] if qtype is TYPES["Q2_K"] else blocks[:, 4:16]
        packed[rng.random(packed.shape) < data.draw(st.sampled_from([0, 0.2, 1.0]))] = 0
    assert_as_decoded(qtype, blocks, rows, columns)


@pytest.mark.parametrize("half", ["d", "dmin"])
@pytest.mark.parametrize("size", [0x0001, 0x1400, 0x2C00, 0x7BFF])
@pytest.mark.parametrize("qtype", WITH_BASE, ids=lambda qtype: qtype["name"])
def test_no_step_or_no_base_in_a_whole_tensor(qtype: _core.TypeDescription, size: int, half: str) -> None:
    """Zero fits beside numbers of any size."""
    blocks = ordinary(qtype, 4 * 1024 // qtype["elements_per_block"], np.random.default_rng(size))
    first, second = qtype["halves"]
    with_halves(blocks, first if half == "d" else second, size)
    for sign in (0x0000, 0x8000):
        with_halves(blocks, second if half == "d" else first, sign)
        assert_as_decoded(qtype, blocks, 4, 1024)


@pytest.mark.parametrize("apart", range(12))
def test_weights_far_smaller_than_their_steps(apart: int) -> None:
    """Codes next to where their lines cross zero: powers of such weights must not be lost among those of the steps."""
    blocks = ordinary(Q4_K, 32, np.random.default_rng(apart))
    blocks[:, 4:16] = [63, 62, 61, 59, *[63] * 4, *[0xFF] * 4]  # scales around 60, minima of 63
    blocks[:, 16:] = 0xDD + 0x11 * (np.arange(32) % 3)[:, None]
    step = (15 << 10) + 1 + np.arange(32) * (1 << apart) % 1024
    with_halves(blocks, 0, step)
    base = (np.asarray(step, np.uint16).view(np.float16).astype(np.float64) * 14).astype(np.float16)
    with_halves(blocks, 2, base.view(np.uint16))
    assert_as_decoded(Q4_K, blocks, 2, 16 * 256)


@pytest.mark.parametrize("qtype", WITH_BASE, ids=lambda qtype: qtype["name"])
@settings(max_examples=60, deadline=None)
@given(
    step=HALVES | st.integers(0, 0xFFFF),
    base=HALVES | st.integers(0, 0xFFFF),
    byte=st.none() | st.integers(0, 255),
)
def test_any_scale_with_any_minimum(qtype: _core.TypeDescription, step: int, base: int, byte: int | None) -> None:
    """The same two halves in all blocks, so that no other block decides how a group is observed."""
    blocks = ordinary(qtype, 32, np.random.default_rng(2))
    if byte is not None:
        blocks[:] = byte
    for offset, half in zip(qtype["halves"], (step, base), strict=True):
        with_halves(blocks, offset, half)
    assert_as_decoded(qtype, blocks, 2, 16 * qtype["elements_per_block"])


@pytest.mark.parametrize("code", [0, 7, 8, 15])
@pytest.mark.parametrize("qtype", [Q4_0, Q4_1, Q4_K], ids=lambda qtype: qtype["name"])
def test_one_code_and_scales_nearly_alike(qtype: _core.TypeDescription, code: int) -> None:
    """A mean thousands of times the spread, and no spread at all."""
    for spread in (0, 1):
        blocks = ordinary(qtype, 64, np.random.default_rng(code))
        halves = 0x2400 + np.arange(64) % 2 * spread
        with_halves(blocks, 0, halves)
        if qtype is Q4_1:
            with_halves(blocks, 0, 0x0C00)
            with_halves(blocks, 2, halves)
        if qtype is Q4_K:
            blocks[:, 2:16] = 0
            blocks[:, 4:8] = blocks[:, 12:16] = 0x21
        blocks[:, -128 if qtype is Q4_K else -16 :] = code * 17
        assert_as_decoded(qtype, blocks, 2, 32 * qtype["elements_per_block"])


@pytest.mark.parametrize("order", ["rising", "falling", "repeated"])
@pytest.mark.parametrize("qtype", FUSED, ids=lambda qtype: qtype["name"])
def test_records_in_every_run_or_only_in_the_first(qtype: _core.TypeDescription, order: str) -> None:
    """Smallest, largest and where the largest magnitude first stands, which later runs may beat, equal or miss."""
    rows, columns = 4, 16 * 512
    n = rows * columns // qtype["elements_per_block"]
    blocks = ordinary(qtype, n, np.random.default_rng(5))
    if order == "repeated":
        blocks[n // rows :] = np.tile(blocks[: n // rows], (rows - 1, 1))
    else:
        steps = 0x1C00 + np.arange(n) * 0x800 // n
        for offset in qtype["halves"]:
            with_halves(blocks, offset, steps if order == "rising" else steps[::-1])
        if qtype is MXFP4:
            blocks[:, 0] = (110 + np.arange(n) * 16 // n)[:: 1 if order == "rising" else -1]
    assert_as_decoded(qtype, blocks, rows, columns)


def test_steps_of_zero_and_of_all_sizes_in_one_tensor() -> None:
    """One format after the other in the same worker's memory, which each must leave clean."""
    for qtype in [*CENTERED, *reversed(CENTERED)]:
        rng = np.random.default_rng(4)
        columns = 16 * 512
        blocks = ordinary(qtype, 3 * columns // qtype["elements_per_block"], rng)
        halves = rng.choice([0x0000, 0x8000, 0x0001, 0x8001, 0x7BFF, 0xFBFF, 0x2000, 0xA000], len(blocks))
        with_halves(blocks, qtype["halves"][0], halves)
        assert_as_decoded(qtype, blocks, 3, columns)


@pytest.mark.parametrize("qtype", CENTERED, ids=lambda qtype: qtype["name"])
@pytest.mark.parametrize("sign", [0x0000, 0x8000], ids=["rising", "falling"])
def test_every_code_times_steps_across_an_octave(qtype: _core.TypeDescription, sign: int) -> None:
    """One step at a time: counters are emptied in the rows that such a step reaches, and no weight may lie beyond."""
    name = qtype["name"]
    blocks = ordinary(qtype, 512 // qtype["elements_per_block"], np.random.default_rng(3))
    if qtype is Q8_0:
        blocks[:, 2:] = (np.arange(512) % 255 - 127).astype(np.int8).view(np.uint8).reshape(16, 32)
    for half in [*range(0x1C00, 0x2000, 7), 0x0000, 0x0001, 0x7BFF]:
        with_halves(blocks, qtype["halves"][0], half | sign)
        weights = reference_formats.dequantize(blocks, name).reshape(1, -1)
        found = _core.observe_buffer(blocks.reshape(-1), qtype["id"], 1, weights.size).fields()
        assert_histogram_fields(Sample(weights), found)
        assert_codes(qtype, blocks, found)


@pytest.mark.parametrize("threshold", [0.0, 1e-6, 0.004, 0.02, 10.0])
@pytest.mark.parametrize("qtype", FUSED, ids=lambda qtype: qtype["name"])
def test_sparsity_at_any_threshold(qtype: _core.TypeDescription, threshold: float) -> None:
    """Below the distance of two codes sparse weights are those of one code; beyond, they are decoded and counted."""
    rows, columns = 8, 1024
    blocks = ordinary(qtype, rows * columns // qtype["elements_per_block"], np.random.default_rng(8))
    weights = reference_formats.dequantize(blocks, qtype["name"])
    found = _core.observe_buffer(
        blocks.reshape(-1), qtype["id"], rows, columns, fast=True, sparsity_threshold=threshold
    ).fields()
    assert found["sparsity"] == np.mean(np.abs(weights) < np.float32(threshold))
    assert found["zero_fraction"] == np.mean(weights == 0)


@pytest.mark.parametrize("qtype", [Q4_0, Q8_0, TYPES["Q6_K"]], ids=lambda qtype: qtype["name"])
def test_a_mean_far_from_zero_is_summed_again_about_it(qtype: _core.TypeDescription) -> None:
    rows, columns = 4, 4096
    blocks = ordinary(qtype, rows * columns // qtype["elements_per_block"], np.random.default_rng(9))
    with_halves(blocks, qtype["halves"][0], 0x2400)
    if qtype is TYPES["Q6_K"]:
        blocks[:, :128], blocks[:, 128:192], blocks[:, 192:208] = 0xFF, 0xFF, 100  # every code 63, every scale 100
        blocks[::7, 192] = 101
    else:
        blocks[:, 2:] = 0xEE if qtype is Q4_0 else 100
        blocks[::7, 2] ^= 0x10
    assert_as_decoded(qtype, blocks, rows, columns)


@pytest.mark.slow
@pytest.mark.parametrize("columns", [2**20 + 64, 3 * 2**20])
def test_a_row_so_long_that_counters_are_emptied_on_the_way(columns: int) -> None:
    assert_as_decoded(Q4_0, ordinary(Q4_0, columns // 32, np.random.default_rng(columns)), 1, columns)


@pytest.mark.parametrize("name", [qtype["name"] for qtype in FUSED if qtype["big_endian"]])
def test_files_of_either_byte_order(tmp_path: Path, name: str) -> None:
    """Through whole pieces of as many groups as kernels take at once: bytes are swapped in memory that holds them."""
    qtype, rows, columns = TYPES[name], 160, 1024
    n_blocks = rows * columns // qtype["elements_per_block"]
    blocks = ordinary(qtype, n_blocks, np.random.default_rng(0))
    results = []
    for order in "<>":
        stored = blocks.copy()
        for offset in qtype["halves"] if order == ">" else ():
            stored[:, offset : offset + 2] = blocks[:, offset : offset + 2][:, ::-1]
        path = tmp_path / f"{'big' if order == '>' else 'little'}.gguf"
        tensor = Tensor("t.weight", (rows, columns), qtype["id"], stored.tobytes())
        path.write_bytes(Gguf(tensors=[tensor], order=order).build())
        results.append(_core.observe_model(_core.Model(path), [0], [0], 1)[0].statistics)
    assert results[0] == results[1]
