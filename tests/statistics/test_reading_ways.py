"""Mapped files, copied from or read in place: the same bits, the same errors, flat memory, and the choice between."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ggufscope import _core
from support.building import CXX, ROOT
from support.gguf_writer import Gguf, Tensor
from support.measuring import measured

WAYS = ["copied", "populated", "mapped"]
CHUNK = 1 << 20  # weights
TYPES = {qtype["name"]: qtype for qtype in _core.types()}
only_linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere all is copied")


def tensor_of(name: str, rows: int, columns: int, order: str = "<") -> Tensor:
    """Random blocks with finite scales, for the tables of a histogram hold what is finite."""
    qtype = TYPES[name]
    size = rows * columns // qtype["elements_per_block"] * qtype["bytes_per_block"]
    if name == "F32":
        data = np.random.default_rng(0).standard_normal(size // 4).astype(order + "f4").tobytes()
    else:
        data = np.random.default_rng(0).integers(0, 30, size, np.uint8).tobytes()
    return Tensor(f"{name}.weight", (rows, columns), qtype["id"], data)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 chunks of one kind."""
    path = tmp_path_factory.mktemp("ways") / "m.gguf"
    path.write_bytes(Gguf(tensors=[tensor_of("Q4_0", 24 * 256, CHUNK // 256)]).build())
    return path


@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
@pytest.mark.parametrize("fast", [False, True], ids=["full", "fast"])
def test_every_way_gives_the_same_bits(tmp_path: Path, order: str, fast: bool) -> None:
    """Of tensors of some chunks and of few rows, at any alignment, with heads."""
    shapes = {"Q4_K": (601, 4096), "F32": (300, 4096), "Q6_K": (3, 256), "Q8_0": (1000, 1056)}
    tensors = [tensor_of(name, *shape, order) for name, shape in shapes.items()]
    path = tmp_path / "m.gguf"
    path.write_bytes(Gguf(tensors=tensors, order=order).build())
    results = []
    for way in WAYS:
        for threads in (1, 2):
            model = _core.Model(path)
            parts = _core.observe_model(model, [0, 1, 2, 3], [50, 0, 1, 100], threads, fast, way=way)
            results.append([(part.statistics, part.heads) for part in parts])
    assert all(result == results[0] for result in results)


@pytest.mark.parametrize("way", WAYS)
def test_a_model_that_is_closed_while_it_is_read(large: Path, way: str) -> None:
    model = _core.Model(large)
    expected = _core.observe_model(model, [0], [0], 1, way=way)
    assert _core.observe_model(model, [0], [0], 2, progress=lambda *_: model.close(), way=way) == expected
    assert model.closed


def test_a_way_that_there_is_not(large: Path) -> None:
    with pytest.raises(ValueError, match="no way of reading is called 'guessed'"):
        _core.observe_model(_core.Model(large), [0], [0], 1, way="guessed")


CUT = {
    "before": "cut(8192)\n",
    "inside of the last page": "cut(os.path.getsize(path) - 1)\n",
    "meanwhile": "",
}
OBSERVE_CUT = """
import os, sys
from ggufscope import _core
path, way = sys.argv[1:]
def cut(size): os.truncate(path, size)
calls = []
def progress(*_):
    if not calls: cut(8192)
    calls.append(1)
model = _core.Model(path)
{}
try:
    _core.observe_model(model, [0], [0], 2, progress=progress, way=way)
except _core.GGUFError as error:
    print(error)
"""


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("when", CUT)
def test_a_file_that_is_cut_while_it_is_read_is_one_clear_line(
    tmp_path: Path, large: Path, way: str, when: str
) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(large.read_bytes())
    command = [sys.executable, "-c", OBSERVE_CUT.format(CUT[when]), str(path), way]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"{path}: data, byte ")
    assert done.stdout.endswith(": the file shrank while it was read\n")
    assert done.stderr == ""


@only_linux
def test_the_first_pieces_of_a_file_show_the_way(large: Path, tmp_path: Path) -> None:
    model = _core.Model(large)
    assert model.reading_ways == [None]
    expected = _core.observe_model(model, [0], [0], 1, way="copied")
    assert model.reading_ways == [None]  # nothing was tried
    assert _core.observe_model(model, [0], [0], 2) == expected
    assert model.reading_ways[0] in WAYS
    assert _core.observe_model(model, [0], [0], 2) == expected
    path = tmp_path / "small.gguf"
    path.write_bytes(Gguf(tensors=[tensor_of("Q4_0", 256, CHUNK // 256)]).build())
    small = _core.Model(path)
    _core.observe_model(small, [0], [0], 2)
    assert small.reading_ways == [None]


RESIDENT = """
from ggufscope import _core
def resident(*_):
    global peak
    status = pathlib.Path("/proc/self/status").read_text()
    peak = max(peak, int(re.search(r"RssFile:\\s+(\\d+) kB", status)[1]) << 10)
model = _core.Model(sys.argv[1])
resident()
before = peak
_core.observe_model(model, [0], [0], 2, True, progress=resident, way=sys.argv[2])
print(json.dumps(peak - before))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
@pytest.mark.parametrize("way", WAYS)
def test_pages_are_given_back(tmp_path: Path, way: str) -> None:
    """A sparse file of 512 MB, chunks of 4 MB."""
    path = tmp_path / "m.gguf"
    whole = Gguf(tensors=[Tensor("F32.weight", (128 * 256, 4096), 0, b"")])
    path.write_bytes(whole.build())
    os.truncate(path, path.stat().st_size + (512 << 20))
    assert measured(RESIDENT, path, way) < 160 << 20


TRIAL = """
#include <cstdio>
#include "gguf/reading_ways.h"
using namespace ggufscope;
// The way that is chosen where a piece takes so many nanoseconds when it is copied, populated, mapped.
const char* chosen(uint64_t copied, uint64_t populated, uint64_t mapped, int pieces, int wait_at) {
  ReadingTrial trial;
  const PieceKind kind{2, 1};
  const uint64_t times[] = {copied, populated, mapped};
  for (int i = 0; i < pieces; ++i) {
    const ReadingWay small = trial.next({3, 1}, 1000);
    const ReadingWay way = trial.next(kind, 1 << 20);
    if (!trial.chosen() && small != ReadingWay::copied) return "a small piece was tried";
    if (i == wait_at) {
      trial.add_wait();
    } else {
      // Some pieces take long for reasons of their own.
      trial.add(kind, way, times[static_cast<int>(way)] * (i % 7 == 0 ? 50 : 1));
    }
    if (trial.chosen() && way != *trial.chosen() && i > 25 && i != wait_at) return "not the chosen way";
  }
  return trial.chosen() ? name_of(*trial.chosen()) : "none";
}
int main() {
  std::printf("%s\\n%s\\n%s\\n%s\\n%s\\n%s\\n", chosen(1000, 900, 800, 30, -1), chosen(1000, 800, 900, 30, -1),
              chosen(1000, 985, 990, 30, -1), chosen(1000, 800, 900, 18, -1), chosen(1000, 900, 800, 30, 4),
              chosen(1000, 900, 800, 40, 30));
}
"""


@only_linux
def test_the_trial_takes_what_costs_least_and_copies_where_it_waits(tmp_path: Path) -> None:
    source = tmp_path / "trial.cpp"
    source.write_text(TRIAL)
    program = tmp_path / "trial"
    files = [source, ROOT / "cpp/gguf/reading_ways.cpp"]
    subprocess.run([*CXX, "-std=c++20", "-I", ROOT / "cpp", *files, "-o", program], check=True)
    printed = subprocess.run([program], capture_output=True, text=True, check=True).stdout.split("\n")
    assert printed == ["mapped", "populated", "copied", "none", "copied", "copied", ""]
