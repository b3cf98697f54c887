"""The mapping: views that outlive the model, closed models, files that shrink while they are mapped."""

from __future__ import annotations

import gc
import os
import signal
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from ggufscope import _core
from support.gguf_writer import ARRAY, STRING, UINT8, Array, Gguf, Key, Tensor, small_model

MEGABYTE = 2**20


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "m.gguf"
    path.write_bytes(small_model().build())
    return path


def is_mapped(path: Path) -> bool:
    maps = Path("/proc/self/maps")
    if not maps.exists():
        pytest.skip("needs /proc")
    return str(path) in maps.read_text()


def test_views_keep_the_mapping(path: Path) -> None:
    model = _core.Model(path)
    view = model.data(0)
    expected = view.tobytes()
    part = view[1:, :2]
    model.close()
    del model, view
    gc.collect()
    assert is_mapped(path)
    assert part.tobytes() == expected[16:18] + expected[32:34]
    del part
    gc.collect()
    assert not is_mapped(path)


def test_the_file_may_be_replaced(path: Path) -> None:
    model = _core.Model(path)
    expected = model.data(0).tobytes()
    (path.parent / "new").write_bytes(b"something else")
    os.replace(path.parent / "new", path)
    assert model.data(0).tobytes() == expected
    model.decode(0, 0, np.empty((3, 4), np.float32), 1)


def test_closing(path: Path) -> None:
    model = _core.Model(path)
    tensors = model.tensors
    entries = model.metadata
    model.close()
    model.close()
    assert model.closed
    assert tensors[0].name == "token_embd.weight"
    assert entries[0].key == "general.architecture"
    out = np.empty((3, 4), np.float32)
    for use in (
        lambda: model.data(0),
        lambda: model.read(0, 0, 4),
        lambda: model.value("general.architecture"),
        lambda: model.decode(0, 0, out, 1),
        lambda: model.tensors,
        lambda: model.metadata,
        lambda: model.files,
        lambda: model.file_sizes,
        lambda: model.version,
        lambda: model.byte_order,
        lambda: model.alignment,
    ):
        with pytest.raises(ValueError, match="closed"):
            use()


def test_refused_files_stay_open_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(small_model().build()[:-70])
    before = len(os.listdir("/dev/fd"))
    for _ in range(50):
        with pytest.raises(_core.GGUFError):
            _core.Model(path)
    assert len(os.listdir("/dev/fd")) == before
    assert not is_mapped(path)


def test_many_models_at_once(path: Path) -> None:
    # More than one chunk of the table that the signal handler reads.
    models = [_core.Model(path) for _ in range(150)]
    os.truncate(path, path.stat().st_size - 1)
    for model in models:
        with pytest.raises(_core.GGUFError, match="shrank"):
            model.data(0)


def test_shrunken_file(path: Path) -> None:
    # Cut inside a page there is no fault, the bytes just read as zeros; it must be noticed all the same.
    model = _core.Model(path)
    info = model.tensors[0]
    size = path.stat().st_size - 1
    os.truncate(path, size)
    for use in (
        lambda: model.data(0),
        lambda: model.decode(0, 0, np.empty((3, 4), np.float32), 1),
        lambda: model.read(0, info.offset, 4),
        lambda: model.value("general.architecture"),
    ):
        with pytest.raises(_core.GGUFError, match=rf"m\.gguf: data, byte {size}: the file shrank"):
            use()
    with open(path, "ab") as file:
        file.write(b"\0")
    assert model.value("general.architecture") == "llama"


def test_metadata_rewritten_while_it_is_open(tmp_path: Path) -> None:
    """Others may write to a mapped file: arrays nested 200 000 deep by now must not exhaust the stack."""
    path = tmp_path / "m.gguf"
    inner = Array(UINT8, [0] * 2_400_000)
    path.write_bytes(Gguf([Key("nested", ARRAY, Array(ARRAY, [inner]))]).build())
    model = _core.Model(path)
    entry = path.read_bytes().index(struct.pack("<IQ", UINT8, 2_400_000))
    with open(path, "r+b") as file:
        file.seek(entry)
        file.write(struct.pack("<IQ", ARRAY, 1) * 200_000)
    with pytest.raises(_core.GGUFError, match=r"key 'nested', byte .*: the file was changed while it was open"):
        model.value("nested")


# Where a failure would end the process, a process of its own. `path` has 32 MB of floats behind its header.
PRELUDE = """
import os, sys, threading
import numpy as np
from ggufscope import _core
path = sys.argv[1]
model = _core.Model(path)
info = model.tensors[0]
out = np.empty(info.shape, np.float32)
def expect(use, offset=None):
    try:
        use()
    except _core.GGUFError as error:
        assert "m.gguf: data, byte" in str(error) and "the file shrank" in str(error), error
        assert offset is None or f"byte {offset}:" in str(error), error
    else:
        raise AssertionError("not noticed")
def cut(size=4096):
    os.truncate(path, size)
"""
SURVIVED = {
    "decode": "cut()\nexpect(lambda: model.decode(0, 0, out, 2))",
    "decode, again": "cut()\nfor _ in range(3): expect(lambda: model.decode(0, 0, out, 2))",
    "data": "cut()\nexpect(lambda: model.data(0))",
    "metadata": "cut(100)\nexpect(lambda: model.value('words'))",
    "bytes": "cut()\nexpect(lambda: model.read(0, 2**24, 2**20))",
    "view decoded": "v = model.data(0)\ncut()\nfor _ in range(2): expect(lambda: _core.decode(v, 0, out, 2))",
    "view decoded after closing": "v = model.data(0); model.close(); cut()\n"
    "expect(lambda: _core.decode(v, 0, out), info.offset)",
    "view observed": "v = model.data(0)\ncut()\n"
    "for _ in range(2): expect(lambda: _core.observe_buffer(v, 0, *info.shape, 2))",
    "model observed": "cut()\nexpect(lambda: _core.observe_model(model, [0], [0], 2))",
    "model cut while it is observed": "calls = []\ndef progress(*_): calls.append(cut())\n"
    "expect(lambda: _core.observe_model(model, [0], [0], 1, progress=progress))\nassert calls",
    "view dequantized": "import ggufscope as gs; v = gs.open(path).tensors['t'].data\ncut()\n"
    "expect(lambda: gs.dequantize(v, 'F32'))\nexpect(lambda: gs.summarize(v, 'F32'))",
    "profile, statistics, identity": "import ggufscope as gs; opened = gs.open(path); t = opened.tensors['t']\ncut()\n"
    "for use in (lambda: gs.profile(opened), t.statistics, t.dequantize, lambda: opened.identity): expect(use)",
    "other models": "other = _core.Model(sys.argv[2])\ncut()\nexpect(lambda: model.decode(0, 0, out, 1))\n"
    "other.decode(0, 0, out, 2)\nassert out[-1, -1] == 1",
    "under way": """
finished = threading.Event()
def work():
    def forever():
        while True: _core.decode(view, 0, out, 2)
    expect(forever)
    finished.set()
view = model.data(0)
thread = threading.Thread(target=work)
thread.start()
import time
time.sleep(0.05)
cut()
assert finished.wait(20)
thread.join()
""",
    "faulthandler on before": "import faulthandler; faulthandler.enable(); cut()\n"
    "expect(lambda: model.decode(0, 0, out, 2))",
    "faulthandler on between": "view = model.data(0); model.decode(0, 0, out, 2)\n"
    "import faulthandler; faulthandler.enable()\n"
    "cut()\nexpect(lambda: _core.decode(view, 0, out, 2))",
    "a handler in Python": "import signal; view = model.data(0)\nsignal.signal(signal.SIGBUS, lambda *_: os._exit(9))\n"
    "cut()\nexpect(lambda: _core.decode(view, 0, out, 2))",
}  # fmt: skip
# A plain access outside of any of our calls is not ours to survive, and must reach whoever cared before us.
RAW_ACCESS = "view = model.data(0)\nmodel.decode(0, 0, out, 2)\n{}\ncut()\nprint(view[-1, -1])"
KILLED = {
    "plain access": RAW_ACCESS.format(""),
    "plain access, faulthandler after": RAW_ACCESS.format("import faulthandler; faulthandler.enable()"),
    "plain access, faulthandler between": RAW_ACCESS.format(
        "import faulthandler; faulthandler.enable(); model.decode(0, 0, out, 2)"
    ),
    "plain access, after a guarded one": RAW_ACCESS.format("")
    + "\nexpect(lambda: _core.decode(view[:1], 0, out[:1]))\nprint(view[-1, -1])",
    "raised": "model.decode(0, 0, out, 1)\nimport signal; signal.raise_signal(signal.SIGBUS)",
}


def write_large(path: Path) -> None:
    values = np.zeros((8, MEGABYTE), np.float32)
    values[-1, -1] = 1
    keys = [Key("words", ARRAY, Array(STRING, [f"word {i}" for i in range(2000)]))]
    path.write_bytes(Gguf(keys=keys, tensors=[Tensor("t", values.shape, 0, values.tobytes())]).build())


def run(tmp_path: Path, script: str) -> subprocess.CompletedProcess[str]:
    for name in ("m.gguf", "other.gguf"):
        write_large(tmp_path / name)
    command = [sys.executable, "-c", PRELUDE + script, str(tmp_path / "m.gguf"), str(tmp_path / "other.gguf")]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("name", SURVIVED)
def test_file_cut_while_mapped(tmp_path: Path, name: str) -> None:
    done = run(tmp_path, SURVIVED[name])
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", KILLED)
def test_other_faults_are_not_ours(tmp_path: Path, name: str) -> None:
    done = run(tmp_path, KILLED[name])
    assert done.returncode == -signal.SIGBUS
    assert done.stderr.count("Fatal Python error: Bus error") == ("faulthandler" in name)


def test_closing_while_another_thread_decodes(tmp_path: Path) -> None:
    write_large(tmp_path / "m.gguf")
    out = np.empty((8, MEGABYTE), np.float32)
    for _ in range(10):
        out[:, 0] = out[-1, -1] = np.nan
        model = _core.Model(tmp_path / "m.gguf")
        thread = threading.Thread(target=lambda model=model: model.decode(0, 0, out, 2))
        thread.start()
        while np.isnan(out[:, 0]).all() and thread.is_alive():  # a thread that comes later finds the model closed
            time.sleep(0)
        model.close()
        thread.join()
        assert struct.pack("<f", out[-1, -1]) == struct.pack("<f", 1)
