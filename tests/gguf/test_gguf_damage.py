"""Damaged files: cut anywhere, changed anywhere. Each opens as a valid model or ends in GGUFError, quickly."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ggufscope import _core
from support.format_registry import GGML_TYPES
from support.gguf_writer import UINT16, Gguf, Key, Tensor, small_model
from support.hostile_files import HOSTILE_FILES, write_file
from support.hostile_files.claims import CLAIMS

SECONDS = 1.0
MEGABYTES = 100
DISTURBING = ("Cc", "Cf", "Zl", "Zp")


class Target:
    """A file whose content changes often; truncating it to nothing each time would cost milliseconds."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "m.gguf"
        self.file = self.path.open("w+b", buffering=0)
        self.size = 0

    def exercise(self, content: bytes) -> bool:
        os.pwrite(self.file.fileno(), content, 0)
        if len(content) < self.size:
            self.file.truncate(len(content))
        self.size = len(content)
        return exercise(self.path)


def exercise(path: Path) -> bool:
    """Opens a file and reads all there is; False when it was refused. Any other exception is a failure."""
    start = time.process_time()
    try:
        model = _core.Model(path)
        for entry in model.metadata:
            model.value(entry.key)
        for index, info in enumerate(model.tensors):
            assert model.data(index).nbytes == info.n_bytes
            out = np.empty(info.shape, np.float32)
            model.decode(index, 0, out, 1)
    except _core.GGUFError as error:
        if any(unicodedata.category(character) in DISTURBING for character in str(error)):
            pytest.fail(f"not one clear line: {error!r}")
        return False
    finally:
        assert time.process_time() - start < SECONDS
    return True


def peak_memory() -> float:
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / 2**20


@pytest.fixture(autouse=True)
def bounded_memory() -> Iterator[None]:
    before = peak_memory()
    yield
    assert peak_memory() - before < MEGABYTES


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    target = Target(tmp_path)
    yield target
    target.file.close()


@pytest.fixture(params=["<", ">"], ids=["little", "big"])
def source(request: pytest.FixtureRequest) -> Gguf:
    return small_model(request.param)


def test_cut_at_every_byte(target: Target, source: Gguf) -> None:
    whole = source.build()
    needed = source.pad(len(source.header())) + source.offsets()[-1] + len(source.tensors[-1].data)
    for size in range(len(whole), -1, -1):
        assert target.exercise(whole[:size]) == (size >= needed), size


def test_every_byte_changed(target: Target, source: Gguf) -> None:
    whole = source.build()
    accepted = refused = 0
    for at in range(len(whole)):
        for value in {whole[at] ^ bit for bit in (1, 0x10, 0x80)} | {0, 0x7F, 0xFF} - {whole[at]}:
            if target.exercise(whole[:at] + bytes([value]) + whole[at + 1 :]):
                accepted += 1
            else:
                refused += 1
    assert accepted > 1000
    assert refused > 1000


@pytest.mark.parametrize("value", [0, 2**31 - 1, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1], ids=hex)
def test_every_word_overwritten(target: Target, source: Gguf, value: int) -> None:
    whole = source.build()
    for at in range(4, len(source.header())):
        for word in (source.pack("I", value & 0xFFFFFFFF), source.pack("Q", value)):
            target.exercise(whole[:at] + word + whole[at + len(word) :])


@pytest.mark.parametrize("type_", GGML_TYPES, ids=lambda t: t["name"])
def test_random_blocks_of_every_type(target: Target, type_: _core.TypeDescription) -> None:
    size = 64 * type_["bytes_per_block"]
    data = np.random.default_rng(1).integers(0, 256, size, np.uint8).tobytes()
    tensor = Tensor("t", (8, 8 * type_["elements_per_block"]), type_["id"], data)
    assert target.exercise(Gguf(tensors=[tensor]).build())


@settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    edits=st.lists(
        st.tuples(st.integers(0, 2**20), st.integers(0, 12), st.binary(max_size=12)), min_size=1, max_size=6
    ),
    order=st.sampled_from("<>"),
)
def test_random_edits(target: Target, edits: list[tuple[int, int, bytes]], order: str) -> None:
    # Each edit replaces some bytes by others, so that everything behind them shifts.
    data = bytearray(small_model(order).build())
    for at, removed, inserted in edits:
        start = at % (len(data) + 1)
        data[start : start + removed] = inserted
    target.exercise(bytes(data))


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tail=st.binary(max_size=300), n_tensors=st.integers(0, 4), n_keys=st.integers(0, 4))
def test_random_bytes_behind_a_header(target: Target, tail: bytes, n_tensors: int, n_keys: int) -> None:
    header = Gguf(n_tensors=n_tensors, n_keys=n_keys).build()
    target.exercise(header + tail)


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=100))
def test_random_bytes(target: Target, content: bytes) -> None:
    assert not target.exercise(content)


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(24, 200), value=st.integers(0, 255))
def test_damaged_shard(tmp_path: Path, at: int, value: int) -> None:
    for number in range(2):
        keys = [Key("split.no", UINT16, number), Key("split.count", UINT16, 2)]
        content = bytearray(Gguf(keys=keys, tensors=[Tensor(f"t{number}", (4,), 0, bytes(16))]).build())
        if number == 1:
            content[at % len(content)] = value
        (tmp_path / f"m-0000{number + 1}-of-00002.gguf").write_bytes(content)
    exercise(tmp_path / "m-00001-of-00002.gguf")


# Files that are small on disk and claim to be large, each in a process of its own to see its memory.
MEASURE = """
import resource, sys, time
from ggufscope import _core
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.process_time()
try:
    model = _core.Model(sys.argv[1])
    outcome = f"{len(model.tensors)} tensors"
except _core.GGUFError as error:
    outcome = str(error)
print(time.process_time() - start)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / (2**20 if sys.platform == "darwin" else 2**10))
print(outcome)
"""

LARGE = ["array_count_2_63_in_43_bytes", *CLAIMS]


@pytest.mark.parametrize("name", LARGE)
def test_large_claims_are_cheap(tmp_path: Path, name: str) -> None:
    try:
        path = write_file(tmp_path / "m.gguf", HOSTILE_FILES[name])
    except OSError:
        pytest.skip("the file system has no sparse files of this size")
    command = [sys.executable, "-c", MEASURE, path]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert float(lines[0]) < SECONDS
    assert float(lines[1]) < MEGABYTES
    assert len(lines) == 3
