"""Damage to what tensors hold: zeros, holes, constants, copies, gains, rows, codes, sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from support.planted.damage import (
    EVERY,
    PLAIN,
    QUANTIZED,
    Expected,
    at_block,
    at_element,
    at_tensor,
    error,
    note,
    plants,
    warning,
)
from support.planted.healthy import EXPERTS, VOCABULARY, WIDTH, Healthy

UP, VALUE, QUERY = "blk.2.ffn_up_exps.weight", "blk.1.attn_v.weight", "blk.2.attn_q.weight"
PER_EXPERT = WIDTH * WIDTH
PAGE = 4096
_STORED_ZEROS = ("Q4_0", "Q4_K", "Q6_K", "IQ4_XS", "NVFP4", "Q4_1", "Q8_0", *PLAIN)  # zero bytes that decode to zeros


def _fill(model: Healthy, name: str, begin: int, end: int, byte: int = 0) -> None:
    """Overwrite bytes of a tensor."""
    tensor = model.tensor(name)
    tensor.data = tensor.data[:begin] + bytes([byte]) * (end - begin) + tensor.data[end:]


def _first_page(model: Healthy, name: str) -> int:
    """The first byte of a tensor that begins a page of the file."""
    return -model.begin(name) % PAGE


@plants(*_STORED_ZEROS)
def matrix_of_zeros(model: Healthy) -> Sequence[Expected]:
    _fill(model, VALUE, 0, len(model.tensor(VALUE).data))
    return error("zeros", at_tensor(model, VALUE, count=WIDTH * WIDTH // 2))


@plants(*_STORED_ZEROS)
def expert_of_zeros(model: Healthy) -> Sequence[Expected]:
    size = len(model.tensor(UP).data) // EXPERTS
    _fill(model, UP, size, 2 * size)
    return error("zeros", at_element(model, UP, PER_EXPERT, experts=[1]))


@plants()
def gains_of_zeros(model: Healthy) -> Sequence[Expected]:
    name = "blk.0.attn_norm.weight"
    model.put(name, np.zeros(WIDTH, np.float32))
    return error("zeros", at_tensor(model, name, count=WIDTH))


@plants("F16", "Q8_0")
def some_rows_of_zeros(model: Healthy) -> Sequence[Expected]:
    row = len(model.tensor(QUERY).data) // WIDTH
    _fill(model, QUERY, 9 * row, 12 * row)
    return note("zero-rows", at_element(model, QUERY, 9 * WIDTH, count=3))


@plants("F16", "Q8_0")
def many_rows_of_zeros(model: Healthy) -> Sequence[Expected]:
    row = len(model.tensor(QUERY).data) // WIDTH
    for first in range(0, WIDTH, 2):
        _fill(model, QUERY, first * row, (first + 1) * row)
    return warning("zero-rows", at_element(model, QUERY, 0, count=WIDTH // 2))


@plants(*EVERY)
def hole_of_pages(model: Healthy) -> Sequence[Expected]:
    begin = _first_page(model, QUERY)
    _fill(model, QUERY, begin, begin + 2 * PAGE)
    begin = _first_zero(model, QUERY, begin)
    return error("hole", _in_hole(model, QUERY, begin, _zeros_behind(model, QUERY, begin)))


@plants(*EVERY)
def hole_to_the_end_of_a_tensor(model: Healthy) -> Sequence[Expected]:
    size = len(model.tensor(QUERY).data)
    row = size // WIDTH
    pages = range(_first_page(model, QUERY), size - 3000, PAGE)
    begin = [page for page in pages if page % row > 8][-1]  # rows of zeros may begin where rows do
    _fill(model, QUERY, begin, size)
    begin = _first_zero(model, QUERY, begin)
    return error("hole", _in_hole(model, QUERY, begin, size - begin))


@plants(*EVERY)
def hole_in_an_expert(model: Healthy) -> Sequence[Expected]:
    begin = _first_page(model, UP) + len(model.tensor(UP).data) // 3 // PAGE * PAGE + PAGE
    _fill(model, UP, begin, begin + PAGE)
    begin = _first_zero(model, UP, begin)
    return error("hole", _in_hole(model, UP, begin, _zeros_behind(model, UP, begin)))


@plants("Q4_0", "F16", "F32")
def run_of_zero_blocks(model: Healthy) -> Sequence[Expected]:
    size = model.block_bytes(QUERY)
    begin = -(-(_first_page(model, QUERY) + 1000) // size) * size
    end = begin + -(-2500 // size) * size
    _fill(model, QUERY, begin, end)
    begin = _first_zero(model, QUERY, begin)
    return warning("hole", _in_hole(model, QUERY, begin, _zeros_behind(model, QUERY, begin)))


def _first_zero(model: Healthy, name: str, at: int) -> int:
    """The first of the zero bytes around one: healthy ones may stand in front of a hole."""
    data = model.tensor(name).data
    while at > 0 and data[at - 1] == 0:
        at -= 1
    return at


def _zeros_behind(model: Healthy, name: str, at: int) -> int:
    data = model.tensor(name).data[at:]
    return len(data) - len(data.lstrip(b"\x00"))


def _in_hole(model: Healthy, name: str, begin: int, size: int):
    block = -(-begin // model.block_bytes(name))
    return replace(at_block(model, name, block, count=size), offset=model.begin(name) + begin)


@plants(*EVERY)
def matrix_of_one_number(model: Healthy) -> Sequence[Expected]:
    blocks = model.blocks(VALUE)
    blocks[:] = _constant_block(model, blocks.shape[1])
    model.put(VALUE, blocks)
    return error("constant", at_tensor(model, VALUE))


@plants("F32", "BF16", "Q8_0", "Q4_0")
def expert_of_one_number(model: Healthy) -> Sequence[Expected]:
    blocks = model.blocks(UP)
    per_expert = len(blocks) // EXPERTS
    blocks[2 * per_expert :] = _constant_block(model, blocks.shape[1])
    model.put(UP, blocks)
    return error("constant", at_element(model, UP, 2 * PER_EXPERT, experts=[2]))


def _constant_block(model: Healthy, size: int) -> list[int]:
    """Bytes of a block whose weights are all alike: equal codes, and a scale that is an ordinary number."""
    block = [0x33] * size
    if size == 34:  # Q8_0
        return [0x00, 0x20, *[5] * 32]
    if size == 144:  # Q4_K: equal scales and minima of all sub-blocks
        return [0x00, 0x20, 0x00, 0x00, *[1] * 8, *[0x11] * 4, *[0x22] * 128]
    if size == 136:  # IQ4_XS: d, then scales
        return [0x00, 0x20, 0xAA, 0xAA, *[0x11] * 4, *[0x33] * 128]
    if size == 20:  # Q4_1
        return [0x00, 0x20, 0x00, 0x00, *[0x22] * 16]
    if size == 210:  # Q6_K: codes, their upper bits, scales, d
        return [0] * 192 + [1] * 16 + [0x00, 0x20]
    return block


@plants(*EVERY)
def matrix_written_twice(model: Healthy) -> Sequence[Expected]:
    model.tensor("blk.3.attn_v.weight").data = model.tensor(VALUE).data
    return warning("equal-tensors", at_tensor(model, VALUE, count=2))


@plants(*QUANTIZED, "F16")
def expert_written_twice(model: Healthy) -> Sequence[Expected]:
    size = len(model.tensor(UP).data) // EXPERTS
    data = model.tensor(UP).data
    model.tensor(UP).data = data[: 2 * size] + data[:size]
    return warning("equal-tensors", at_element(model, UP, 0, experts=[0, 2], count=2))


@plants("Q8_0")
def layer_written_twice(model: Healthy) -> Sequence[Expected]:
    for tensor in model.file.tensors:
        if str(tensor.name).startswith("blk.3."):
            tensor.data = model.tensor(str(tensor.name).replace("blk.3.", "blk.1.")).data
    first = next(str(tensor.name) for tensor in model.file.tensors if str(tensor.name).startswith("blk.3."))
    return warning("equal-tensors", at_tensor(model, first, count=1))


@plants()
def layers_that_a_merge_copied(model: Healthy) -> Sequence[Expected]:
    for tensor in model.file.tensors:
        name = str(tensor.name)
        if name.startswith(("blk.2.", "blk.3.")):
            tensor.data = model.tensor(f"blk.{int(name[4]) - 2}{name[5:]}").data
    first = next(str(tensor.name) for tensor in model.file.tensors if str(tensor.name).startswith("blk.2."))
    return note("equal-tensors", at_tensor(model, first, count=2))


@plants()
def output_that_is_a_copy_of_the_embedding(model: Healthy) -> Sequence[Expected]:
    model.tensor("output.weight").data = model.tensor("token_embd.weight").data
    return note("equal-tensors", at_tensor(model, "token_embd.weight", count=2))


@plants()
def gains_without_their_one(model: Healthy) -> Sequence[Expected]:
    """Gains as a converter leaves them that did not add the 1 of the original."""
    counts = {}
    for layer in range(4):
        name = f"blk.{layer}.attn_norm.weight"
        gains = model.floats(name) - 1
        model.put(name, gains)
        counts[name] = np.flatnonzero(gains <= 0)
    most = max(counts, key=lambda name: len(counts[name]))
    count = sum(map(len, counts.values()))
    return warning("norm-gains", at_element(model, most, int(counts[most][0]), count=count))


@plants()
def gains_that_vanish(model: Healthy) -> Sequence[Expected]:
    name = "blk.1.ffn_norm.weight"
    model.put(name, model.floats(name) * np.float32(1e-6))
    return warning("norm-gains", at_tensor(model, name))


@plants()
def a_few_negative_gains(model: Healthy) -> Sequence[Expected]:
    name = "blk.1.ffn_norm.weight"
    gains = model.floats(name)
    gains[[8, 90]] *= -1
    model.put(name, gains)
    return note("norm-gains", at_element(model, name, 8, count=2))


@plants(*EVERY)
def unused_rows_of_the_embedding(model: Healthy) -> Sequence[Expected]:
    name = "token_embd.weight"
    row = len(model.tensor(name).data) // VOCABULARY
    data = model.tensor(name).data
    model.tensor(name).data = data[: 280 * row] + 20 * data[280 * row : 281 * row]
    return note("embedding-rows", at_element(model, name, 280 * WIDTH, count=20))


@plants()
def rows_of_the_embedding_that_were_never_trained(model: Healthy) -> Sequence[Expected]:
    name = "token_embd.weight"
    rows = model.floats(name)
    rows[[30, 200, 201]] *= np.float32(0.01)
    model.put(name, rows)
    return note("embedding-rows", at_element(model, name, 30 * WIDTH, count=3))


@plants("F16")
def embedding_of_which_most_is_unused(model: Healthy) -> Sequence[Expected]:
    name = "token_embd.weight"
    row = len(model.tensor(name).data) // VOCABULARY
    data = model.tensor(name).data
    model.tensor(name).data = data[: 100 * row] + 200 * data[100 * row : 101 * row]
    return warning("embedding-rows", at_element(model, name, 100 * WIDTH, count=200))


@plants("Q8_0")
def codes_that_saturate(model: Healthy) -> Sequence[Expected]:
    """A scale eight times too small, behind which a quantizer cut weights off."""
    blocks = model.blocks(VALUE)
    codes = blocks[:, 2:].view(np.int8).astype(np.int16) * 8
    blocks[:, 2:] = np.clip(codes, -127, 127).astype(np.int8).view(np.uint8)
    model.put(VALUE, blocks)
    return warning("codes", at_tensor(model, VALUE))


@plants("Q4_0", "Q4_1", "Q8_0")
def codes_that_are_nearly_all_alike(model: Healthy) -> Sequence[Expected]:
    blocks = model.blocks(VALUE)
    head = {18: 2, 20: 4, 34: 2}[blocks.shape[1]]
    blocks[:-3, head:] = 0x22
    model.put(VALUE, blocks)
    return warning("codes", at_tensor(model, VALUE))


@plants(*PLAIN)
def row_far_out(model: Healthy) -> Sequence[Expected]:
    model_bytes = model.blocks(QUERY)
    values = {"f": np.float32, "e": np.float16}
    size = model_bytes.shape[1]
    row = slice(33 * WIDTH, 34 * WIDTH)
    if size == 4:
        model_bytes[row] = (model_bytes[row].view(values["f"]) * np.float32(200)).view(np.uint8)
    elif model.tensor(QUERY).kind == 1:
        model_bytes[row] = (model_bytes[row].view(values["e"]) * np.float16(200)).view(np.uint8)
    else:  # BF16: eight steps of the exponent
        words = model_bytes[row].view(np.uint16)
        model_bytes[row] = (words + np.uint16(8 << 7)).view(np.uint8)
    model.put(QUERY, model_bytes)
    return note("outlier-rows", at_element(model, QUERY, 33 * WIDTH))


@plants("F32", layers=9)
def layer_without_its_scale(model: Healthy) -> Sequence[Expected]:
    name = "blk.4.attn_v.weight"
    model.put(name, model.floats(name) * np.float32(20))
    return note("depth", at_tensor(model, name))
