"""Hostile heads of safetensors files: refused in one line that says where, quickly and in little memory."""

from __future__ import annotations

import os
import time
import tracemalloc

import psutil
import pytest

import ggufscope as gs
from ggufscope import _core
from support.hostile_files.safetensors import SAFETENSORS, head_of


def parse(file: bytes) -> int:
    """The number of its tensors."""
    size = _core.safetensors_head_size(file[:8], len(file), "m")
    return len(_core.parse_safetensors(file[:size], len(file), "m")[0])


@pytest.mark.parametrize("name", SAFETENSORS)
def test_it_is_refused_in_one_line(name: str) -> None:
    file = SAFETENSORS[name]
    assert name.isidentifier()
    assert name == name.lower()
    start = time.process_time()
    with pytest.raises(gs.GGUFError, match=r"^m: (header|data|metadata|tensor '.*'), byte \d+: .+$") as caught:
        parse(file.build())
    assert time.process_time() - start < 1
    assert str(file.refusal) in str(caught.value)
    assert str(caught.value).isprintable()


def test_memory_is_a_small_multiple_of_the_header() -> None:
    """Of the densest headers there are: many tensors, long shapes, long strings, many names for one tensor."""
    empty = '"dtype":"U8","shape":[0],"data_offsets":[0,0]'
    dense = '"dtype":"U8","data_offsets":[0,0],"shape":[' + ",".join("0" * 64) + "]"
    headers = [
        "{" + ",".join(f'"{number:x}":{{{empty}}}' for number in range(60_000)) + "}",
        "{" + ",".join(f'"{number:x}":{{{dense}}}' for number in range(20_000)) + "}",
        "{" + ",".join(f'"":{{{empty}}}' for _ in range(60_000)) + "}",
        '{"__metadata__":{' + ",".join(f'"{number:x}":""' for number in range(300_000)) + "}}",
        '{"__metadata__":{"a":"' + r"\u00e9" * 600_000 + '"}}',
        '{"a":{"x":[' + ",".join("{}" for _ in range(1_000_000)) + "]," + empty + "}}",
    ]
    for header in headers:
        file = head_of(header)
        process = psutil.Process(os.getpid())
        before = process.memory_info().rss
        tracemalloc.start()
        parse(file)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        held = process.memory_info().rss - before
        assert max(peak, held) < 12 * len(file), header[:80]
