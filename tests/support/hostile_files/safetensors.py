"""Safetensors files that lie, or that are dear to read: a head, and the data that it claims, or some of it."""

from __future__ import annotations

import struct

from support.hostile_files.hostile_file import HostileFiles, refused

_FIELDS = '"dtype":"F32","shape":[1],"data_offsets":[0,4]'
_ONE = '{"w":{' + _FIELDS + "}}"


def head_of(header: str | bytes, length: int | None = None) -> bytes:
    """The length of a header, true or claimed, and the header."""
    text = header.encode() if isinstance(header, str) else header
    return struct.pack("<Q", len(text) if length is None else length) + text


def _tensor(shape: str, begin: int, end: int, dtype: str = "U8") -> str:
    return f'{{"dtype":"{dtype}","shape":{shape},"data_offsets":[{begin},{end}]}}'


def _two(first: str, second: str) -> str:
    return f'{{"a":{first},"b":{second}}}'


SAFETENSORS: HostileFiles = {
    # The length
    "ends_inside_the_length": refused(b"\2\0\0\0", "ends inside its length: 8 bytes needed, 4 there"),
    "length_beyond_the_file": refused(head_of(_ONE, 10_000), "the file ends inside it: 10000 bytes needed"),
    "length_beyond_the_limit": refused(head_of(_ONE, 100_000_001), "100000000 are allowed"),
    "length_of_all_bits": refused(head_of(_ONE, 2**64 - 1), "claims 18446744073709551615 bytes"),
    "length_that_cuts_the_header": refused(head_of(_ONE, len(_ONE) - 1), "expected ',' or '}'"),
    "no_header": refused(head_of(""), "expected '{' at the start"),
    # The JSON
    "header_of_zeros": refused(head_of(bytes(64)), "expected '{' at the start"),
    "header_of_an_array": refused(head_of("[" + _ONE + "]"), "expected '{' at the start"),
    "header_that_is_not_utf8": refused(head_of(_ONE.encode().replace(b"w", b"\xff")), "byte 10: it is not valid UTF-8"),
    "text_behind_the_header": refused(head_of(_ONE + "{}") + bytes(4), "something behind the end"),
    "nested_without_end": refused(head_of('{"w":{"x":' + "[" * 200_000), "nested too deeply"),
    "nested_objects": refused(head_of('{"w":{"x":' + '{"":' * 200_000), "nested too deeply"),
    "string_without_end": refused(head_of('{"' + "w" * 4000), "the header ends inside a string"),
    "half_a_surrogate_pair": refused(head_of(_ONE.replace("w", "\\ud800")), "half a surrogate pair"),
    "number_of_a_million_digits": refused(head_of('{"w":{"x":' + "9" * 1_000_000 + "}}"), "a number out of range"),
    "number_of_a_huge_exponent": refused(head_of('{"w":{"x":1e99999999999999999999}}'), "a number out of range"),
    "terminal_codes_in_a_name": refused(
        head_of(_ONE.replace("w", r"\u001b[2J\u202e").replace("F32", "F33")), r"tensor '\x1b[2J\u202e'"
    ),
    # Fields
    "dtype_twice": refused(head_of('{"w":{"dtype":"U8",' + _FIELDS + "}}") + bytes(4), "'dtype' occurs twice"),
    "dtype_of_nobody": refused(head_of(_ONE.replace("F32", "Q4_0")), "dtype 'Q4_0' is unknown"),
    "dtype_not_decoded": refused(
        head_of('{"w":' + _tensor("[2]", 0, 1, "F4") + "}") + b"\0", "dtype F4 cannot be decoded"
    ),
    "metadata_twice": refused(head_of('{"__metadata__":{},"__metadata__":{}}'), "there are two of it"),
    "metadata_of_objects": refused(head_of('{"__metadata__":{"a":{"b":"c"}}}'), "expected the value of a metadata key"),
    "negative_dimension": refused(head_of(_ONE.replace("[1]", "[-1]")), "a whole number of 64 bits"),
    "dimension_of_65_bits": refused(head_of(_ONE.replace("[1]", "[18446744073709551616]")), "whole number of 64 bits"),
    "dimensions_without_end": refused(
        head_of('{"w":{"shape":[' + "1," * 500_000 + "1]}}"), "more than 64 dimensions"
    ),
    "product_overflows_to_zero": refused(
        head_of('{"w":' + _tensor("[4294967296,4294967296]", 0, 0) + "}"), "does not fit into 64 bits"
    ),
    "bits_overflow_to_zero": refused(
        head_of('{"w":' + _tensor("[2305843009213693952]", 0, 0) + "}"), "does not fit into 64 bits"
    ),
    # Where data lies
    "offsets_beyond_the_file": refused(
        head_of('{"w":' + _tensor("[1000000000000]", 0, 10**12) + "}"), "1000000000000 are missing"
    ),
    "offsets_backwards": refused(head_of('{"w":' + _tensor("[0]", 4, 0) + "}") + bytes(4), "before it begins"),
    "offsets_that_wrap": refused(
        head_of('{"w":' + _tensor("[8]", 2**64 - 4, 4) + "}") + bytes(4), "ends at 4, before it begins"
    ),
    "shape_larger_than_its_data": refused(head_of('{"w":' + _tensor("[1000]", 0, 4) + "}") + bytes(4), "need 1000"),
    "overlapping_tensors": refused(
        head_of(_two(_tensor("[4]", 0, 4), _tensor("[4]", 2, 6))) + bytes(6), "its data begins at 2 of"
    ),
    "one_byte_for_two_tensors": refused(head_of(_two(_tensor("[1]", 0, 1), _tensor("[1]", 0, 1))) + b"\0", "inside of"),
    "hole_between_tensors": refused(
        head_of(_two(_tensor("[2]", 0, 2), _tensor("[2]", 4, 6))) + bytes(6), "behind a gap from 2"
    ),
    "hidden_bytes_at_the_end": refused(head_of(_ONE) + bytes(4000), "3996 bytes at the end of the file belong to no"),
    "data_cut_off": refused(head_of(_ONE) + bytes(3), "1 are missing, as after an incomplete download"),
}  # fmt: skip
