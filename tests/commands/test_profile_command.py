"""`ggufscope profile` as people use it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from functools import partial

import gguf
import numpy as np
import pytest

import ggufscope as gs
from ggufscope import _core
from support import small_models

PATHS = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


@pytest.fixture
def model(write_gguf):
    return write_gguf(**small_models.llama())


@pytest.fixture
def run(run_command):
    return partial(run_command, "profile")


def run_as_program(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "ggufscope", "profile", *map(str, arguments)],
        env={**os.environ, **PATHS, **environment},
        stdout=subprocess.PIPE,
        check=True,
        timeout=60,
    ).stdout


def test_piped_output_is_plain_and_at_most_80_wide(run, model):
    code, out, err = run(model)
    assert (code, err) == (0, "")
    assert "model.gguf" in out.splitlines()[0]
    assert "a small llama" in out.splitlines()[1]
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 80


def test_json_is_the_whole_profile(run, model):
    code, out, err = run(model, "--json", "--reproducible")
    assert (code, err) == (0, "")
    assert out == gs.profile(model).to_json(reproducible=True)


def test_json_has_a_run(run, model):
    code, out, _ = run(model, "--json", "--threads", 1)
    assert code == 0
    assert json.loads(out)["run"]["threads"] == 1


def test_output_is_a_profile_beside_the_table(run, model, tmp_path):
    path = tmp_path / "profile.json"
    code, out, err = run(model, "-o", path)
    assert (code, err) == (0, "")
    assert "health" in out
    loaded = gs.Profile.load(path)
    assert loaded.run is not None
    assert loaded.to_json(reproducible=True) == gs.profile(model).to_json(reproducible=True)


def test_reproducible_output_is_the_same_twice(run, model, tmp_path):
    for name, threads in (("a.json", 1), ("b.json", 2)):
        assert run(model, "--reproducible", "--output", tmp_path / name, "--threads", threads)[0] == 0
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_every_instruction_set_gives_the_same_profile(write_gguf, random_blocks):
    described = small_models.llama()
    for seed, kind in enumerate(("Q4_0", "Q8_0", "Q4_K", "Q6_K", "IQ4_XS")):
        described["tensors"][f"blk.0.{kind}.weight"] = (random_blocks(kind, 40, 512, seed), kind)
    path = write_gguf(**described)
    texts = {isa: run_as_program(path, "--json", "--reproducible", GGUFSCOPE_ISA=isa) for isa in _core.available_isas()}
    assert len(set(texts.values())) == 1
    assert json.loads(run_as_program(path, "--json", GGUFSCOPE_ISA="generic"))["run"]["isa"] == "generic"


def test_options_reach_the_profile(run, model):
    code, out, _ = run(model, "--json", "--fast", "--sparsity-threshold", "0.01")
    assert code == 0
    document = json.loads(out)
    assert document["settings"] == {"fast": True, "sparsity_threshold": 0.01}
    assert "histogram" not in document["tensors"][0]


def test_a_selection_shows_tensors(run, model):
    code, out, _ = run(model, "--role", "attn_*", "--layers", "1-2", "--sort", "kurtosis", "--top", 3)
    assert code == 0
    rows = out[out.index("tensors: 3 selected") :].splitlines()[2:]
    assert len(rows) == 3
    columns = gs.profile(model).to_columns()
    chosen = [
        (kurtosis, name)
        for name, layer, role, kurtosis in zip(
            *(columns[key] for key in ("name", "layer", "role", "kurtosis")), strict=True
        )
        if layer in {1, 2} and role.startswith("attn_")
    ]
    assert [row.split()[0] for row in rows] == [name for _, name in sorted(chosen, reverse=True)[:3]]


@pytest.mark.parametrize("saved", [False, True], ids=["read alone", "out of the whole"])
def test_json_of_a_selection_says_so(run, model, tmp_path, saved):
    asked = ("--role", "attn_*", "--layers", "1-2", "--sort", "kurtosis", "--top", 3)
    path = tmp_path / "whole.json"
    code, out, err = run(model, *asked, "--json", *(("-o", path) if saved else ()))
    assert (code, err) == (0, "")
    document = json.loads(out)
    whole = json.loads(gs.profile(model).to_json())
    assert document["schema"] == "ggufscope.tensors/1"
    assert document["selection"] == {"layers": "1-2", "role": ["attn_*"], "sort": "kurtosis", "top": 3}
    assert document["model"].items() >= whole["model"].items()  # which has no key where it has no value
    assert document["n_selected"] == len(document["tensors"]) == 3
    assert all(row in whole["tensors"] for row in document["tensors"])
    assert {row["layer"] for row in document["tensors"]} <= {1, 2}
    kurtoses = [row["kurtosis"] for row in document["tensors"]]
    assert kurtoses == sorted(kurtoses, reverse=True)
    assert document["run"]["threads"] >= 1
    assert not saved or gs.Profile.load(path).to_json(reproducible=True) == gs.profile(model).to_json(reproducible=True)
    (tmp_path / "selection.json").write_text(out)
    with pytest.raises(gs.ProfileError, match="cannot read schema"):
        gs.Profile.load(tmp_path / "selection.json")


def test_json_of_columns_has_these_columns(run, model):
    code, out, _ = run(model, "--columns", "name,rms", "--tensors", "output*", "--json", "--reproducible")
    document = json.loads(out)
    assert code == 0
    assert "run" not in document
    columns = gs.profile(model).to_columns()
    assert document["tensors"] == [
        {"name": name, "rms": rms}
        for name, rms in zip(columns["name"], columns["rms"], strict=True)
        if name.startswith("output")
    ]


def test_the_column_sorted_by_is_shown(run, model):
    _, out, _ = run(model, "--sort", "quantile_99.9", "--top", 1)
    assert "quantile_99.9" in out


def test_a_model_without_tensors_has_the_columns_of_any(run, write_gguf):
    code, out, _ = run(write_gguf({}), "--columns", "name,rms")
    assert (code, out.splitlines()[-1].split()) == (0, ["name", "rms"])
    assert run(write_gguf({}), "--columns", "nope")[0] == 2


def test_columns_alone_show_all_tensors(run, model):
    code, out, _ = run(model, "--columns", "name,l2_norm,abs_max_index")
    assert code == 0
    table = out[out.index("\ntensors") :].splitlines()[2:]
    assert table[0].split() == ["name", "l2_norm", "abs_max_index"]
    assert len(table) == 1 + 23


@pytest.mark.parametrize("where", ["nowhere/p.json", "."])
def test_an_unwritable_output_is_found_before_the_work(run, model, tmp_path, monkeypatch, where):
    def scan(*_arguments, **_options):
        raise AssertionError("the work has begun")

    monkeypatch.setattr("ggufscope.commands.profile.scan", scan)
    code, out, err = run(model, "-o", tmp_path / where)
    assert (code, out) == (4, "")
    assert str(tmp_path / where) in err
    assert err.count("\n") == 1


def test_an_interrupt_leaves_the_old_file_and_no_other(run, model, tmp_path, monkeypatch):
    @contextlib.contextmanager
    def interrupted(_what):
        def progress(_done, _total):
            raise KeyboardInterrupt

        yield progress

    monkeypatch.setattr("ggufscope.commands.profile.progress_bar", interrupted)
    path = tmp_path / "p.json"
    path.write_text("")
    before = sorted(tmp_path.iterdir())
    code, out, err = run(model, "-o", path)
    assert (code, out, err) == (130, "", "ggufscope: interrupted\n")
    assert path.read_text() == ""
    assert sorted(tmp_path.iterdir()) == before


def large_model(path, n_bytes):
    """A model of one F32 tensor of zeros, which takes no room on the disk."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tensor_info("token_embd.weight", (n_bytes // 4 // 4096, 4096), np.dtype(np.float32), n_bytes)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.truncate(-(-size // 32) * 32 + n_bytes)
    return path


def test_ctrl_c_ends_the_work_under_way(tmp_path):
    model = large_model(tmp_path / "m.gguf", 2 << 30)
    process = subprocess.Popen(
        [sys.executable, "-m", "ggufscope", "profile", str(model), "-o", str(tmp_path / "p.json"), "--threads", "1"],
        env={**os.environ, **PATHS, "GGUFSCOPE_ISA": "generic"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while process.poll() is None and not list(tmp_path.glob(".p.json.*")):
        time.sleep(0.02)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", "ggufscope: interrupted\n")
    assert list(tmp_path.iterdir()) == [model]


def test_synthetic_models_are_marked(run, write_gguf):
    described = small_models.llama()
    described["metadata"]["ggufscope.synthetic"] = True
    path = write_gguf(**described)
    assert "SYNTHETIC" in run(path)[1]
    assert "SYNTHETIC" in run(path, "--top", 1)[1]
    assert json.loads(run(path, "--json")[1])["model"]["synthetic"] is True
