"""Headers of the answer to a ranged request: which bytes follow, of how many, of which version of the file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_CONTENT_RANGE = re.compile(r"bytes\s+(\d{1,19})-(\d{1,19})/(\d{1,19})", re.ASCII)
_EMPTY = re.compile(r"bytes\s+\*/(\d{1,19})", re.ASCII)


@dataclass(frozen=True)
class Answer:
    """Bytes that follow.

    Attributes:
        begin: position of the first in the file.
        size: how many follow.
        file_size: bytes of the whole file.
    """

    begin: int
    size: int
    file_size: int


class WrongAnswerError(Exception):
    """An answer that contradicts itself or the request; the message says how."""


def read_answer(status: int, headers: Mapping[str, str], offset: int, size: int) -> Answer:
    """Read from the headers of an answer to a ranged request, of status 206, 200 or 416, which bytes follow.

    Raises:
        WrongAnswerError: The server sends no ranges, or not this one.
    """
    length = _length(headers)
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        raise WrongAnswerError(f"the server sends the bytes encoded as {encoding[:40]!r}, which it was asked not to do")
    if status == 416:
        whole = _EMPTY.fullmatch(headers.get("content-range", "").strip())
        ends = f", it says, at {whole[1]}" if whole is not None else ""
        raise WrongAnswerError(f"the file ends before byte {offset}{ends} (status 416)")
    if status == 200:
        if offset == 0 and length is not None and length <= size:
            return Answer(0, length, length)  # all of a small file
        raise WrongAnswerError("the server sends no ranges (status 200 in place of 206), and files are read by ranges")
    text = headers.get("content-range", "").strip()
    match = _CONTENT_RANGE.fullmatch(text)
    if match is None:
        raise WrongAnswerError(f"the server sends status 206 with the Content-Range {text[:80]!r}")
    first, last, file_size = (int(number) for number in match.groups())
    wrong = first != offset or not first <= last < min(offset + size, file_size)
    if wrong or (length is not None and length != last - first + 1):
        raise WrongAnswerError(
            f"the server was asked for bytes {offset}-{offset + size - 1} and sends {text}, Content-Length {length}"
        )
    return Answer(first, last - first + 1, file_size)


def _length(headers: Mapping[str, str]) -> int | None:
    text = headers.get("content-length", "").strip()
    return int(text) if re.fullmatch(r"[0-9]{1,19}", text) else None
