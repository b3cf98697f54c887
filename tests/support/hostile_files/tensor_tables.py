"""Tensor tables that lie about names, dimensions, types and places."""

from __future__ import annotations

import struct

from support.gguf_writer import Gguf, Tensor
from support.hostile_files.hostile_file import HostileFiles, refused
from support.hostile_files.parts import F32, Q4_0, tensor, tensors

_ONE = tensor()


def _floats(name: str, n: int, offset: int | None = None) -> Tensor:
    return Tensor(name, (n,), F32, bytes(4 * n), offset)


NAMES: HostileFiles = {
    "tensor_name_of_1025_bytes": refused(
        tensor(name="name." * 205), "tensor table, byte 24: name of 1025 bytes, 1024 are allowed: 'name.name."
    ),
    "tensor_name_of_2_63_bytes": refused(
        _ONE[:24] + struct.pack("<Q", 2**63) + _ONE[32:], "name of 9223372036854775808 bytes"
    ),
    "tensor_name_not_utf_8": refused(tensor(name=b"\xe9"), r"name '\xe9' is not valid UTF-8"),
    "tensor_name_twice": refused(tensors(_floats("t", 1), _floats("t", 1)), "'t', byte 160: the name occurs twice"),
    "tensor_name_empty_twice": refused(
        Gguf(tensors=[Tensor("", (0,)), Tensor("", (0,))]).build(), "the name occurs twice"
    ),
}

DIMENSIONS: HostileFiles = {
    "tensor_of_9_dimensions": refused(tensor((1,) * 9), "tensor 't', byte 33: 9 dimensions, 8 are allowed"),
    "tensor_of_2_32_dimensions": refused(tensor(n_dims=2**32 - 1), "4294967295 dimensions"),
    "dimension_negative": refused(tensor((-1,)), "tensor 't', byte 33: negative dimension"),
    "dimension_negative_beside_zero": refused(tensor((0, -64)), "negative dimension"),
    "elements_wrapping_to_0": refused(tensor((2**32, 2**32)), "does not fit into 64 bits"),
    "elements_wrapping_to_64": refused(tensor((2**58 + 1, 64)), "does not fit into 64 bits"),
    "elements_wrapping_to_0_in_eight_dimensions": refused(tensor((256,) * 8), "does not fit into 64 bits"),
    "elements_of_2_63": refused(tensor((2**31, 2**32)), "does not fit into 64 bits"),
    "elements_of_2_32_in_four_bytes": refused(tensor((2**32,)), "17179869152 bytes are missing"),
    "elements_of_2_32_plus_1_in_four_bytes": refused(tensor((2**32 + 1,)), "17179869156 bytes are missing"),
    "bytes_wrapping": refused(tensor((2**62,)), "does not fit into 64 bits"),
    "bytes_wrapping_in_blocks": refused(tensor((2**58, 32), Q4_0), "does not fit into 64 bits"),
    "bytes_of_2_60_rows_of_nothing": refused(tensor((2**60 + 1, 0)), "does not fit into 64 bits"),
    "overflow_hidden_by_a_zero_dimension": refused(tensor((2**40, 0, 2**40)), "does not fit into 64 bits"),
    "rows_not_in_whole_blocks": refused(
        tensor((2, 48), Q4_0, bytes(54)), "rows of 48 elements are not whole blocks of Q4_0"
    ),
    "scalar_of_a_block_type": refused(tensor((), Q4_0, bytes(18)), "rows of 1 elements are not whole blocks of Q4_0"),
    "tensor_type_unknown": refused(
        tensor(kind=77), "tensor 't', byte 45: type 77 (unknown): the file is damaged or newer"
    ),
    "tensor_type_of_composed_files": refused(
        tensor(kind=2**31), "tensor 't', byte 45: type 2147483648 (unknown): the file is damaged or newer"
    ),
    "tensor_type_2_32_minus_1": refused(tensor(kind=2**32 - 1), "type 4294967295 (unknown)"),
}

PLACES: HostileFiles = {
    "tensor_offset_unaligned": refused(tensor(offset=4), "data offset 4 is not a multiple of the alignment 32"),
    "tensor_offset_beyond_file": refused(
        tensor(data=b"", offset=2**40), "tensor 't', byte 1099511627840: its 4 bytes lie"
    ),
    "tensor_offset_wrapping": refused(
        tensor(data=b"", offset=2**64 - 32), "its 4 bytes lie beyond the end of the file at 64"
    ),
    "tensor_offset_of_nothing_beyond_file": refused(tensor((0,), data=b"", offset=2**40), "its 0 bytes lie beyond"),
    "tensor_sizes_whose_sum_overflows": refused(
        tensors(*(Tensor(f"t{i}", (2**60 - 16,), F32, offset=0) for i in range(5))), "lie beyond the end of the file"
    ),
    "tensor_data_one_byte_short": refused(tensor((16,), data=bytes(64))[:-1], "1 bytes are missing"),
    "tensor_data_missing": refused(Gguf(tensors=[_floats("t", 1)]).header(), "incomplete download"),
    "tensors_overlapping": refused(
        tensors(_floats("a", 16), _floats("b", 8, 32)), "tensor 'a', byte 128: overlaps tensor 'b' at byte 160"
    ),
    "tensors_overlapping_in_reverse_order": refused(
        tensors(_floats("b", 8, 32), _floats("a", 16, 0)), "tensor 'a', byte 128: overlaps tensor 'b'"
    ),
    "tensors_in_the_same_place": refused(tensors(_floats("a", 8), _floats("b", 8, 0)), "overlaps tensor"),
    "tensors_overlapping_by_one_byte": refused(
        tensors(_floats("a", 2), _floats("b", 1, 7), alignment=1), "overlaps tensor 'b'"
    ),
}
