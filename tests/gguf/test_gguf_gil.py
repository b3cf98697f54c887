"""Other threads of Python go on while pages of a mapped file are read: they may have to come from a disk."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from ggufscope import _core
from support.gguf_writer import STRING, UINT8, UINT32, Array, Gguf, Key, Raw, Tensor, small_model

LENGTH = 2**24
WORDS = 2**16


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of some megabytes of metadata and of weights, so that reading them takes milliseconds."""
    numbers = Raw(UINT8.to_bytes(4, "little") + LENGTH.to_bytes(8, "little") + bytes(LENGTH))
    words = Array(STRING, ["word"] * WORDS)
    keys = [Key("numbers", 9, numbers), Key("words", 9, words), Key("number", UINT32, 1)]
    weights = Tensor("a.weight", (LENGTH // 4096, 1024), 0, bytes(LENGTH))
    path = tmp_path_factory.mktemp("gil") / "m.gguf"
    path.write_bytes(Gguf(keys=keys, tensors=[weights]).build())
    return path


@pytest.fixture
def no_switching() -> Iterator[None]:
    """Threads change only where one gives up the lock by itself."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    yield
    sys.setswitchinterval(interval)


def lets_others_run(call: Callable[[], object]) -> bool:
    """Whether a thread that waits for the lock gets it during a call; the system may take a while to wake it."""
    asked, ran = threading.Event(), threading.Event()

    def run() -> None:
        asked.wait()
        ran.set()

    other = threading.Thread(target=run)
    other.start()
    asked.set()
    for _ in range(50):
        call()
        if ran.is_set():
            break
    released = ran.is_set()
    other.join()
    return released


@pytest.mark.usefixtures("no_switching")
def test_a_call_that_keeps_the_lock_is_seen() -> None:
    assert not lets_others_run(lambda: sum(range(10000)))


OUT = np.empty(LENGTH // 4, np.float32)
READS: dict[str, Callable[[_core.Model], object]] = {
    "open": lambda model: _core.Model(model.files[0]).close(),
    "value of numbers": lambda model: model.value("numbers"),
    "value of strings": lambda model: model.value("words"),
    "value of a scalar": lambda model: [model.value("number") for _ in range(5000)],
    "read": lambda model: model.read(0, 0, LENGTH),
    "decode": lambda model: model.decode(0, 0, OUT, 1),
}


@pytest.mark.usefixtures("no_switching")
@pytest.mark.parametrize("read", READS)
def test_reading_lets_others_run(path: Path, read: str) -> None:
    model = _core.Model(path)
    assert lets_others_run(lambda: READS[read](model))


def test_arrays_of_numbers_are_the_callers_own(path: Path) -> None:
    model = _core.Model(path)
    numbers = model.value("numbers")
    model.close()
    assert (numbers.dtype, numbers.size, numbers.flags.writeable, numbers.flags.aligned) == (
        "uint8",
        LENGTH,
        True,
        True,
    )
    numbers[:] = 1
    assert _core.Model(path).value("numbers", 3).tolist() == [0, 0, 0]


def test_bytes_of_any_size(tmp_path: Path) -> None:
    content = small_model().build()
    (tmp_path / "m.gguf").write_bytes(content)
    model = _core.Model(tmp_path / "m.gguf")
    assert [model.read(0, 3, size) for size in (0, 1, 2, 1)] == [content[3 : 3 + size] for size in (0, 1, 2, 1)]
