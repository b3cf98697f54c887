"""Headers that lie about the version or the counts."""

from __future__ import annotations

import struct

from support.gguf_writer import UINT8, Gguf, Key, Tensor
from support.hostile_files.hostile_file import HostileFiles, refused
from support.hostile_files.parts import tensor

HEADERS: HostileFiles = {
    "version_0": refused(b"GGUF" + struct.pack("<IQQ", 0, 0, 0), "byte 4: GGUF v0 is not supported"),
    "version_1": refused(b"GGUF" + struct.pack("<III", 1, 0, 0), "byte 4: GGUF v1 is not supported"),
    "version_1_big_endian": refused(b"GGUF" + struct.pack(">III", 1, 0, 0), "byte 4: GGUF v1 is not supported"),
    "version_4": refused(b"GGUF" + struct.pack("<IQQ", 4, 0, 0), "byte 4: GGUF v4 is not supported"),
    "version_of_a_million": refused(b"GGUF" + struct.pack("<IQQ", 1_000_000, 0, 0), "GGUF v1000000 is not supported"),
    "header_cut": refused(tensor()[:12], "header, byte 8: the file ends inside the header: 8 bytes needed, 4 left"),
    "tensor_count_negative": refused(Gguf(n_tensors=2**64 - 1).build(), "claims 18446744073709551615 tensors"),
    "tensor_count_beyond_file": refused(
        Gguf(tensors=[Tensor("t0", (0,))], n_tensors=3).build(), "claims 3 tensors, the 40 bytes left"
    ),
    "key_count_negative": refused(Gguf(n_keys=2**63).build(), "claims 9223372036854775808 keys"),
    "key_count_beyond_file": refused(
        Gguf(keys=[Key("k", UINT8, 1)], n_keys=3).build(), "claims 3 keys, the 14 bytes left hold 1"
    ),
}
