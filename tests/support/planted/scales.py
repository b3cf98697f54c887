"""Damage to numbers: NaN, Inf, and scales of blocks that mean neither."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from support.planted.damage import PLAIN, Expected, at_block, at_element, at_tensor, error, note, plants, warning
from support.planted.healthy import WIDTH, Healthy

# Type → where in a block its scale lies, and its minimum, both float16.
SCALE_AT = {"Q4_0": 0, "Q4_1": 0, "Q8_0": 0, "Q4_K": 0, "Q6_K": 208, "IQ4_XS": 0}
MINIMUM_AT = {"Q4_1": 2, "Q4_K": 2}
NAN_HALF, INF_HALF = b"\x00\x7e", b"\x00\xfc"
QUERY, DOWN = "blk.2.attn_q.weight", "blk.1.ffn_down_exps.weight"
PER_EXPERT = WIDTH * WIDTH


def _put_number(model: Healthy, name: str, element: int, value: float) -> None:
    blocks = model.blocks(name)
    size = blocks.shape[1]
    if model.tensor(name).kind == 30:  # BF16: the upper half of a float32
        data = struct.pack("<f", value)[2:]
    else:
        data = struct.pack({2: "<e", 4: "<f"}[size], value)
    blocks[element] = list(data)
    model.put(name, blocks)


def _put_bytes(model: Healthy, name: str, block: int, at: int, data: bytes) -> None:
    blocks = model.blocks(name)
    blocks[block, at : at + len(data)] = list(data)
    model.put(name, blocks)


def _scale_at(model: Healthy, name: str) -> int:
    size = model.block_bytes(name)
    return 208 if size == 210 else 0


@plants(*PLAIN)
def one_nan(model: Healthy) -> Sequence[Expected]:
    element = 3 * WIDTH + 17
    _put_number(model, QUERY, element, float("nan"))
    return error("nan", at_element(model, QUERY, element, count=1))


@plants(*PLAIN)
def nan_in_two_experts(model: Healthy) -> Sequence[Expected]:
    for expert in (1, 2):
        _put_number(model, DOWN, expert * PER_EXPERT + 300, float("nan"))
    return error("nan", at_element(model, DOWN, PER_EXPERT + 300, experts=[1, 2], count=2))


@plants()
def nan_in_a_norm(model: Healthy) -> Sequence[Expected]:
    name = "blk.3.ffn_norm.weight"
    _put_number(model, name, 5, float("nan"))
    return error("nan", at_element(model, name, 5, count=1))


@plants(*PLAIN)
def infinities(model: Healthy) -> Sequence[Expected]:
    for element in (WIDTH + 1, 2 * WIDTH):
        _put_number(model, QUERY, element, float("-inf"))
    return error("infinite", at_element(model, QUERY, WIDTH + 1, count=2))


@plants(*PLAIN)
def infinity_in_an_expert(model: Healthy) -> Sequence[Expected]:
    _put_number(model, DOWN, 2 * PER_EXPERT, float("inf"))
    return error("infinite", at_element(model, DOWN, 2 * PER_EXPERT, experts=[2], count=1))


@plants(*SCALE_AT)
def scale_that_is_nan(model: Healthy) -> Sequence[Expected]:
    _put_bytes(model, QUERY, 11, _scale_at(model, QUERY), NAN_HALF)
    return error("scale", at_block(model, QUERY, 11, count=model.block_elements(QUERY)))


@plants(*SCALE_AT)
def scale_that_is_infinite(model: Healthy) -> Sequence[Expected]:
    _put_bytes(model, QUERY, 40, _scale_at(model, QUERY), INF_HALF)
    return error("scale", at_block(model, QUERY, 40, count=model.block_elements(QUERY)))


@plants(*SCALE_AT)
def scales_that_are_nan_in_two_experts(model: Healthy) -> Sequence[Expected]:
    size = model.block_elements(DOWN)
    per_expert = PER_EXPERT // size
    for block in (7, 2 * per_expert + 9):
        _put_bytes(model, DOWN, block, _scale_at(model, DOWN), NAN_HALF)
    return error("scale", at_block(model, DOWN, 7, experts=[0, 2], count=2 * size))


@plants(*MINIMUM_AT)
def minimum_that_is_nan(model: Healthy) -> Sequence[Expected]:
    _put_bytes(model, QUERY, 3, 2, NAN_HALF)
    return error("scale", at_block(model, QUERY, 3, count=model.block_elements(QUERY)))


@plants("MXFP4")
def scale_byte_of_e8m0_for_nan(model: Healthy) -> Sequence[Expected]:
    block = PER_EXPERT // 32 + 4
    _put_bytes(model, DOWN, block, 0, b"\xff")
    return error("reserved-scale", at_block(model, DOWN, block, experts=[1], count=1))


@plants("NVFP4")
def scale_bytes_of_e4m3_for_nan(model: Healthy) -> Sequence[Expected]:
    _put_bytes(model, QUERY, 20, 1, b"\x7f\xff")
    return error("reserved-scale", at_block(model, QUERY, 20, count=2))


@plants("Q4_1", "Q8_0", "Q4_K")
def scale_with_a_sign(model: Healthy) -> Sequence[Expected]:
    blocks = model.blocks(QUERY)
    blocks[9, 1] |= 0x80
    model.put(QUERY, blocks)
    return warning("negative-scale", at_block(model, QUERY, 9))


@plants("Q8_0")
def scales_with_a_sign_in_an_expert(model: Healthy) -> Sequence[Expected]:
    block = PER_EXPERT // 32 + 1
    blocks = model.blocks(DOWN)
    blocks[block, 1] |= 0x80
    model.put(DOWN, blocks)
    return warning("negative-scale", at_block(model, DOWN, block, experts=[1]))


@plants("NVFP4")
def scale_byte_with_a_sign(model: Healthy) -> Sequence[Expected]:
    blocks = model.blocks(QUERY)
    blocks[5, 2] |= 0x80
    model.put(QUERY, blocks)
    return warning("negative-scale", at_block(model, QUERY, 5, count=1))


@plants("Q4_0", "Q4_1", "Q8_0", "Q4_K", "Q6_K", "IQ4_XS")
def scales_of_few_bits(model: Healthy) -> Sequence[Expected]:
    name = "blk.1.attn_v.weight"
    blocks, at = model.blocks(name), _scale_at(model, name)
    blocks[:, at : at + 2] = [0x07, 0x00]  # 7 · 2^-24
    model.put(name, blocks)
    return note("tiny-scale", at_tensor(model, name))


@plants("MXFP4")
def scale_bytes_of_e8m0_for_subnormal_numbers(model: Healthy) -> Sequence[Expected]:
    blocks = model.blocks(QUERY)
    blocks[[33, 40, 41], 0] = [0, 1, 0]
    blocks[41, 1:] = 0x80  # zeros, with and without a sign
    model.put(QUERY, blocks)
    return warning("tiny-scale", at_block(model, QUERY, 33, count=2))


@plants("F32", "BF16")
def weight_beyond_float16(model: Healthy) -> Sequence[Expected]:
    _put_number(model, QUERY, 70, 1e6)
    return warning("float16", at_element(model, QUERY, 70))


@plants("F32")
def weights_that_float16_loses(model: Healthy) -> Sequence[Expected]:
    model.put(QUERY, model.floats(QUERY) * 1e-9)
    place = at_element(model, QUERY, 0)
    return warning("float16", type(place)(tensor=QUERY, file=model.name, offset=place.offset))


@plants("NVFP4")
def factor_of_zero(model: Healthy) -> Sequence[Expected]:
    name = "blk.1.ffn_up_exps.scale"
    _put_number(model, name, 2, 0.0)
    return error("factors", at_element(model, name, 2, count=1))


@plants("NVFP4")
def factor_that_is_nan(model: Healthy) -> Sequence[Expected]:
    name = "blk.1.attn_q.scale"
    _put_number(model, name, 0, float("nan"))
    return error("nan", at_element(model, name, 0, count=1))
