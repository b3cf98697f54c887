"""Files that are not GGUF at all, under the name of one: pages of errors, pointers, other formats."""

from __future__ import annotations

import struct

from support.gguf_writer import small_model
from support.hostile_files.hostile_file import HostileFiles, refused

_LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 4920734176\n"

FOREIGN: HostileFiles = {
    "empty_file": refused(b"", "the file is empty"),
    "two_letters_of_the_magic": refused(b"GG", "ends after 2 bytes"),
    "magic_only": refused(b"GGUF", "header, byte 4: the file ends inside the version"),
    "magic_of_another_letter": refused(b"GGUX" + small_model().build()[4:], "starts with 'GGUX' instead of 'GGUF'"),
    "magic_of_control_characters": refused(b"\x1b[2J" + bytes(60), r"starts with '\x1b[2J' instead"),
    "web_page": refused(b"\n <!DOCTYPE html><html><body>404</body></html>", "a web page (HTML)"),
    "web_page_with_a_byte_order_mark": refused(b"\xef\xbb\xbf<HTML>", "a web page (HTML)"),
    "xml_of_a_server_error": refused(b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "XML text"),
    "json_of_a_server_error": refused(b'{"error":"Invalid username or password."}', "JSON text"),
    "lfs_pointer": refused(
        _LFS, "a Git LFS pointer, not the model itself (4920734176 bytes); fetch that with 'git lfs pull'"
    ),
    "lfs_pointer_cut": refused(_LFS[:30], "a Git LFS pointer, not the model itself; fetch"),
    "ggml_of_before_gguf": refused(struct.pack("<I", 0x67676D6C) + bytes(60), "a GGML file from before GGUF"),
    "ggmf_of_before_gguf": refused(struct.pack("<I", 0x67676D66) + bytes(60), "a GGMF file from before GGUF"),
    "ggjt_of_before_gguf": refused(struct.pack("<I", 0x67676A74) + bytes(60), "a GGJT file from before GGUF"),
    "ggla_of_before_gguf": refused(struct.pack("<I", 0x67676C61) + bytes(60), "a GGLA adapter from before GGUF"),
    "zip_archive": refused(b"PK\x03\x04" + bytes(60), "a ZIP archive, such as a PyTorch checkpoint"),
    "python_pickle": refused(b"\x80\x02}q\x00." + bytes(60), "a Python pickle"),
    "safetensors": refused(struct.pack("<Q", 20) + b'{"__metadata__":{}}  ' + bytes(8), "safetensors"),
    "gzip": refused(b"\x1f\x8b\x08" + bytes(60), "compressed (gzip)"),
    "zeros": refused(bytes(5000), "its first 4096 bytes are zeros"),
}
