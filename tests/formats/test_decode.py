"""Every format on every instruction set gives the bits of the oracle, for whatever bytes a block may hold."""

from __future__ import annotations

import ctypes
import functools
import mmap
import os
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ml_dtypes import float8_e4m3fn, float8_e5m2

import ggufscope as gs
from ggufscope import _core
from support.format_registry import TYPES, decode, each_isa, each_type, hostile_blocks, random_blocks
from support.reference_formats import assert_same_bits, codes, dequantize, scales

PLAIN = [qtype for qtype in TYPES if qtype["elements_per_block"] == 1]


@functools.cache
def hostile(type_id: int) -> tuple[np.ndarray, np.ndarray]:
    """Blocks and their weights; made once for all instruction sets."""
    qtype = next(qtype for qtype in TYPES if qtype["id"] == type_id)
    blocks = np.concatenate([hostile_blocks(qtype), random_blocks(qtype, 1001)])
    return blocks, dequantize(blocks, qtype["name"])


@each_type
def test_oracle_covers_the_type(qtype):
    blocks = random_blocks(qtype, 3)
    assert dequantize(blocks, qtype["name"]).shape == (3, qtype["elements_per_block"])
    if qtype["scales_per_block"]:
        assert scales(blocks, qtype["name"]).shape == (3, qtype["scales_per_block"])
    if qtype["code_bits"]:
        assert codes(blocks, qtype["name"]).shape == (3, qtype["elements_per_block"])


def test_oracle_names_what_it_lacks():
    advice = r"Q9_9 has no oracle: add it to .* in tests/support/reference_formats\.py"
    for function in (dequantize, scales, codes):
        with pytest.raises(LookupError, match=advice):
            function(np.zeros((1, 4), dtype=np.uint8), "Q9_9")


@each_type
@each_isa
def test_any_bytes(qtype, isa):
    blocks, expected = hostile(qtype["id"])
    assert_same_bits(decode(qtype, blocks, isa=isa), expected)


@each_type
@each_isa
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_run_at_any_address(qtype, isa, data):
    size = qtype["bytes_per_block"]
    n_blocks = data.draw(st.integers(0, 70 if qtype["elements_per_block"] == 1 else 3), label="blocks")
    content = data.draw(st.binary(min_size=n_blocks * size, max_size=n_blocks * size), label="content")
    offset = data.draw(st.integers(0, 17), label="offset in bytes")
    out_offset = data.draw(st.integers(0, 17), label="offset of the output in floats")

    memory = np.frombuffer(bytes(offset) + content, dtype=np.uint8)[offset:]
    expected = dequantize(np.frombuffer(content, dtype=np.uint8).reshape(n_blocks, size), qtype["name"])
    surroundings = np.full(out_offset + expected.size + 17, 7.0, dtype=np.float32)
    out = surroundings[out_offset : out_offset + expected.size]
    _core.decode(memory, qtype["id"], out, isa=isa)

    assert_same_bits(out, expected)
    assert (surroundings[:out_offset] == 7.0).all()
    assert (surroundings[out_offset + expected.size :] == 7.0).all()


@each_type
@each_isa
def test_nothing_is_read_or_written_beyond_the_buffers(qtype, isa):
    """Blocks and weights end where a page ends that must not be touched; a violation kills the process."""
    for n_blocks in (1, 2, 5):
        blocks = random_blocks(qtype, n_blocks)
        expected = dequantize(blocks, qtype["name"])
        source, target = before_guard_page(blocks.nbytes), before_guard_page(expected.nbytes)
        source[:] = blocks.reshape(-1)
        out = target.view(np.float32)
        _core.decode(source, qtype["id"], out, isa=isa)
        assert_same_bits(out, expected)


def before_guard_page(n_bytes: int) -> np.ndarray:
    """Allocate a buffer of uint8 whose last byte is the last one before an unmapped page."""
    page = mmap.PAGESIZE
    readable = -(-n_bytes // page) * page
    memory = np.frombuffer(mmap.mmap(-1, readable + page), dtype=np.uint8)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mprotect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    no_access = 0
    assert libc.mprotect(memory.ctypes.data + readable, page, no_access) == 0, os.strerror(ctypes.get_errno())
    return memory[readable - n_bytes : readable]


@each_type
def test_threads_do_not_change_a_bit(qtype):
    n_blocks = 3_000_001 // qtype["elements_per_block"] + 1  # 12 MB of weights: three times what one thread keeps
    blocks = random_blocks(qtype, n_blocks)
    alone = decode(qtype, blocks, threads=1)
    for threads in (2, 3, 7):
        assert_same_bits(decode(qtype, blocks, threads=threads), alone)


HARD_NUMBERS = {
    # ties between two float32, a hair beside them, overflow, float32 subnormals, and a double rounding by way of
    # float64 (2⁶² + 2³⁸ + 1 must go up, 2⁶² + 2³⁸ is a tie that goes to even)
    "F64": [
        1 + 2**-24, 1 + 3 * 2**-24, 1 + 2**-24 + 2**-52, -(1 + 2**-24), 2.0**-149, 2.0**-150, 2.0**-150 * (1 + 2**-52),
        5e-324, 2.0**128 - 2.0**103, 2.0**128 - 2.0**103 - 2.0**75, 1e300, -1e300, 0.0, -0.0, np.inf, -np.inf, np.nan,
        0.1, 2.0**-126 * (1 - 2**-24),
    ],
    "I64": [
        0, 1, -1, 2**24 + 1, -(2**24) - 1, 2**62 + 2**38 + 1, 2**62 + 2**38, -(2**62) - 2**38 - 1, 2**53 + 1,
        2**63 - 1, -(2**63), 2**40 + 2**16, 2**40 + 3 * 2**16,
    ],
    "I32": [0, 1, -1, 2**24 + 1, 2**24 + 3, -(2**24) - 1, 2**31 - 1, -(2**31), 2**30 + 2**6, 2**30 + 2**6 + 1],
    "I16": [0, 1, -1, 2**15 - 1, -(2**15)],
    "I8": [0, 1, -1, 127, -128],
}  # fmt: skip


@each_isa
@pytest.mark.parametrize("type_name", HARD_NUMBERS)
def test_one_rounding(type_name, isa):
    (qtype,) = (qtype for qtype in PLAIN if qtype["name"] == type_name)
    dtype = np.dtype(f"{type_name[0].lower()}{qtype['bytes_per_block']}")
    numbers = np.array(HARD_NUMBERS[type_name] * 3, dtype=dtype)  # in the vector loop and in the rest of a run
    expected = np.array([correctly_rounded(number) for number in HARD_NUMBERS[type_name]] * 3, dtype=np.float32)
    assert_same_bits(decode(qtype, numbers.view(np.uint8), isa=isa), expected)


def correctly_rounded(number: float) -> np.float32:
    """Round to the nearest float32, ties to even, in exact arithmetic: no conversion of the machine is trusted."""
    if number == 0 or not np.isfinite(number):
        return np.float32(number)
    exact, step = Fraction(number), Fraction(1, 2**149)
    while abs(exact) >= 2**24 * step:
        step *= 2
    magnitude = round(abs(exact) / step) * step  # Fraction rounds ties to even
    value = np.float32(np.inf) if magnitude >= 2**128 else np.float32(float(magnitude))
    return np.copysign(value, np.float32(1 if number > 0 else -1))


def test_buffers_must_fit():
    (q4_0,) = (qtype for qtype in TYPES if qtype["name"] == "Q4_0")
    for n_bytes, n_weights in ((17, 32), (18, 31), (36, 32), (0, 32)):
        with pytest.raises(ValueError, match="do not fit"):
            _core.decode(np.zeros(n_bytes, dtype=np.uint8), q4_0["id"], np.zeros(n_weights, dtype=np.float32))
    with pytest.raises(ValueError, match="not a type this build decodes: 4"):
        _core.decode(np.zeros(18, dtype=np.uint8), 4, np.zeros(32, dtype=np.float32))


def test_buffers_must_be_contiguous():
    (f32,) = (qtype for qtype in TYPES if qtype["name"] == "F32")
    blocks = np.arange(64, dtype=np.uint8)
    out = np.zeros(32, dtype=np.float32)
    for bad_blocks, bad_out in (
        (blocks[::2], out[:8]),
        (blocks[::-1], out[:16]),
        (blocks, out[::2]),
        (blocks, out[::-1][:16]),
    ):
        with pytest.raises(ValueError, match="C-contiguous"):
            _core.decode(bad_blocks, f32["id"], bad_out)
    with pytest.raises(ValueError, match="C-contiguous"):
        _core.observe_buffer(blocks[::-1], f32["id"], 1, 16)
    _core.decode(blocks.reshape(4, 1, 16), f32["id"], out[:16].reshape(1, 16))


@each_isa
@pytest.mark.parametrize("offset", [0, 1, 15])
def test_large_output_at_any_address(isa, offset):
    """Past the caches, line by line; the ends of a line that an output shares with others are stored as ever."""
    q8_0 = next(qtype for qtype in TYPES if qtype["name"] == "Q8_0")
    blocks = np.tile(random_blocks(q8_0, 1009), (270, 1))
    room = np.full(blocks.shape[0] * 32 + 32, 7, np.float32)
    start = (-room.ctypes.data // 4) % 16 + offset  # of a line, and beyond
    out = room[start : start + blocks.shape[0] * 32]
    assert out.nbytes > 32 << 20
    _core.decode(blocks.reshape(-1), q8_0["id"], out, threads=2, isa=isa)
    assert_same_bits(out.reshape(270, -1), np.tile(dequantize(blocks[:1009], "Q8_0").reshape(1, -1), (270, 1)))
    assert set(room[:start]) <= {7}
    assert set(room[start + out.size :]) == {7}


@each_isa
@pytest.mark.parametrize(("name", "oracle"), [("F8_E4M3", float8_e4m3fn), ("F8_E5M2", float8_e5m2)])
def test_all_eight_bit_floats(isa, name, oracle):
    """Every code, at every place of a run."""
    (qtype,) = (qtype for qtype in TYPES if qtype["name"] == name)
    codes = np.concatenate([np.arange(256), np.arange(77)]).astype(np.uint8)
    for first in range(17):
        assert_same_bits(decode(qtype, codes[first:], isa=isa), codes[first:].view(oracle).astype(np.float32))


def test_the_ends_of_eight_bit_floats():
    codes = np.array([0x7E, 0x7F, 0xFF, 0x01, 0x80, 0x7B, 0x7C, 0xFC], np.uint8)
    assert str(gs.dequantize(codes, "f8_e4m3")) == str(
        np.array([448, np.nan, np.nan, 2**-9, -0.0, 352, 384, -384], np.float32)
    )
    assert str(gs.dequantize(codes, "F8_E5M2")) == str(
        np.array([np.nan, np.nan, np.nan, 2**-16, -0.0, 57344, np.inf, -np.inf], np.float32)
    )


@each_isa
@pytest.mark.parametrize("name", ["U32", "U64"])
def test_unsigned_integers_are_rounded_once(isa, name):
    """Half-way cases among them, which two roundings would take to the wrong neighbour."""
    (qtype,) = (qtype for qtype in TYPES if qtype["name"] == name)
    bits = 8 * qtype["bytes_per_block"]
    powers = [2**shift for shift in range(bits)]
    numbers = {power + more for power in powers for more in (-1, 0, 1, power >> 24, (power >> 24) + 1, power // 2 + 3)}
    values = np.array(sorted(number % 2**bits for number in numbers), f"<u{bits // 8}")
    assert_same_bits(decode(qtype, values.view(np.uint8), isa=isa), values.astype(np.float32))
    assert_same_bits(gs.dequantize(values, name), values.astype(np.float32))
