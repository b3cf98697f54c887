"""Importance matrices: both forms read, coverage, llama.cpp's statistics, and files that are refused."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import ggufscope as gs
from ggufscope.errors import ImportanceError
from ggufscope.models.importance import Importance, is_importance, open_importance
from ggufscope.models.importance.coverage import coverage_of
from ggufscope.models.importance.statistics import statistics_of
from support.gguf_writer import STRING, UINT32, Gguf, Key, Tensor
from support.importance_files import Entry, dat_bytes, entry, gguf_file, write_importance

if TYPE_CHECKING:
    from support.command_line import RunCommand

EXPERTS = "blk.1.ffn_down_exps.weight"
ENTRIES = {
    "blk.0.attn_q.weight": entry(1, 64, 1),
    "blk.1.attn_q.weight": entry(1, 64, 2),
    "blk.0.ffn_down_exps.weight": entry(4, 32, 3),
    EXPERTS: entry(4, 32, 4, empty=[2]),
}


@pytest.fixture(params=["i.gguf", "i.dat"])
def written(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return write_importance(tmp_path / request.param, ENTRIES)


@pytest.fixture
def model(write_gguf: Any) -> Path:
    chance = np.random.default_rng(5)
    shapes = {name: (len(each.counts), 3, each.sums.shape[1]) for name, each in ENTRIES.items()}
    tensors = {
        name: chance.standard_normal(shape if shape[0] > 1 else shape[1:], np.float32) for name, shape in shapes.items()
    }
    tensors["blk.0.attn_k.weight"] = chance.standard_normal((3, 64), np.float32)
    tensors["token_embd.weight"] = chance.standard_normal((9, 64), np.float32)
    return write_gguf(tensors, name="covered.gguf")


def read(path: Path) -> Importance:
    return open_importance(path)


def test_means_are_sums_over_counts(written: Path, model: Path) -> None:
    with read(written) as importance, gs.open(model) as opened:
        assert list(importance.sums) == list(ENTRIES)
        for name, each in ENTRIES.items():
            weights = importance.weights(opened.tensors[name])
            assert weights is not None
            assert weights.shape == each.sums.shape
            # The older form holds the means as float32, times the chunks.
            relative = 1e-15 if importance.form == "gguf" else 3e-7
            np.testing.assert_allclose(weights, np.nan_to_num(each.means(), nan=0.0), rtol=relative)
        assert importance.weights(opened.tensors["blk.0.attn_k.weight"]) is None
        assert is_importance(written)
        assert not is_importance(model)


def test_what_the_files_say_of_themselves(tmp_path: Path) -> None:
    with read(write_importance(tmp_path / "i.gguf", ENTRIES)) as importance:
        assert (importance.form, importance.chunk_count, importance.chunk_size) == ("gguf", 12, 512)
        assert importance.datasets == ["wiki.txt", "code \x1b[2J.txt"]
        assert importance.sums[EXPERTS].without_data == [2]
    with read(write_importance(tmp_path / "i.dat", ENTRIES)) as importance:
        assert (importance.form, importance.chunk_count, importance.chunk_size) == ("dat", 12, None)
        assert importance.datasets == ["wiki.txt"]


def test_what_older_and_newer_writers_leave_out_and_add(tmp_path: Path) -> None:
    path = tmp_path / "i.dat"
    path.write_bytes(dat_bytes(ENTRIES, dataset=None))
    with read(path) as importance:
        assert (importance.chunk_count, importance.datasets) == (None, [])
    path.write_bytes(dat_bytes(ENTRIES, dataset=None) + struct.pack("<i", 7))
    with read(path) as importance:
        assert (importance.chunk_count, importance.datasets) == (7, [])
    means = Tensor("blk.0.attn_q.weight.in_sum", (1, 64), 0, bytes(256))
    more = Tensor("note", (2,), 0, bytes(8))
    path.write_bytes(gguf_file(ENTRIES, chunks=None, extra=[means, more]).build())
    with read(path) as importance:
        assert (importance.chunk_count, importance.datasets, importance.others) == (None, [], ["note"])


def test_one_count_may_stand_for_a_stack(tmp_path: Path, model: Path) -> None:
    """Stacks that are multiplied as one piece have the sums of all their matrices in a row, and one count."""
    one = Entry(np.arange(128, dtype=np.float32).reshape(1, 128), np.array([4], np.float32))
    with read(write_importance(tmp_path / "i.gguf", {EXPERTS: one})) as importance, gs.open(model) as opened:
        weights = importance.weights(opened.tensors[EXPERTS])
    np.testing.assert_array_equal(weights, np.arange(128).reshape(4, 32) / 4)


def test_coverage(written: Path, model: Path) -> None:
    with read(written) as importance, gs.open(model) as opened:
        coverage = coverage_of(importance, opened)
    assert coverage.covered == list(opened.tensors)[:4]
    assert (coverage.uncovered, coverage.foreign, coverage.share) == (["blk.0.attn_k.weight"], [], 0.8)
    assert (coverage.experts_without_data, coverage.n_experts) == ({EXPERTS: [2]}, {EXPERTS: 4})


def test_another_model_is_told(tmp_path: Path, model: Path) -> None:
    with gs.open(model) as opened:
        other = read(write_importance(tmp_path / "a.gguf", {"blk.0.attn_zz.weight": entry(1, 8)}))
        with pytest.raises(ImportanceError, match=r"none of its 1 tensors is in .*covered\.gguf: .* of another model"):
            coverage_of(other, opened)
        wide = read(write_importance(tmp_path / "b.dat", {"blk.0.attn_q.weight": entry(1, 96)}))
        message = r"b\.dat: blk\.0\.attn_q\.weight has sums of 96 columns, and the model's tensor is 64 columns"
        with pytest.raises(ImportanceError, match=message):
            wide.weights(opened.tensors["blk.0.attn_q.weight"])
        pairs = read(write_importance(tmp_path / "c.gguf", {EXPERTS: entry(2, 64)}))
        with pytest.raises(ImportanceError, match="has sums of 2 matrices of 64 columns"):
            coverage_of(pairs, opened)


def expected_statistics(each: Entry, before: Entry | None) -> dict[str, float | None]:
    """llama.cpp's formulas, written independently: over the columns of all matrices with data."""
    v = each.means()[each.counts > 0].reshape(-1)
    p = v[v > 0] / v.sum()
    deviation = np.sqrt((v @ v) / v.size - v.mean() ** 2)
    entropy = -np.sum(p * np.log2(p))
    cosine = None
    if before is not None:
        a, b = (np.where(np.isnan(m), 0, m).reshape(-1) for m in (each.means(), before.means()))
        cosine = np.dot(a, b) / np.sqrt(np.dot(a, a) * np.dot(b, b))
    return {
        "sum": v.sum(),
        "min": v.min(),
        "max": v.max(),
        "mean": v.mean(),
        "deviation": deviation,
        "active": 1 - np.count_nonzero(np.abs(v) <= 1e-5) / v.size,
        "entropy": entropy,
        "normalized_entropy": entropy / np.log2(v.size),
        "zd": np.count_nonzero((v - v.mean()) / deviation > 1) / v.size,
        "cosine": cosine,
    }


def test_statistics_are_llama_cpps(tmp_path: Path) -> None:
    with read(write_importance(tmp_path / "i.gguf", ENTRIES)) as importance:
        rows = {row.name: row for row in statistics_of(importance)}
    assert list(rows) == list(ENTRIES)
    for name, row in rows.items():
        before = ENTRIES.get(name.replace("blk.1", "blk.0")) if "blk.1" in name else None
        for figure, value in expected_statistics(ENTRIES[name], before).items():
            expected = None if value is None else pytest.approx(value, rel=1e-12)
            assert getattr(row, figure) == expected, (name, figure)
    assert (rows[EXPERTS].layer, rows[EXPERTS].role, rows[EXPERTS].without_data) == (1, "ffn_down_exps", [2])


def test_statistics_of_nothing_and_of_zeros(tmp_path: Path) -> None:
    zeros = Entry(np.zeros((1, 8), np.float32), np.array([3], np.float32))
    entries = {"blk.0.attn_v.weight": entry(2, 8, empty=[0, 1]), "blk.1.attn_v.weight": zeros}
    with read(write_importance(tmp_path / "i.gguf", entries)) as importance:
        nothing, flat = statistics_of(importance)
    assert (nothing.sum, nothing.entropy, nothing.without_data) == (None, None, [0, 1])
    assert (flat.sum, flat.active, flat.entropy, flat.zd, flat.cosine) == (0, 0, 0, 0, None)


def replaced(suffix: str, **changes: Any) -> bytes:
    """A GGUF importance matrix of two matrices one of whose tensors is changed."""
    file = gguf_file({"blk.0.attn_q.weight": entry(2, 4)})
    tensor = next(each for each in file.tensors if str(each.name).endswith(suffix))
    for field, value in changes.items():
        setattr(tensor, field, value)
    return file.build()


def keyed(name: str, kind: int, value: object) -> bytes:
    file = gguf_file({"blk.0.attn_q.weight": entry(2, 4)})
    file.keys = [key for key in file.keys if key.name != name] + [Key(name, kind, value)]
    return file.build()


def floats(*values: float) -> bytes:
    return np.array(values, np.float32).tobytes()


GGUF_FAULTS = {
    "it has no general.type": Gguf(keys=[Key("k", STRING, "v")]).build(),
    "general.type is 'model'": keyed("general.type", STRING, "model"),
    "is F16, not F32": replaced(".in_sum2", kind=1, data=bytes(16)),
    "blk.0.attn_q.weight has 8 sums for 3 counts": replaced(".counts", shape=(3, 1), data=floats(1, 1, 1)),
    "has no blk.0.attn_q.weight.counts": replaced(".counts", name="blk.0.attn_k.weight.counts"),
    "blk.0.attn_q.weight.counts has no sums": replaced(".in_sum2", name="x"),
    "a count that is negative": replaced(".counts", data=floats(1, -1)),
    "negative or not finite": replaced(".counts", data=floats(1, float("nan"))),
    "sum 0 is nan": replaced(".in_sum2", data=floats(*[float("nan")] * 8)),
    "sum 2 is -1": replaced(".in_sum2", data=floats(1, 1, -1, 1, 1, 1, 1, 1)),
    "has sums where blk.0.attn_q.weight.counts is 0": replaced(".counts", data=floats(0, 5)),
    "'imatrix.chunk_count' is no count": keyed("imatrix.chunk_count", STRING, "12"),
    "'imatrix.datasets' is no list": keyed("imatrix.datasets", UINT32, 1),
    "without sums": gguf_file({}, extra=[Tensor("note", (2,), 0, bytes(8))]).build(),
}


@pytest.mark.parametrize("reason", GGUF_FAULTS)
def test_malformed_gguf_is_refused(reason: str, tmp_path: Path) -> None:
    path = tmp_path / "i.gguf"
    path.write_bytes(GGUF_FAULTS[reason])
    with pytest.raises(ImportanceError) as raised:
        read(path)
    assert reason in str(raised.value)
    assert str(path) in str(raised.value)


def number(value: int) -> bytes:
    return struct.pack("<i", value)


GOOD = dat_bytes({"ab": entry(1, 4)})
DAT_FAULTS = {
    "byte 0: the file ends within the number of tensors": b"",
    "byte 0: number of tensors is 1, and the file is too short for any": number(1) + b"ab",
    "byte 0: number of tensors is 0": number(0) + GOOD[4:],
    "byte 0: number of tensors is -1": number(-1) + GOOD[4:],
    "byte 0: number of tensors is 2147483647": number(2**31 - 1) + GOOD[4:],
    "byte 4: length of the name of tensor 0 is -5": GOOD[:4] + number(-5) + GOOD[8:],
    "byte 4: length of the name of tensor 0 is 1000000": GOOD[:4] + number(1_000_000) + GOOD[8:],
    "the name of tensor 0 before this is no UTF-8": GOOD[:8] + b"\xff\xfe" + GOOD[10:],
    "byte 10: chunks of 'ab' is -1": GOOD[:10] + number(-1) + GOOD[14:],
    "byte 14: number of sums of 'ab' is 0": GOOD[:14] + number(0) + GOOD[18:],
    "byte 14: number of sums of 'ab' is 2000000000": GOOD[:14] + number(2_000_000_000) + GOOD[18:],
    "ab: sum 0 is inf": GOOD[:18] + floats(float("inf")) + GOOD[22:],
    "ab: sum 1 is -3": GOOD[:22] + floats(-3) + GOOD[26:],
    "byte 34: number of chunks is -2": GOOD[:34] + number(-2) + GOOD[38:],
    "byte 38: length of the name of the text is 4000": GOOD[:38] + number(4000) + GOOD[42:],
    "3 bytes behind the end": GOOD + b"end",
    "tensor 'ab' is there twice": number(2) + GOOD[4:34] + GOOD[4:],
}


@pytest.mark.parametrize("reason", DAT_FAULTS)
def test_malformed_dat_is_refused(reason: str, tmp_path: Path) -> None:
    path = tmp_path / "i.dat"
    path.write_bytes(DAT_FAULTS[reason])
    with pytest.raises(ImportanceError) as raised:
        read(path)
    assert reason in str(raised.value)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "imatrix.dat"
    os.mkfifo(pipe)
    with pytest.raises(ImportanceError, match="is no regular file but a device, pipe or socket"):
        open_importance(pipe)


def test_every_cut_is_refused_or_whole(tmp_path: Path) -> None:
    """Cut anywhere, either form is refused; the older one may end where older writers ended."""
    path = tmp_path / "i.dat"
    whole = {len(GOOD) - len("wiki.txt") - 8, len(GOOD) - len("wiki.txt") - 4}
    for end in range(len(GOOD)):
        path.write_bytes(GOOD[:end])
        if end in whole:
            read(path).close()
        else:
            with pytest.raises(ImportanceError):
                read(path)
    gguf = gguf_file({"ab": entry(1, 4)}).build()
    for end in range(0, len(gguf) - 32, 7):  # the last tensor is padded
        path.write_bytes(gguf[:end])
        with pytest.raises((ImportanceError, gs.GGUFError)):
            read(path)


def test_changed_bytes_never_do_more_than_refuse(tmp_path: Path) -> None:
    chance = np.random.default_rng(11)
    path = tmp_path / "i.dat"
    for data in (dat_bytes(ENTRIES), gguf_file(ENTRIES).build()):
        for _ in range(150):
            changed = bytearray(data)
            for place in chance.integers(0, min(len(data), 600), 3):
                changed[place] = int(chance.integers(256))
            path.write_bytes(changed)
            try:
                with read(path) as importance:
                    list(statistics_of(importance))
            except (ImportanceError, gs.GGUFError):
                pass


def test_a_file_that_shrinks_is_told(tmp_path: Path) -> None:
    path = write_importance(tmp_path / "i.dat", ENTRIES)
    with read(path) as importance:
        path.write_bytes(path.read_bytes()[:100])
        with pytest.raises(ImportanceError, match="shrank"):
            importance.sums[EXPERTS].mean_squares()


def test_inspect_shows_both_forms(written: Path, model: Path, run_command: RunCommand) -> None:
    code, text, error = run_command("inspect", written, "--against", model)
    assert (code, error) == (0, "")
    assert "covers" in text
    assert "4 of 5 matrices of covered.gguf" in text
    assert f"{EXPERTS}: 1 of 4 experts: expert 2" in text
    assert "\x1b" not in text
    code, text, _ = run_command("inspect", written, "--role", "attn_q", "--columns", "name,zd")
    assert code == 0
    assert "mean squares by tensor: 2 selected" in " ".join(text.split())
    assert "ffn_down" not in text


def test_inspect_gives_json(tmp_path: Path, model: Path, run_command: RunCommand) -> None:
    dat, gguf = (write_importance(tmp_path / name, ENTRIES) for name in ("i.dat", "i.gguf"))
    plain = json.loads(run_command("inspect", dat, "--json", "--against", model)[1])
    assert (plain["schema"], plain["form"], plain["file"]) == ("ggufscope.imatrix/1", "dat", "i.dat")
    assert plain["coverage"]["experts_without_data"] == {EXPERTS: [2]}
    chosen = json.loads(run_command("inspect", dat, "--json", "--top", 1, "--columns", "name")[1])
    assert "selection" not in plain
    assert chosen["selection"] == {"top": 1, "columns": ["name"]}
    assert [list(row) for row in chosen["tensors"]] == [["name"]]
    whole = json.loads(run_command("inspect", gguf, "--json")[1])
    assert whole["schema"] == "ggufscope.inspect/1"
    assert [row["name"] for row in whole["importance"]["tensors"]] == list(ENTRIES)
    assert whole["importance"]["coverage"] is None
    assert whole["importance"]["n_without_data"] == 1


def test_inspect_refuses(tmp_path: Path, model: Path, run_command: RunCommand) -> None:
    other = write_importance(tmp_path / "other.dat", {"blk.9.x.weight": entry(1, 8)})
    code, text, error = run_command("inspect", other, "--against", model)
    assert (code, text, error.count("\n")) == (3, "", 1)
    assert "of another model" in error
    code, _, error = run_command("inspect", model, "--against", model)
    assert code == 2
    assert "--against is for importance matrices" in error
    broken = tmp_path / "broken.dat"
    broken.write_bytes(b"no numbers here at all")
    code, _, error = run_command("inspect", broken)
    assert code == 3
    assert "not an importance matrix" in error
