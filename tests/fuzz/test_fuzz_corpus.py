"""Seeds of the fuzz targets: each target has some, blocks are of every type, files are sound ones and bad ones."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

import ggufscope as gs
from support.format_registry import GGML_TYPES
from support.fuzz_corpus import CORPORA, LONGEST, TYPES, write_corpus
from support.hostile_files import HOSTILE_FILES

TARGETS = Path(__file__).parent / "targets"


def test_every_target_has_seeds_and_all_seeds_a_target() -> None:
    assert sorted(CORPORA) == sorted(path.stem for path in TARGETS.glob("*.cpp"))


@pytest.mark.parametrize("target", CORPORA)
def test_seeds_are_written_each_its_own_and_short(target: str, tmp_path: Path) -> None:
    n = write_corpus(target, tmp_path / target)
    files = list((tmp_path / target).iterdir())
    assert len(files) == n == len(CORPORA[target]()) > 0
    assert all(0 < path.stat().st_size <= LONGEST for path in files)
    assert len({path.read_bytes() for path in files}) > n * 0.9


@pytest.mark.parametrize(("target", "places"), [("statistics", (0,)), ("pairs", (0, 1)), ("products", (0, 1))])
def test_blocks_are_of_every_type(target: str, places: tuple[int, ...]) -> None:
    seeds = CORPORA[target]().values()
    for place in places:
        assert {seed[place] for seed in seeds} == set(range(len(TYPES)))


def test_statistics_are_taken_in_every_way() -> None:
    how = [seed[4] for seed in CORPORA["statistics"]().values()]
    for bit in range(7):
        assert 0 < sum(each >> bit & 1 for each in how) < len(how)


def test_files_are_read_or_refused(tmp_path: Path) -> None:
    read, refused = set(), set()
    for name, data in CORPORA["reader"]().items():
        path = tmp_path / "m.gguf"
        path.write_bytes(data)
        try:
            gs.open(path).close()
            read.add(name)
        except gs.GGUFError:
            refused.add(name)
    assert {f"type-{described['name']}" for described in GGML_TYPES} <= read
    assert {f"big-endian-{described['name']}" for described in GGML_TYPES if described["big_endian"]} <= read
    assert len(refused & set(HOSTILE_FILES)) > 50


def opens(seed: bytes, directory: Path) -> bool:
    """Whether a model in several files can be opened by its first."""
    n = seed[0] + 1
    sizes = struct.unpack_from(f"<{n}H", seed, 1)
    paths, begin = [], 1 + 2 * n
    for number, size in enumerate(sizes, 1):
        paths.append(directory / f"model-{number:05}-of-{n:05}.gguf")
        paths[-1].write_bytes(seed[begin : begin + size])
        begin += size
    try:
        gs.open(paths[0]).close()
    except gs.GGUFError:
        return False
    return True


@pytest.mark.parametrize("name", CORPORA["shards"]())
def test_shards_are_sound_or_lie(name: str, tmp_path: Path) -> None:
    sound = {"one", "one-of-one", "two", "four", "big-endian", "strangers"}
    assert opens(CORPORA["shards"]()[name], tmp_path) == (name in sound)
