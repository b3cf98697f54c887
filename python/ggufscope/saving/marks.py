"""Marks by which ggufscope knows the files that it wrote, whatever they are called.

Other programs do not write them: the schema that JSON names first, the tool that SARIF names, a comment of pages,
Markdown and charts, an entry in the metadata of pictures, Parquet files and made-up models, the names of stored
activations, or of a table's columns.
"""

from __future__ import annotations

import contextlib
import re
import struct
import zlib
from pathlib import Path, PurePath

from .._core import GGUFError
from .._core import Model as CoreModel
from ..errors import OutputError
from ..models.magic import GGUF_MAGIC, SYNTHETIC_KEY

COMMENT = "<!-- ggufscope"
CHART_COMMENT = f"{COMMENT} chart -->"
PAGE_COMMENT = f"{COMMENT} report -->"

_GGUF_HEADER_BYTES = 24  # magic, version, numbers of tensors and keys
_GGUF_BOOL, _GGUF_STRING = 7, 8
_GGUF_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, _GGUF_BOOL: 1, 10: 8, 11: 8, 12: 8}
_PARQUET_MAGIC = b"PAR1"
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_HEADER_BYTES = 33  # signature and IHDR, after which other chunks may stand
_PNG_TEXT = b"Software\0ggufscope"
_ZIP_MAGIC = b"PK\x03\x04"
_ZIP_NAME_AT = 30  # the name of the first member stands behind its header of fixed size
_HEAD_BYTES, _TAIL_BYTES = 1 << 10, 1 << 18

_TEXT = re.compile(
    rb'\A\s*\{\s*"schema"\s*:\s*"ggufscope\.[a-z]+/'
    rb'|\A\s*\{\s*"\$schema"\s*:\s*"[^"]*/sarif-[^"]*"[^\]]{0,200}"driver"\s*:\s*\{\s*"name"\s*:\s*"ggufscope"'
    rb"|\A# ggufscope weights"
    rb"|^[ \t]*<!-- ggufscope [a-z]+ -->",
    re.MULTILINE,
)
_ACTIVATIONS = re.compile(rb"prompt\d+/layer\d+/[a-z_]+(?:/from_head\d+)?\.npy")
_TABLES = {  # columns are a weak mark, so that the name of the file has to fit
    "tensors.csv": b"name,role,layer,stack,expert,type,shape,n_bytes,",
    "layers.csv": b"layer,stack,",
    "heads.csv": b"layer,role,head,",
    "standouts.csv": b"kind,layer,head,",
    "models.csv": b"model,file_type,n_bytes,bits_per_weight,",
    "errors.csv": b"model,name,model_name,role,",
    "drifts.csv": b"model,layer,drift,drift_total,",
    "output_errors.csv": b"model,name,model_name,part,role,layer,",
    "output_error_parts.csv": b"model,name,part,kind,index,",
    "positions.csv": b"model,sequence,position,kl,",
    "changes.csv": b"name,role,layer,stack,kind,shape,reference_type,",
    "choices.csv": b"name,role,layer,shape,type,n_bytes,cost,source,",
    "mixes.csv": b"mix,kind,n_bytes,bits_per_weight,cost,",
    "shelf.csv": b"model,source,state,verdict,",
    "roles.csv": b"model,role,n_tensors,n_bytes,",
    "spectra.csv": b"name,role,layer,stack,expert,part,type,rows,",
    "head_spectra.csv": b"layer,stack,product,head,",
    "validation.csv": b"quantity,per,layer,head,unit,measured,",
}


def is_ours(path: Path) -> bool:
    """Whether a file carries a mark of ggufscope.

    Raises:
        OutputError: It is a directory, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
            if head.startswith(_PARQUET_MAGIC):  # metadata stands at the end
                file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
                return b"ggufscope" in file.read()
    except OSError as error:
        raise OutputError(error.errno, error.strerror, str(path)) from error
    if head.startswith(GGUF_MAGIC):
        return _is_synthetic(path, head)
    if head.startswith(_PNG_SIGNATURE):
        return _PNG_TEXT in head
    if head.startswith(_ZIP_MAGIC):
        return _ACTIVATIONS.match(head, _ZIP_NAME_AT) is not None
    columns = _TABLES.get(path.name)
    return _TEXT.search(head) is not None or (columns is not None and head.startswith(columns))


def _is_synthetic(path: Path, head: bytes) -> bool:
    """Whether `synth` wrote a model: its metadata say so in a key of its own, which no text of a model imitates.

    Args:
        path: a file of the model, which has to be whole, unless its own header says it, as in a shard left alone.
        head: the beginning of the file.
    """
    if _says_synthetic(head):
        return True
    try:
        model = CoreModel(path)
    except (GGUFError, OSError):
        return False
    try:
        return model.value(SYNTHETIC_KEY) is True
    except KeyError:
        return False
    finally:
        model.close()


def _says_synthetic(head: bytes) -> bool:
    """Whether the key stands among the plain values with which the header of a file begins."""
    place = _GGUF_HEADER_BYTES
    with contextlib.suppress(struct.error, OverflowError, KeyError):  # the head is over, or an array follows
        while True:
            (length,) = struct.unpack_from("<Q", head, place)
            key = head[place + 8 : place + 8 + length]
            place += 8 + length
            (kind,) = struct.unpack_from("<I", head, place)
            place += 4
            if key == SYNTHETIC_KEY.encode() and kind == _GGUF_BOOL:
                return head[place : place + 1] == b"\1"
            if kind == _GGUF_STRING:
                (length,) = struct.unpack_from("<Q", head, place)
                place += 8 + length
            else:
                place += _GGUF_SIZES[kind]
    return False


def marked(name: str, content: str | bytes) -> bytes:
    """The content of a picture with the mark of its kind.

    Args:
        name: of the file; its suffix says what it is.
        content: SVG or PNG.
    """
    data = content.encode() if isinstance(content, str) else content
    if PurePath(name).suffix == ".svg":
        return f"{CHART_COMMENT}\n".encode() + data
    return data[:_PNG_HEADER_BYTES] + _png_chunk(b"tEXt", _PNG_TEXT) + data[_PNG_HEADER_BYTES:]


def _png_chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return len(content).to_bytes(4, "big") + kind + content + checksum.to_bytes(4, "big")
