"""Keys and values that lie about their lengths and types."""

from __future__ import annotations

import struct

from support.gguf_writer import ARRAY, BOOL, FLOAT32, INT32, STRING, UINT8, UINT32, UINT64, Array, Gguf, Key, Raw
from support.hostile_files.hostile_file import HostileFiles, refused
from support.hostile_files.parts import aligned, array, key, nested

_KEY_TWICE = Gguf(keys=[Key("a", UINT8, 1), Key("b", UINT8, 1), Key("a", STRING, "x")])
_IN_43_BYTES = b"GGUF" + struct.pack("<IQQQ2sIIQ", 3, 0, 1, 2, b"kk", ARRAY, UINT8, 2**63)[:39]

METADATA: HostileFiles = {
    "key_beyond_file": refused(key("k" * 40, name_length=4000), "metadata, byte 32: the file ends inside a key"),
    "key_of_2_63_bytes": refused(key("k" * 20, name_length=2**63), "byte 24: key of 9223372036854775808 bytes"),
    "key_of_65_536_bytes": refused(key("k" * 65536), "byte 24: key of 65536 bytes"),
    "key_empty": refused(key("", UINT64), "byte 24: empty key"),
    "key_twice": refused(_KEY_TWICE.build(), "key 'a', byte 65: the key occurs twice"),
    "key_not_utf_8": refused(key(b"a\xff"), r"byte 24: key 'a\xff' is not valid UTF-8"),
    "key_of_overlong_utf_8": refused(key(b"\xc0\xaf"), "is not valid UTF-8"),
    "key_of_a_surrogate": refused(key(b"\xed\xa0\x80"), "is not valid UTF-8"),
    "key_beyond_unicode": refused(key(b"\xf4\x90\x80\x80"), "is not valid UTF-8"),
    "value_type_unknown": refused(key("k", 13, Raw(bytes(8))), "key 'k', byte 33: unknown value type 13"),
    "value_cut": refused(key("k", UINT64, Raw(bytes(7))), "key 'k', byte 37: the file ends inside a value"),
    "element_type_unknown": refused(array(99, 0), "key 'k', byte 37: unknown value type 99"),
    "arrays_nested_without_bound": refused(nested(8), "key 'k', byte 133: arrays nested deeper than 8"),
    "array_count_2_63_in_43_bytes": refused(_IN_43_BYTES, "the file ends inside"),
    "array_of_2_63_bytes": refused(array(UINT8, 2**63), "key 'k', byte 41: array of 9223372036854775808 elements"),
    "array_of_2_61_doubles_wrapping_to_0": refused(array(12, 2**61), "array of 2305843009213693952 elements (float64)"),
    "array_of_2_61_strings": refused(array(STRING, 2**61 + 1, bytes(8)), "elements (string)"),
    "array_of_2_62_arrays": refused(array(ARRAY, 2**62, bytes(12)), "elements (array)"),
    "array_one_byte_short": refused(
        array(UINT32, 2, bytes(7)), "array of 2 elements (uint32) in a file with 7 bytes left"
    ),
    "strings_one_byte_short": refused(array(STRING, 2, struct.pack("<Q", 8) + bytes(15)), "inside an array of strings"),
    "string_of_2_63_bytes": refused(key("k", STRING, Raw(struct.pack("<Q", 2**63))), "key 'k', byte 45: the file ends"),
    "alignment_0": refused(aligned(0), "key 'general.alignment', byte 57: alignment 0 is not a power of two"),
    "alignment_48": refused(aligned(48), "alignment 48 is not a power of two"),
    "alignment_2_31": refused(aligned(2**31), "alignment 2147483648 is absurd"),
    "alignment_as_uint64": refused(aligned(32, UINT64), "the alignment must be uint32, not uint64"),
    "alignment_as_int32": refused(aligned(32, INT32), "the alignment must be uint32, not int32"),
    "alignment_as_float32": refused(aligned(32.0, FLOAT32), "the alignment must be uint32, not float32"),
    "alignment_as_bool": refused(aligned(True, BOOL), "the alignment must be uint32, not bool"),
    "alignment_as_text": refused(aligned("32", STRING), "the alignment must be uint32, not string"),
    "alignment_as_array": refused(
        aligned(Array(UINT32, [32]), ARRAY), "the alignment must be uint32, not array[uint32]"
    ),
}
